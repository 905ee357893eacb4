"""Answers of turns that another process runs."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from service.answers.base import (
    Answer,
    AnswerError,
    AnswerStopped,
    BrokenAnswer,
    Identity,
    OnPart,
    Part,
    Replacement,
    Summary,
    Text,
)
from service.chat.failures import WRITER_LOST
from service.chat.turn_status import Status
from service.cluster.redis_store import START
from service.cluster.wire_format import End, Entry


class Link(Protocol):
    """The link to other processes."""

    async def claim(self, key: str, user: str, checksum: int) -> "RemoteAnswer | None":
        """None: this process is to ask. Raises AnswerError where the id names another question."""

    def follow(self, remote: "RemoteAnswer") -> None: ...

    def unfollow(self, remote: "RemoteAnswer") -> None: ...

    def stop(self, key: str) -> None: ...

    def heal(self, broken: BrokenAnswer) -> Answer | None:
        """The rest of an answer whose process has died, where the source can tell it."""


@dataclass(slots=True)
class ClaimedAnswer:
    """Asks, unless another process has claimed the same question under the same id: then its answer is read."""

    link: Link
    key: str
    user: str
    checksum: int
    ask: Callable[[], Answer]
    _answer: Answer | None = None
    _decided: asyncio.Event = field(default_factory=asyncio.Event)

    async def stream(self, on_part: OnPart) -> None:
        try:
            self._answer = await self.link.claim(self.key, self.user, self.checksum) or self.ask()
        finally:
            self._decided.set()
        await self._answer.stream(on_part)

    async def stop(self) -> None:
        await self._decided.wait()
        if self._answer is not None:
            await self._answer.stop()


@dataclass(slots=True)
class RemoteAnswer:
    """Reads the stream of process `by`. `is_read`: what had been written before was read.

    When that process dies, the source itself is asked for the rest.
    """

    link: Link
    key: str
    user: str
    by: str
    checksum: int
    last_id: str = START
    is_read: bool = False
    _entries: asyncio.Queue[Entry] = field(default_factory=asyncio.Queue)
    _identity: Identity | None = None
    _written: list[str] = field(default_factory=list)
    _healing: Answer | None = None

    def put(self, last_id: str, entries: list[Entry]) -> None:
        self.last_id = last_id
        self.is_read = True
        for entry in entries:
            self._entries.put_nowait(entry)

    def mark_lost(self) -> None:
        self._entries.put_nowait(End(Status.INCOMPLETE, WRITER_LOST, Summary()))

    async def stream(self, on_part: OnPart) -> None:
        self.link.follow(self)
        try:
            while not isinstance(entry := await self._entries.get(), End):
                self._note(entry)
                on_part(entry)
        finally:
            self.link.unfollow(self)
        if entry.failure == WRITER_LOST and (healing := self._heal()) is not None:
            self._healing = healing
            await healing.stream(on_part)
        else:
            self._end(entry, on_part)

    async def stop(self) -> None:
        if self._healing is not None:
            await self._healing.stop()
        else:
            self.link.stop(self.key)

    def _end(self, entry: End, on_part: OnPart) -> None:
        on_part(entry.summary)
        if entry.pause is not None:
            on_part(entry.pause)
        if entry.status == Status.STOPPED:
            raise AnswerStopped(entry.reason or "")
        if entry.failure is not None:
            raise AnswerError(entry.failure)

    def _note(self, part: Part) -> None:
        match part:
            case Identity():
                self._identity = part
            case Text(content):
                self._written.append(content)
            case Replacement(content):
                self._written = [content]

    def _heal(self) -> Answer | None:
        identity = self._identity
        if identity is None or identity.source != "dify" or identity.conversation_id is None:
            return None
        return self.link.heal(BrokenAnswer(identity, self.user, "".join(self._written), WRITER_LOST))
