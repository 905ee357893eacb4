"""An app's other routes without a Dify."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack
from http import HTTPStatus
from typing import Any

from service.answers import uploads
from service.answers.app_api import App, ByteStream, Head, Rating, StoredFile
from service.answers.base import AnswerError
from service.answers.failures import FILE_LINK_INVALID
from service.answers.mock import audio, ids, image
from service.answers.mock.scripts import FILE_NAME, UPLOAD, Failures, fail_if_asked
from service.answers.recordings import as_recording
from service.answers.uploads import KINDS, File

_CHUNK_BYTES = 2048
_PARAMETERS: dict[str, Any] = {
    "user_input_form": [],
    "file_upload": {
        "enabled": True,
        "number_limits": 3,
        "allowed_file_types": list(KINDS),
        "allowed_file_upload_methods": ["local_file", "remote_url"],
    },
}


class MockAppInfo:
    """What a question is held against, as with Dify."""

    def parameters(self) -> Mapping[str, Any]:
        return _PARAMETERS

    async def read_anew(self, within: float) -> Mapping[str, Any]:
        return _PARAMETERS


class MockAppApi:
    """Everything is enabled, nothing is kept. Texts, comments and file names may ask for a failure."""

    def __init__(self, name: str, failures: Failures) -> None:
        self._failures = failures
        self._app = App(
            name=name,
            mode="chat",
            source="mock",
            opening_statement="Hello! This is a mock: it answers by itself.",
            suggested_questions=["/mock help", "/mock markdown"],
            suggested_questions_after_answer=True,
            speech_to_text=True,
            text_to_speech=True,
            citations=True,
            upload=uploads.upload_rules(_PARAMETERS),
        )

    async def app(self) -> App:
        return self._app

    async def suggest(self, message_id: str, user: str) -> list[str]:
        return ["/mock help", "What else can you do?", "Why is that so?"]

    async def rate(self, message_id: str, user: str, rating: Rating | None, content: str | None) -> None:
        fail_if_asked(content, self._failures)

    async def transcribe(self, file: File, user: str) -> str:
        size = await _size(as_recording(file))
        fail_if_asked(file.name, self._failures)
        return f"This is a mock: {size} bytes of speech."

    async def speak(self, user: str, *, text: str | None = None, message_id: str | None = None) -> ByteStream:
        fail_if_asked(text, self._failures)
        return ByteStream(Head("audio/wav"), _in_chunks(audio.wav()), AsyncExitStack())

    async def upload(self, file: File, user: str, *, for_form: bool = False) -> StoredFile:
        kind, max_bytes = uploads.admit(
            file, [uploads.rules_of_forms({})] if for_form else uploads.all_rules(_PARAMETERS)
        )
        size = await _size(uploads.limit_size(file, max_bytes))
        fail_if_asked(file.name, self._failures)
        return StoredFile(ids.issue(UPLOAD, user), file.name, size, kind, file.extension, file.media_type)


class MockFiles:
    """The file of `/mock file`: a small image."""

    async def open(
        self, path: str, query: Mapping[str, str], headers: Mapping[str, str], *, is_head: bool
    ) -> ByteStream:
        if path != FILE_NAME:
            raise AnswerError(FILE_LINK_INVALID)
        content = image.png()
        head = Head("image/png", HTTPStatus.OK, {"Content-Length": str(len(content))}, FILE_NAME)
        return ByteStream(head, _in_chunks(b"" if is_head else content), AsyncExitStack())

    async def close(self) -> None: ...


async def _size(file: File) -> int:
    return sum([len(chunk) async for chunk in file.content])


async def _in_chunks(data: bytes) -> AsyncGenerator[bytes, None]:
    for start in range(0, len(data), _CHUNK_BYTES):
        yield data[start : start + _CHUNK_BYTES]
