"""A WebSocket as the transport of a session."""

import asyncio
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected, WebSocketState

from service.admission.authentication import Scope
from service.admission.proxy_headers import ADDRESS
from service.chat import close_codes
from service.chat.close_codes import CloseCode
from service.chat.connection import Peer
from service.redaction import redacted

WRITE_TEXT = "dify_live.write_text"
"""The ASGI extension that writes a text frame (UTF-8) at once; it returns False where that would take waiting.

Source: websocket_protocol.py.
"""


LONGEST_DESCRIPTION = 200
"""In characters: clients write what they like."""


def _cannot_write(_: bytes) -> bool:
    """With another ASGI server."""
    return False


class WebSocketTransport:
    """`lifetime` ends by a TimeoutError when the connection is aborted; `close_code` is the client's."""

    __slots__ = ("_subprotocol", "_websocket", "close_code", "lifetime", "write")

    def __init__(self, websocket: WebSocket, subprotocol: str | None) -> None:
        self._websocket = websocket
        self._subprotocol = subprotocol
        self.write = websocket.scope["extensions"].get(WRITE_TEXT, _cannot_write)
        self.lifetime = asyncio.timeout(None)
        self.close_code = close_codes.LOST

    @property
    def client_address(self) -> str | None:
        client = self._websocket.client
        return client and client.host

    def header(self, name: str) -> str | None:
        return self._websocket.headers.get(name)

    @property
    def counted_address(self) -> str | None:
        address: str | None = self._websocket.scope[ADDRESS]
        return address

    def describe(self) -> Peer:
        headers = self._websocket.headers
        origin, browser = headers.get("origin"), headers.get("user-agent")
        return Peer(self.client_address, _cut(origin), _cut(browser))

    @property
    def scope(self) -> Scope:
        return self._websocket.scope

    @property
    def is_handshake(self) -> bool:
        """It is neither accepted nor refused."""
        return self._websocket.application_state is WebSocketState.CONNECTING

    async def accept(self) -> None:
        await self._websocket.accept(self._subprotocol)

    async def receive(self) -> str | bytes | None:
        """The next message; None when the connection is over."""
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            if "reason" in message:  # else the connection was lost
                self.close_code = CloseCode(message["code"], message["reason"] or "")
            return None
        text: str | None = message.get("text")
        return text if text is not None else bytes(message["bytes"])

    async def send(self, message: bytes) -> None:
        with suppress(WebSocketDisconnect, WebSocketDisconnected):
            await self._websocket.send_text(message.decode())

    async def close(self, code: int, reason: str) -> None:
        with suppress(WebSocketDisconnect, WebSocketDisconnected):
            await self._websocket.close(code, reason)

    def abort(self) -> None:
        with suppress(RuntimeError):  # it is over
            self.lifetime.reschedule(asyncio.get_running_loop().time())


def _cut(text: str | None) -> str | None:
    return text and redacted(text)[:LONGEST_DESCRIPTION]
