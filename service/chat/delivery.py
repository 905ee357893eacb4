"""One answer on its way to one client."""

import asyncio
from typing import Protocol

from service.chat import frames
from service.chat.protocol import ServerFrame
from service.chat.record import Cursor, Delta, News
from service.chat.turn import Turn


class Client(Protocol):
    """Who is being answered."""

    def write(self, frame: ServerFrame) -> bool:
        """Send a frame at once; False where that would take waiting, or the connection is over."""

    async def send(self, frame: ServerFrame) -> bool:
        """Send a frame; False where the connection is over."""


class Delivery:
    """Hands the client what is written after `offset`, in the very moment in which the turn has it.

    Only a client that does not take it at once makes a task wait; it gets more text at a time then. One that did not
    ask for a stream gets the terminal frame alone.
    """

    __slots__ = ("_client", "_cursor", "_offset", "_turn", "_unsent", "_waiting")

    def __init__(self, turn: Turn, client: Client, stream: bool, offset: int) -> None:  # noqa: FBT001 - the client's own
        self._turn = turn
        self._client = client
        self._offset = offset if stream else None
        self._cursor: Cursor | None = None
        self._unsent: list[News] = []
        self._waiting: asyncio.Future[None] | None = None

    async def run(self) -> None:
        """Until the terminal frame is sent, or the connection is over."""
        self._turn.call(self._on_news)
        try:
            await self._send_news()
            while self._turn.status is None:
                self._waiting = asyncio.get_running_loop().create_future()
                await self._waiting
                await self._send_news()
        finally:
            self._turn.call_no_more(self._on_news)
        if await self._client.send(frames.terminal_frame(self._turn)):
            self._turn.delivered = self._turn.record.length

    def _on_news(self) -> None:
        """While `run` waits, nobody else sends: what can be written is written here."""
        if self._waiting is None or self._waiting.done():
            return
        try:
            for item in self._cursor.news() if self._cursor is not None else self._news():
                if not self._unsent and self._client.write(frames.news_frame(self._turn, item)):
                    self._note(item)
                else:
                    self._unsent.append(item)
            if self._unsent or self._turn.status is not None:
                self._waiting.set_result(None)
        except Exception as error:  # noqa: BLE001 - raised in `run`
            self._waiting.set_exception(error)

    async def _send_news(self) -> None:
        while news := [*self._unsent, *self._news()]:
            self._unsent.clear()
            for item in news:
                if await self._client.send(frames.news_frame(self._turn, item)):
                    self._note(item)

    def _news(self) -> list[News]:
        if self._cursor is None:
            if self._offset is None or (self._turn.record.length < self._offset and self._turn.status is None):
                return []  # a relayed turn has not heard yet what there is
            self._cursor = Cursor(self._turn.record, self._offset)
        return self._cursor.news()

    def _note(self, item: News) -> None:
        if isinstance(item, Delta) and (end := item.offset + len(item.content)) > self._turn.delivered:
            self._turn.delivered = end
