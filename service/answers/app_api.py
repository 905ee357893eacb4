"""An app's other routes, as an interface."""

from collections.abc import AsyncGenerator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import AsyncExitStack
from http import HTTPStatus
from typing import Any, Literal, Protocol

import msgspec

from service.answers.base import Source
from service.answers.speech_engine import SpeechRules
from service.answers.uploads import File, UploadRules

Rating = Literal["like", "dislike"]


class Icon(msgspec.Struct, frozen=True, kw_only=True):
    """`url` is of a picture, under this service. Without it: an emoji, or what Dify calls one, on a CSS colour."""

    url: str = ""
    emoji: str = ""
    background: str = ""


class App(msgspec.Struct, frozen=True, kw_only=True):
    """What pages may know. `inputs` is Dify's user_input_form; `stale`: the last that is known while Dify fails.

    `opening_statement_zh` is for those who read Chinese, where the operator wrote one.
    """

    name: str
    mode: str
    source: Source
    icon: Icon | None = None
    opening_statement: str = ""
    opening_statement_zh: str = ""
    suggested_questions: list[str] = []
    suggested_questions_after_answer: bool = False
    speech_to_text: bool = False
    text_to_speech: bool = False
    speaks_by_itself: bool = False
    citations: bool = False
    upload: UploadRules | None = None
    inputs: list[Any] = []
    stale: bool = False
    speech: SpeechRules = SpeechRules()

    def with_speech(self, rules: SpeechRules) -> "App":
        """Without what the rules forbid."""
        app = msgspec.structs.replace(self, speech=rules)
        if rules.engine.uses_dify:
            return app
        return msgspec.structs.replace(app, speech_to_text=False, text_to_speech=False, speaks_by_itself=False)

    def without(self, names: AbstractSet[str]) -> "App":
        """Nobody is to be asked for the inputs of these names."""
        return msgspec.structs.replace(self, inputs=[each for each in self.inputs if names.isdisjoint(_names(each))])


def _names(field: Any) -> set[str]:
    """As Dify has an input: {"select": {"variable": "ward", …}}."""
    details = field.values() if isinstance(field, dict) else ()
    return {str(each.get("variable")) for each in details if isinstance(each, dict)}


class StoredFile(msgspec.Struct, frozen=True):
    """A question refers to it by `id` and `kind`."""

    id: str
    name: str
    size: int
    kind: str
    extension: str
    mime_type: str


class Head(msgspec.Struct, frozen=True):
    """What comes before the bytes: of HTTP `status` and `headers`; `name` is the file's, as the source says it."""

    media_type: str
    status: int = HTTPStatus.OK
    headers: Mapping[str, str] = {}
    name: str = ""


class SlowReader(Exception):
    """The reader of a ByteStream takes too long: others wait for its place."""


class ByteStream:
    """Audio or another file as it comes. To be closed.

    `chunks` raise AnswerError where the source breaks off, and SlowReader.
    """

    def __init__(self, head: Head, chunks: AsyncGenerator[bytes, None], cleanup: AsyncExitStack) -> None:
        self.head = head
        self._cleanup = cleanup
        self.chunks = self._with_cleanup(chunks)

    async def _with_cleanup(self, chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        async with self._cleanup:
            async for chunk in chunks:
                yield chunk

    async def close(self) -> None:
        await self.chunks.aclose()
        await self._cleanup.aclose()  # if nothing was iterated


class AppApi(Protocol):
    """Methods raise AnswerError. Messages and files are visible to their `user` only."""

    async def app(self) -> App: ...

    async def suggest(self, message_id: str, user: str) -> list[str]:
        """Questions that could follow an answer."""

    async def rate(self, message_id: str, user: str, rating: Rating | None, content: str | None) -> None:
        """None takes a rating back, even one that was never given."""

    async def transcribe(self, file: File, user: str) -> str: ...

    async def speak(self, user: str, *, text: str | None = None, message_id: str | None = None) -> ByteStream:
        """Returns when the first audio is there."""

    async def upload(self, file: File, user: str, *, for_form: bool = False) -> StoredFile:
        """`for_form`: for an answer's form, which may take files of kinds that questions do not have."""


class AppFiles(Protocol):
    """The files that an app makes."""

    async def open(
        self, path: str, query: Mapping[str, str], headers: Mapping[str, str], *, is_head: bool
    ) -> ByteStream:
        """What an AppFile's URL names: its path after /api/app-files/, and its query. Raises AnswerError.

        `headers` are the range that is wanted, and what the client has already.
        """

    async def close(self) -> None:
        """Release connections."""
