"""What a source of answers offers around the chat: the app itself, suggestions, feedback, speech and files."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from typing import Any, Literal, Protocol

import msgspec

from service.answers.base import Source
from service.answers.files import File, UploadRules

Rating = Literal["like", "dislike"]


class App(msgspec.Struct, frozen=True, kw_only=True):
    """What a page may know of the app. `inputs` is Dify's user_input_form; a `stale` one is the last that was known."""

    name: str
    mode: str
    source: Source
    opening_statement: str = ""
    suggested_questions: list[str] = []
    suggested_questions_after_answer: bool = False
    speech_to_text: bool = False
    text_to_speech: bool = False
    speaks_by_itself: bool = False
    citations: bool = False
    upload: UploadRules | None = None
    inputs: list[Any] = []
    stale: bool = False


class StoredFile(msgspec.Struct, frozen=True):
    """A file that Dify has: a question names it by `id` and `kind`."""

    id: str
    name: str
    size: int
    kind: str
    extension: str
    mime_type: str


class Audio:
    """Audio as it comes: iterate `chunks`, which raise AnswerError where the source breaks off, and close it."""

    def __init__(self, media_type: str, chunks: AsyncGenerator[bytes, None], ending: AsyncExitStack) -> None:
        self.media_type = media_type
        self._ending = ending
        self.chunks = self._until_the_end(chunks)

    async def _until_the_end(self, chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        async with self._ending:
            async for chunk in chunks:
                yield chunk

    async def close(self) -> None:
        await self.chunks.aclose()
        await self._ending.aclose()  # where nobody began to iterate


class AppApi(Protocol):
    """Each raises AnswerError. `user` is who asks: nobody sees another user's messages and files."""

    async def app(self) -> App: ...

    async def suggest(self, message_id: str, user: str) -> list[str]:
        """Questions that could follow an answer."""

    async def rate(self, message_id: str, user: str, rating: Rating | None, content: str | None) -> None:
        """None takes a rating back, even one that was never given."""

    async def transcribe(self, file: File, user: str) -> str: ...

    async def speak(self, user: str, *, text: str | None = None, message_id: str | None = None) -> Audio:
        """Returns when the first audio is there."""

    async def upload(self, file: File, user: str) -> StoredFile: ...

    async def close(self) -> None:
        """Give back what the source holds open."""
