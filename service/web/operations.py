"""The operations of HTTP: what is asked by which method and path, by whom, and what it is about. No I/O."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from service.answers.app_api import App, StoredFile
from service.answers.recordings import MEDIA_TYPES
from service.web.api import Feedback, SpeechRequest
from service.web.examples import JSON
from service.web.frames import MESSAGE
from service.web.replies import Connections, HealthData, ReadyData, Transcript, Welcome


def _parameter(name: str, place: str, description: str, **more: Any) -> dict[str, Any]:
    """What stands in a path is required."""
    required = {"required": True} if place == "path" else {}
    return {"name": name, "in": place, **required, "description": description, "schema": {"type": "string"}, **more}


_MESSAGE_ID = _parameter(
    "message_id",
    "path",
    "Dify's, of a chat frame. What is no UUID is not found.",
    example=MESSAGE,
    schema={"type": "string", "format": "uuid"},
)
_CLIENT_ID = _parameter("client_id", "path", "As /api/admin/connections tells it.")
_UTTERANCE = _parameter(
    "utterance",
    "query",
    "One id for all recordings of what a person says: up to four within two minutes count as one call.",
    schema={"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
)
_FILE_PATH = _parameter("path", "path", "With its slashes, and the query of the link.")
_CONTINUATION = _parameter(
    "Continuation", "header", "That of a paused answer, for whose form the file is: then it may be of any kind."
)

Security = list[dict[str, list[str]]]
"""Any one of these."""

_ANYBODY: Security = [{}]
_USER: Security = [{"token": []}]
_OPERATORS: Security = [{"operator": []}]


class FileForm(NamedTuple):
    """A body with a part `file`; of these media types, where it matters."""

    media: tuple[str, ...] = ()


class Operation(NamedTuple):
    """`data` is the type of the reply's data, or the media types of a reply that is none; `body` a type, or a FileForm.

    `others` are HTTP statuses beside 200 that are no failures in an envelope, and what they say.
    """

    method: str
    path: str
    summary: str
    data: Any = None
    media: tuple[str, ...] = ()
    body: Any = None
    parameters: tuple[dict[str, Any], ...] = ()
    security: Security = _USER
    others: Mapping[str, str] = {}


OPERATIONS = (
    Operation(
        "get", "/api/app", "What the app is called, says first, takes as inputs, and can.", App,
        security=[*_ANYBODY, *_USER],
    ),
    Operation(
        "get", "/api/messages/{message_id}/suggested", "Questions that could follow an answer.", list[str],
        parameters=(_MESSAGE_ID,),
    ),
    Operation(
        "post", "/api/messages/{message_id}/feedback", "Rate an answer.", type(None),
        body=Feedback, parameters=(_MESSAGE_ID,),
    ),
    Operation(
        "post", "/api/text-to-audio", "Speak a text, or an answer. The audio streams as it is made.",
        media=("audio/mpeg", "audio/wav"), body=SpeechRequest,
    ),
    Operation(
        "post", "/api/audio-to-text", "Write down speech: WAV, MP3, M4A or AMR, up to 30 MB.", Transcript,
        body=FileForm(tuple(MEDIA_TYPES)), parameters=(_UTTERANCE,),
    ),
    Operation(
        "post", "/api/files", "Upload a file for a question, or for a form.", StoredFile, body=FileForm(),
        parameters=(_CONTINUATION,),
    ),
    Operation(
        "get", "/api/app-files/{path}", "A file that the app made, by the url of its chat_file frame.",
        media=("image/*", "audio/*", "video/*", "application/octet-stream"), parameters=(_FILE_PATH,),
        security=_ANYBODY,
        others={"206": "The part that Range asked for.", "304": "As it was.", "416": "There is no such part."},
    ),
    Operation(
        "get", "/", "Name, version, mode and links.", Welcome, security=_ANYBODY,
        others={"307": "To a browser: the chat page."},
    ),
    Operation("get", "/chat", "The chat page.", media=("text/html",), security=_ANYBODY),
    Operation("get", "/docs", "The reference.", media=("text/html",), security=_ANYBODY),
    Operation("get", "/openapi.json", "This document.", media=(JSON,), security=_ANYBODY),
    Operation("get", "/asyncapi.json", "The frames of the WebSocket.", media=(JSON,), security=_ANYBODY),
    Operation(
        "get", "/manifest.webmanifest", "Makes the chat page installable.", media=("application/manifest+json",),
        security=_ANYBODY,
    ),
    Operation(
        "get", "/icon", "The app's icon.", media=("image/svg+xml",), security=_ANYBODY,
        others={"307": "It is elsewhere."},
    ),
    Operation(
        "get", "/page.css", "What the chat page looks like, by the settings.", media=("text/css",), security=_ANYBODY
    ),
    Operation("get", "/health", "Whether the service is up, and how much it does.", HealthData, security=_ANYBODY),
    Operation(
        "get", "/ready", "Whether questions get answers; 503 where not. With an operator's token with details.",
        ReadyData, security=[*_ANYBODY, *_OPERATORS],
    ),
    Operation(
        "get", "/metrics", "Numbers for Prometheus, with METRICS_TOKEN.",
        media=("text/plain",), security=_OPERATORS,
    ),
    Operation(
        "get", "/api/admin/connections", "Who is connected, with ADMIN_TOKEN.",
        Connections, security=_OPERATORS,
    ),
    Operation(
        "post", "/api/admin/connections/{client_id}/close", "Close all connections of that id, in all processes; the "
        "reply has those that were closed.", Connections, parameters=(_CLIENT_ID,), security=_OPERATORS,
    ),
)  # fmt: skip
