"""One answer on its way to one client."""

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

from service.chat import message_builder
from service.chat.answer_buffer import Cursor
from service.chat.close_codes import CloseCode
from service.chat.receipt import Receiver
from service.chat.seal import Seal
from service.chat.server_messages import ServerMessage
from service.chat.turn import Turn


class Client(Receiver, Protocol):
    """Who is being answered."""

    def write(self, message: ServerMessage) -> bool:
        """Send at once; False where that would take waiting, or the connection is over."""

    async def send(self, message: ServerMessage) -> bool:
        """Send; False where the connection is over."""

    async def close(self, close_code: CloseCode) -> None: ...


@dataclass(slots=True)
class Delivery:
    """Sends what is written after `offset` as soon as the turn has it; the terminal message alone if that is None.

    `replacements` is how often the text had been replaced that the client has, if it said so. A resume is acknowledged
    as soon as it is known from where it goes on.
    Updates are written by the task that reads the source. Only where the client does not take one at once, `run` wakes
    and waits for it; meanwhile texts join to longer updates.
    """

    turn: Turn
    client: Client
    seal: Seal
    offset: int | None
    replacements: int | None = None
    is_resume: bool = False
    _cursor: Cursor | None = None
    _is_queue_told: bool = False
    _pending: list[ServerMessage] = field(default_factory=list)
    _waiting: asyncio.Future[None] | None = None

    async def run(self) -> None:
        """Returns when the terminal message is sent, or the connection is over."""
        self.turn.subscribe(self._on_update)
        try:
            self._write_updates()
            while self._pending or not self.turn.is_over:
                if self._pending:
                    await self._send_pending()
                else:
                    self._waiting = asyncio.get_running_loop().create_future()
                    await self._waiting
                self._write_updates()
        finally:
            self.turn.unsubscribe(self._on_update)
        if await self.client.send(self._terminal_message()):
            self.turn.receipt.complete(self.turn.buffer.length, self.client)

    def _terminal_message(self) -> ServerMessage:
        return message_builder.terminal_message(self.turn, self.seal, says_status=self.offset is None)

    def _on_update(self) -> None:
        if self._waiting is None or self._waiting.done():
            return  # `run` is sending
        try:
            self._write_updates()
            if self._pending or self.turn.is_over:
                self._waiting.set_result(None)
        except Exception as error:  # noqa: BLE001 - raised in `run`
            self._waiting.set_exception(error)

    def _write_updates(self) -> None:
        """Write what is new, as far as the client takes it at once; the rest is pending."""
        cursor = self._cursor or self._open_cursor()
        updates = cursor.updates() if cursor is not None else []
        if not updates and not self._is_queue_told and self.turn.is_queued:
            self._is_queue_told = self.client.write(message_builder.queued_message(self.turn))
        for update in updates:
            self._write(message_builder.update_message(self.turn, update))
        if cursor is not None and updates and not self._pending:
            self.turn.receipt.advance(cursor.offset)

    def _write(self, message: ServerMessage) -> None:
        if self._pending or not self.client.write(message):
            self._pending.append(message)

    async def _send_pending(self) -> None:
        pending, self._pending = self._pending, []
        for message in pending:
            is_sent = await self.client.send(message)
        if is_sent and self._cursor is not None:
            self.turn.receipt.advance(self._cursor.offset)

    def _open_cursor(self) -> Cursor | None:
        """None also before it is known what was written."""
        if self.offset is not None and self.turn.is_current:
            self._cursor = Cursor(self.turn.buffer, self.offset, self.replacements)
            if self.is_resume:
                self._write(message_builder.resumed_message(self.turn, self._cursor.offset))
        return self._cursor
