"""One answer on its way to one client."""

import asyncio
from typing import Protocol

from service.chat import message_builder
from service.chat.answer_buffer import Cursor, Delta, Update
from service.chat.messages import ServerMessage
from service.chat.turn import Turn


class Client(Protocol):
    """Who is being answered."""

    def write(self, message: ServerMessage) -> bool:
        """Send a frame at once; False where that would take waiting, or the connection is over."""

    async def send(self, message: ServerMessage) -> bool:
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
        self._unsent: list[Update] = []
        self._waiting: asyncio.Future[None] | None = None

    async def run(self) -> None:
        """Until the terminal frame is sent, or the connection is over."""
        self._turn.subscribe(self._on_update)
        try:
            await self._send_updates()
            while self._turn.status is None:
                self._waiting = asyncio.get_running_loop().create_future()
                await self._waiting
                await self._send_updates()
        finally:
            self._turn.unsubscribe(self._on_update)
        if await self._client.send(message_builder.terminal_message(self._turn)):
            self._turn.delivered = self._turn.buffer.length

    def _on_update(self) -> None:
        """While `run` waits, nobody else sends: what can be written is written here."""
        if self._waiting is None or self._waiting.done():
            return
        try:
            for item in self._cursor.updates() if self._cursor is not None else self._updates():
                if not self._unsent and self._client.write(message_builder.update_message(self._turn, item)):
                    self._record_delivered(item)
                else:
                    self._unsent.append(item)
            if self._unsent or self._turn.status is not None:
                self._waiting.set_result(None)
        except Exception as error:  # noqa: BLE001 - raised in `run`
            self._waiting.set_exception(error)

    async def _send_updates(self) -> None:
        while updates := [*self._unsent, *self._updates()]:
            self._unsent.clear()
            for item in updates:
                if await self._client.send(message_builder.update_message(self._turn, item)):
                    self._record_delivered(item)

    def _updates(self) -> list[Update]:
        if self._cursor is None:
            if self._offset is None or (self._turn.buffer.length < self._offset and self._turn.status is None):
                return []  # a relayed turn has not heard yet what there is
            self._cursor = Cursor(self._turn.buffer, self._offset)
        return self._cursor.updates()

    def _record_delivered(self, item: Update) -> None:
        if isinstance(item, Delta) and (end := item.offset + len(item.content)) > self._turn.delivered:
            self._turn.delivered = end
