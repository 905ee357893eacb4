"""The sending side of a connection: each message in time, or the client is cut off; and one end."""

import asyncio
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from service.chat import close_codes
from service.chat.close_codes import CloseCode
from service.chat.server_messages import ServerMessage, System, encode

SEND_TIMEOUT_SECONDS = 20
CLOSE_TIMEOUT_SECONDS = 1


class Peer(NamedTuple):
    """Who is at the other end: its address, behind trusted proxies too, and what it says of itself, cut short."""

    address: str | None = None
    origin: str | None = None
    browser: str | None = None


class Transport(Protocol):
    """The transport of one connection. After its end its methods do nothing."""

    def write(self, data: bytes) -> bool:
        """Send at once; False where that would take waiting."""

    async def send(self, data: bytes) -> None: ...

    async def close(self, code: int, reason: str) -> None: ...

    def abort(self) -> None:
        """End the connection without a close frame."""

    def describe(self) -> "Peer":
        """For operators."""


@dataclass(slots=True, eq=False)
class Connection:
    """Everything a client is sent passes through `write` or `send`; nothing does once there is a `close_code`."""

    transport: Transport
    close_code: CloseCode | None = field(default=None, init=False)

    def write(self, message: ServerMessage) -> bool:
        """Send at once; False where that would take waiting, or the connection is over."""
        return self.close_code is None and self.transport.write(encode(message))

    async def send(self, message: ServerMessage) -> bool:
        """Send within SEND_TIMEOUT_SECONDS, or disconnect the client as slow; False where the connection is over."""
        if self.close_code is None and not self.transport.write(data := encode(message)):
            timer = asyncio.get_running_loop().call_later(SEND_TIMEOUT_SECONDS, self._disconnect_slow)
            try:
                await self.transport.send(data)
            finally:
                timer.cancel()
        return self.close_code is None

    async def close(self, close_code: CloseCode, *, is_told: bool = False) -> None:
        """Send a notice, unless the client `is_told` already, and close.

        Only the first close code counts; nothing is sent after it.
        """
        if self.close_code is not None:
            return
        self.close_code = close_code
        await say_and_close(self.transport, None if is_told else System(close_code.reason), close_code)

    def _disconnect_slow(self) -> None:
        """Without a close frame, which would wait behind the data that is not read."""
        if self.close_code is None:
            self.close_code = close_codes.SLOW
            self.transport.abort()


async def say_and_close(transport: Transport, last: ServerMessage | None, close_code: CloseCode) -> None:
    """Within CLOSE_TIMEOUT_SECONDS; who takes nothing is cut off."""
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT_SECONDS):
            if last is not None:
                await transport.send(encode(last))
            await transport.close(*close_code)
    except TimeoutError:
        transport.abort()
