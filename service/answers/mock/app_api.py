"""An app's other routes without a Dify."""

import uuid
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack

from service.answers import files
from service.answers.app_api import App, Audio, Rating, StoredFile
from service.answers.files import KINDS, File, UploadRules
from service.answers.mock import audio
from service.answers.mock.scripts import fail_if_asked

_CHUNK_BYTES = 2048
_RULES = UploadRules(list(KINDS), [], max_files=3, max_bytes=files.size_limits({}))


class MockAppApi:
    """Everything is enabled, nothing is kept. Texts, comments and file names may ask for a failure."""

    def __init__(self, name: str) -> None:
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
            upload=_RULES,
        )

    async def app(self) -> App:
        return self._app

    async def suggest(self, message_id: str, user: str) -> list[str]:
        return ["/mock help", "What else can you do?", "Why is that so?"]

    async def rate(self, message_id: str, user: str, rating: Rating | None, content: str | None) -> None:
        fail_if_asked(content)

    async def transcribe(self, file: File, user: str) -> str:
        size = await _size(files.as_speech(file))
        fail_if_asked(file.name)
        return f"This is a mock: {size} bytes of speech."

    async def speak(self, user: str, *, text: str | None = None, message_id: str | None = None) -> Audio:
        fail_if_asked(text)
        return Audio("audio/wav", _in_chunks(audio.wav()), AsyncExitStack())

    async def upload(self, file: File, user: str) -> StoredFile:
        kind, max_bytes = files.admit(file, [_RULES])
        size = await _size(files.limit_size(file, max_bytes))
        fail_if_asked(file.name)
        return StoredFile(str(uuid.uuid4()), file.name, size, kind, file.extension, file.media_type)

    async def close(self) -> None: ...


async def _size(file: File) -> int:
    return sum([len(chunk) async for chunk in file.content])


async def _in_chunks(data: bytes) -> AsyncGenerator[bytes, None]:
    for start in range(0, len(data), _CHUNK_BYTES):
        yield data[start : start + _CHUNK_BYTES]
