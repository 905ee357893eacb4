"""uvicorn's WebSocket transport, with two gaps closed that a single client could use against the others."""

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State

MAX_UNREAD_BYTES = 1024 * 1024


class WebSocketTransport(WebSocketsSansIOProtocol):
    """One connection's transport, as uvicorn makes it."""

    def shutdown(self) -> None:
        """A client that is about to close cannot be sent a close: uvicorn would fail, and end no other connection."""
        if self.handshake_complete and not self.close_sent and self.conn.state is not State.OPEN:
            self.transport.abort()
        else:
            super().shutdown()

    def handle_ping(self) -> None:
        """Pongs are written without waiting: whoever pings and reads none would fill our memory."""
        if self.transport.get_write_buffer_size() > MAX_UNREAD_BYTES:
            self.transport.abort()
        else:
            super().handle_ping()
