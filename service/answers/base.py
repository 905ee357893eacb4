"""Question, the parts an answer is made of, AnswerError; the Answerer interface."""

from collections.abc import AsyncGenerator
from typing import Any, Literal, Protocol

import msgspec

Source = Literal["dify", "mock"]


class Question(msgspec.Struct, frozen=True):
    """What is asked, and for whom.

    `user` scopes conversations and stops at Dify; `conversation_id` continues a conversation of the same user.
    """

    content: str
    user: str
    conversation_id: str | None = None
    inputs: dict[str, Any] = {}
    files: list[dict[str, Any]] = []


class Identity(msgspec.Struct, frozen=True):
    """Whose answer it is: known from the first event, before any text."""

    source: Source
    conversation_id: str | None = None
    message_id: str | None = None


class Text(msgspec.Struct, frozen=True):
    """More of the answer."""

    content: str


class Replacement(msgspec.Struct, frozen=True):
    """All text so far is withdrawn, and this takes its place (moderation)."""

    content: str


class Summary(msgspec.Struct, frozen=True):
    """What is known at the end. `usage` and `citations` are Dify's own objects, handed on as they are."""

    usage: dict[str, Any] | None = None
    citations: list[Any] | None = None


Part = Identity | Text | Replacement | Summary


class AnswerError(Exception):
    """The source failed. `reason` is a stable word for programs; the details are in the log, never here."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Answer(Protocol):
    """One answer being written. Iterate it once; it raises AnswerError where the source breaks off."""

    def __aiter__(self) -> AsyncGenerator[Part, None]: ...  # noqa: PYI058 - who iterates also closes

    async def stop(self) -> None:
        """Tell the source that nobody reads on. Never raises; the iteration then ends by itself, and proves it."""


class Answerer(Protocol):
    """A source of answers."""

    def ask(self, question: Question) -> Answer: ...

    async def close(self) -> None:
        """Give back what the source holds open."""
