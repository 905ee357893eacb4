"""/openapi.json: what is asked over HTTP (OpenAPI 3.1). No I/O.

Each reply but a file's has one envelope, {"code", "message", "data"}; here is what its `data` is.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from service import __version__
from service.answers.app_api import App, StoredFile
from service.result_codes import ResultCode
from service.web.api import Feedback, SpeechRequest
from service.web.examples import Example
from service.web.replies import (
    Connections,
    FailureReply,
    HealthData,
    ReadyData,
    Transcript,
    Welcome,
)
from service.web.reply_fields import FIELDS
from service.web.route_examples import EXAMPLES
from service.web.schemas import components, reference

_JSON = "application/json"
_FILE = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}},
}
_MESSAGE_ID = {
    "name": "message_id",
    "in": "path",
    "required": True,
    "description": "Dify's, of a chat frame.",
    "schema": {"type": "string", "format": "uuid"},
}
_CLIENT_ID = {
    "name": "client_id",
    "in": "path",
    "required": True,
    "description": "As /api/admin/connections tells it.",
    "schema": {"type": "string", "maxLength": 128},
}
_UTTERANCE = {
    "name": "utterance",
    "in": "query",
    "description": "One id for all recordings of what a person says: up to four within two minutes count as one call.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
}
_FILE_PATH = {
    "name": "path",
    "in": "path",
    "required": True,
    "description": "With its slashes, and the query of the link.",
    "schema": {"type": "string"},
}
_CONTINUATION = {
    "name": "Continuation",
    "in": "header",
    "description": "That of a paused answer, for whose form the file is: then it may be of any kind.",
    "schema": {"type": "string"},
}
_TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "description": "The resume_token of the connection's first frame; where users have to prove who they are, a JWT.",
}
_OPERATOR = {"type": "http", "scheme": "bearer", "description": "METRICS_TOKEN or ADMIN_TOKEN, as the route says."}

Security = list[dict[str, list[str]]]
"""Any one of these."""

_ANYBODY: Security = [{}]
_USER: Security = [{"token": []}]
_OPERATORS: Security = [{"operator": []}]


class Operation(NamedTuple):
    """`data` is the type of the reply's data, or the media types of a reply that is none; `body` a type, or a form.

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
        "get", "/", "Name, version, mode and links.", Welcome, security=_ANYBODY,
        others={"307": "To a browser: the chat page."},
    ),
    Operation("get", "/chat", "The chat page.", media=("text/html",), security=_ANYBODY),
    Operation("get", "/docs", "The reference.", media=("text/html",), security=_ANYBODY),
    Operation("get", "/openapi.json", "This document.", media=(_JSON,), security=_ANYBODY),
    Operation("get", "/asyncapi.json", "The frames of the WebSocket.", media=(_JSON,), security=_ANYBODY),
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
        "post", "/api/audio-to-text", "Write down speech: WAV, MP3, M4A or AMR, up to 30 MB.", Transcript, body=_FILE,
        parameters=(_UTTERANCE,),
    ),
    Operation(
        "post", "/api/files", "Upload a file for a question, or for a form.", StoredFile, body=_FILE,
        parameters=(_CONTINUATION,),
    ),
    Operation(
        "get", "/api/app-files/{path}", "A file that the app made, by the url of its chat_file frame.",
        media=("image/*", "audio/*", "video/*", "application/octet-stream"), parameters=(_FILE_PATH,),
        security=_ANYBODY,
        others={"206": "The part that Range asked for.", "304": "As it was.", "416": "There is no such part."},
    ),
)  # fmt: skip


@cache
def openapi() -> dict[str, Any]:
    types = [it for each in OPERATIONS for it in (each.data, each.body) if it is not None and it is not _FILE]
    found, schemas = components([*types, FailureReply])
    for name, meanings in FIELDS.items():
        for field, meaning in meanings.items():
            schemas[name]["properties"][field]["description"] = meaning
    schema_of = {str(it): schema for it, schema in zip(types, found, strict=False)}
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Dify Live, over HTTP",
            "version": __version__,
            "description": "Around the chat, which is a WebSocket: see /asyncapi.json.",
        },
        "servers": [{"url": "."}],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": {"token": _TOKEN, "operator": _OPERATOR}},
    }


def _operation(operation: Operation, schema_of: dict[str, Any]) -> dict[str, Any]:
    success, failure = EXAMPLES[f"{operation.method} {operation.path}"]
    failed = {"description": "It failed.", "content": {_JSON: {"schema": reference("FailureReply")}}}
    responses: dict[str, dict[str, Any]] = {"200": _success(operation, schema_of), "default": failed}
    for status, words in operation.others.items():
        responses[status] = {"description": words} | ({"content": _contents(operation)} if status == "206" else {})
    if operation.path == "/ready":
        responses["503"] = _enveloped("Questions get no answers.", schema_of[str(operation.data)])
    _add_example(responses["200"], "success", success)
    _add_example(responses.get(str(failure.status), failed), "failure", failure)
    described: dict[str, Any] = {"summary": operation.summary, "security": operation.security, "responses": responses}
    if operation.parameters:
        described["parameters"] = list(operation.parameters)
    if operation.body is not None:
        described["requestBody"] = _body(operation.body, schema_of)
        if success.sent is not None:
            described["requestBody"]["content"][_JSON]["examples"] = {"success": {"value": success.sent}}
    return described


def _add_example(response: dict[str, Any], name: str, example: Example) -> None:
    if example.reply is not None:
        response["content"][example.media]["examples"] = {name: {"value": example.reply}}


def _success(operation: Operation, schema_of: dict[str, Any]) -> dict[str, Any]:
    if operation.media:
        return {"description": operation.summary, "content": _contents(operation)}
    return _enveloped(operation.summary, schema_of[str(operation.data)])


def _contents(operation: Operation) -> dict[str, Any]:
    return {media: {} for media in operation.media}


def _enveloped(description: str, data: dict[str, Any]) -> dict[str, Any]:
    envelope = {
        "type": "object",
        "required": ["code", "message", "data"],
        "properties": {
            "code": {"enum": sorted(int(code) for code in ResultCode)},
            "message": {"type": "string"},
            "data": data,
        },
    }
    return {"description": description, "content": {_JSON: {"schema": envelope}}}


def _body(body: Any, schema_of: dict[str, Any]) -> dict[str, Any]:
    if body is _FILE:
        return {"required": True, "content": {"multipart/form-data": {"schema": _FILE}}}
    return {"required": True, "content": {_JSON: {"schema": schema_of[str(body)]}}}
