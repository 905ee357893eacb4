"""/api: the app's other routes, for pages. Messages and files are their user's, as in the chat."""

import asyncio
import re
from collections.abc import Coroutine
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from service.admission.authentication import Unauthenticated
from service.answers.app_api import Rating
from service.answers.base import AnswerError
from service.answers.failures import MESSAGE_NOT_FOUND, SPEECH_OFF
from service.answers.speech_engine import SpeechRules
from service.chat.paused_turns import CONTINUATION_INVALID
from service.chat.seal import Seal
from service.result_codes import ResultCode
from service.web.identity import Identity
from service.web.request_bodies import BadBody, open_file, read_json
from service.web.responses import UNCACHED, Reply, fail, ok
from service.web.streamed_reply import StreamedReply
from service.web.users import NoToken, Users, on_no_token, on_unauthenticated
from service.web.utterances import PATH as AUDIO_TO_TEXT
from service.web.utterances import utterance_id

MIN_JSON_BYTES = 64 * 1024
MAX_BYTES_PER_CHARACTER = 12  # of an escaped emoji

_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

T = TypeVar("T")


class Feedback(msgspec.Struct, frozen=True):
    rating: Rating | None
    content: str | None = None


class SpeechRequest(msgspec.Struct, frozen=True):
    text: str | None = None
    message_id: UUID | None = None


class Api:
    """`max_length` of texts is in characters."""

    def __init__(self, identity: Identity, users: Users, seal: Seal, max_length: int, speech: SpeechRules) -> None:
        self._identity = identity
        self._app_api = identity.app_api
        self._speech = speech
        self._users = users
        self._seal = seal
        self._max_length = max_length
        self._max_bytes = max(MIN_JSON_BYTES, max_length * MAX_BYTES_PER_CHARACTER)

    def routes(self) -> list[Route]:
        return [
            Route("/api/app", self.app),
            Route("/api/messages/{message_id}/suggested", self.suggested),
            Route("/api/messages/{message_id}/feedback", self.feedback, methods=["POST"]),
            Route(AUDIO_TO_TEXT, self.audio_to_text, methods=["POST"]),
            Route("/api/text-to-audio", self.text_to_audio, methods=["POST"]),
            Route("/api/files", self.files, methods=["POST"]),
        ]

    async def app(self, request: Request) -> Response:
        principal = await self._users.principal_of(request)
        app = (await self._identity.app()).with_speech(self._speech)
        return ok(app if principal is None else app.without(principal.inputs.keys()), UNCACHED)

    async def suggested(self, request: Request) -> Response:
        user, message_id = await self._users.user_of(request), _message_id(request)
        return ok(await while_connected(request, self._app_api.suggest(message_id, user)), UNCACHED)

    async def feedback(self, request: Request) -> Response:
        user, message_id = await self._users.user_of(request), _message_id(request)
        feedback = await read_json(request, Feedback, self._max_bytes)
        self._check_length("content", feedback.content or "")
        await self._app_api.rate(message_id, user, feedback.rating, feedback.content)
        return ok()

    async def audio_to_text(self, request: Request) -> Response:
        user = await self._users.user_of(request)
        self._check_speech()
        utterance_id(request.scope)  # what it is for, the limits have seen
        is_read = asyncio.Event()
        work = self._app_api.transcribe(await open_file(request, is_read), user)
        return ok({"text": await while_connected(request, work, is_read)})

    async def text_to_audio(self, request: Request) -> Response:
        user = await self._users.user_of(request)
        self._check_speech()
        wanted = await read_json(request, SpeechRequest, self._max_bytes)
        self._check_speech_request(wanted)
        message_id = None if wanted.message_id is None else str(wanted.message_id)
        speaking = self._app_api.speak(user, text=wanted.text, message_id=message_id)
        audio = await while_connected(request, speaking)
        return StreamedReply(audio, UNCACHED, audio.head.media_type)

    async def files(self, request: Request) -> Response:
        user = await self._users.user_of(request)
        for_form = self._is_for_form(request.headers.get("continuation"), user)
        is_read = asyncio.Event()
        work = self._app_api.upload(await open_file(request, is_read), user, for_form=for_form)
        return ok(await while_connected(request, work, is_read))

    def _check_speech(self) -> None:
        if not self._speech.engine.uses_dify:
            raise AnswerError(SPEECH_OFF)

    def _is_for_form(self, continuation: str | None, user: str) -> bool:
        """Whether it is of an answer that waits for files."""
        if continuation is None:
            return False
        if (run := self._seal.open(continuation, user)) is None:
            raise AnswerError(CONTINUATION_INVALID)
        return run.takes_files

    def _check_speech_request(self, wanted: SpeechRequest) -> None:
        if wanted.message_id is None and not (wanted.text or "").strip():
            raise BadBody("Say what to speak: `text`, or the `message_id` of an answer.")
        self._check_length("text", wanted.text or "")

    def _check_length(self, name: str, text: str) -> None:
        if len(text) > self._max_length:
            raise BadBody(f"{name} is too long: {len(text)} characters, {self._max_length} are allowed.")


def _message_id(request: Request) -> str:
    """Raises AnswerError for what is no id of Dify's."""
    message_id: str = request.path_params["message_id"].lower()
    if not _UUID.fullmatch(message_id):
        raise AnswerError(MESSAGE_NOT_FOUND)
    return message_id


async def while_connected(request: Request, work: Coroutine[Any, Any, T], is_read: asyncio.Event | None = None) -> T:
    """Cancel the work when the client disconnects. The body must have been read, or is by the work until `is_read`."""
    working, leaving = asyncio.create_task(work), asyncio.create_task(_disconnected(request, is_read))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _disconnected(request: Request, is_read: asyncio.Event | None) -> None:
    if is_read is not None:
        await is_read.wait()
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def on_answer_error(request: Request, error: Any) -> Reply:
    failure = error.failure
    return fail(failure.code, failure.message, data={"reason": failure.reason})


async def on_bad_body(request: Request, error: Any) -> Reply:
    return fail(error.code, str(error))


async def on_disconnect(request: Request, error: Exception) -> Reply:
    """Nobody reads it."""
    return fail(ResultCode.BAD_REQUEST)


HANDLERS = {
    AnswerError: on_answer_error,
    BadBody: on_bad_body,
    NoToken: on_no_token,
    Unauthenticated: on_unauthenticated,
    ClientDisconnect: on_disconnect,
}
