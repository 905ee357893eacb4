"""Answers that another process may be writing already."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from service.answers.base import Answer, AnswerError, AnswerStopped, Summary, Take
from service.chat.turn import OWNER_LOST, Status
from service.fleet.entries import End, Entry
from service.fleet.store import START


class Line(Protocol):
    """The way to the other processes."""

    async def claim(self, key: str, checksum: int) -> "Relay | None":
        """None: the question is ours to ask. Raises AnswerError where the id names another question."""

    def follow(self, relay: "Relay") -> None: ...

    def unfollow(self, relay: "Relay") -> None: ...

    def stop(self, key: str) -> None: ...


class ClaimedAnswer:
    """Asks, unless a peer has been asked the same question under the same id: then its answer is this one."""

    def __init__(self, line: Line, key: str, checksum: int, ask: Callable[[], Answer]) -> None:
        self._line = line
        self._key = key
        self._checksum = checksum
        self._ask = ask
        self._answer: Answer | None = None
        self._decided = asyncio.Event()

    async def tell(self, take: Take) -> None:
        try:
            self._answer = await self._line.claim(self._key, self._checksum) or self._ask()
        finally:
            self._decided.set()
        await self._answer.tell(take)

    async def stop(self) -> None:
        await self._decided.wait()
        if self._answer is not None:
            await self._answer.stop()


class Relay:
    """The answer that the process `by` writes, read from its stream. `is_read`: as far as it had been written."""

    def __init__(self, line: Line, key: str, by: str, checksum: int) -> None:
        self.key = key
        self.by = by
        self.checksum = checksum
        self.last_id = START
        self.is_read = False
        self._line = line
        self._entries: asyncio.Queue[Entry] = asyncio.Queue()

    def put(self, last_id: str, entries: list[Entry]) -> None:
        self.last_id = last_id
        self.is_read = True
        for entry in entries:
            self._entries.put_nowait(entry)

    def break_off(self) -> None:
        self._entries.put_nowait(End(Status.INCOMPLETE, OWNER_LOST, Summary()))

    async def tell(self, take: Take) -> None:
        self._line.follow(self)
        try:
            while not isinstance(entry := await self._entries.get(), End):
                take(entry)
        finally:
            self._line.unfollow(self)
        take(entry.summary)
        if entry.status == Status.STOPPED:
            raise AnswerStopped
        if entry.failure is not None:
            raise AnswerError(entry.failure)

    async def stop(self) -> None:
        self._line.stop(self.key)
