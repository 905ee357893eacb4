"""uvicorn's WebSocket transport: two gaps closed that one client could use against the others, and a short way out."""

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State

MAX_UNREAD_BYTES = 1024 * 1024
_WHOLE_TEXT = 0x81
_SHORT_HEADS = [bytes((_WHOLE_TEXT, length)) for length in range(126)]
_LONGEST_MEDIUM_BYTES = 65_535
_OPEN = State.OPEN  # found faster than in its class
WRITE_TEXT = "dify_live.write_text"
"""The ASGI extension, in the scope of a connection, under which its `write_text` is found."""


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """One connection's transport, as uvicorn makes it."""

    async def run_asgi(self) -> None:
        extensions: dict[str, Any] = self.scope["extensions"]
        extensions[WRITE_TEXT] = self.write_text
        await super().run_asgi()

    def write_text(self, message: bytes) -> bool:
        """Write a text frame (UTF-8) at once; False where it would have to wait, or the connection is over.

        An awaited send goes through five layers; here the frame is put together as RFC 6455, 5.2, says for a server.
        """
        if not self.writable.is_set() or self.disconnected or self.close_sent or self.conn.state is not _OPEN:
            return False
        if self.conn.extensions:  # which may compress
            self.conn.send_text(message)
            self.transport.write(b"".join(self.conn.data_to_send()))
        else:
            self.transport.write(_head_of(len(message)) + message)
        return True

    def shutdown(self) -> None:
        """A client that is about to close cannot be sent a close: uvicorn would fail, and end no other connection."""
        if self.handshake_complete and not self.close_sent and self.conn.state is not _OPEN:
            self.transport.abort()
        else:
            super().shutdown()

    def handle_ping(self) -> None:
        """Pongs are written without waiting: whoever pings and reads none would fill our memory."""
        if self.transport.get_write_buffer_size() > MAX_UNREAD_BYTES:
            self.transport.abort()
        else:
            super().handle_ping()


def _head_of(length: int) -> bytes:
    if length < len(_SHORT_HEADS):
        return _SHORT_HEADS[length]
    if length <= _LONGEST_MEDIUM_BYTES:
        return bytes((_WHOLE_TEXT, 126)) + length.to_bytes(2)
    return bytes((_WHOLE_TEXT, 127)) + length.to_bytes(8)
