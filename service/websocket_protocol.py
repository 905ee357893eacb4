"""uvicorn's WebSocket protocol, with a faster write, budgets for what a client may send, and three defects mended."""

import logging
from typing import Any

import websockets.http11
from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.protocol import State

from service.chat.close_codes import FLOOD
from service.chat.websocket_transport import WRITE_TEXT
from service.http_protocol import MAX_HEAD_BYTES, MAX_HEADERS
from service.log_records import WEBSOCKET_LOGGER

# The HTTP protocol has read the handshake within these limits; uvicorn passes it on as bytes.
websockets.http11.MAX_LINE_LENGTH = MAX_HEAD_BYTES
websockets.http11.MAX_NUM_HEADERS = MAX_HEADERS

FRAMES_PER_SECOND, FRAMES_AT_ONCE = 2_000, 1_000
MIN_BYTES_PER_SECOND = 256 * 1024
"""Or WEBSOCKET_MAX_SIZE, if that is more."""
SECONDS_AT_ONCE = 4
PIECE_BYTES = 4096
"""At most this much is parsed before the budget is looked at: at six bytes a frame that takes milliseconds."""
UNPAID_FRAMES, UNPAID_BYTES = 100, 64 * 1024
"""Up to so much is only counted: looking at the clock with each frame would cost a tenth of a short message."""
FLOOD_CLOSE_SECONDS = 1
MAX_UNREAD_BYTES = 1024 * 1024
_UNREADABLE = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_FIN_TEXT = 0x81
_SHORT_HEADERS = [bytes((_FIN_TEXT, length)) for length in range(126)]
_MAX_16_BIT_LENGTH = 65_535
_log = logging.getLogger(WEBSOCKET_LOGGER)
_OPEN = State.OPEN  # a global is faster than a class attribute


class Budget:
    """A token bucket: `at_once`, and then so many `per_second`."""

    __slots__ = ("_at_once", "_left", "_per_second", "_seen_at")

    def __init__(self, per_second: float, at_once: float, now: float) -> None:
        self._per_second = per_second
        self._at_once = self._left = at_once
        self._seen_at = now

    def take(self, amount: float, now: float) -> bool:
        """False where there is less than that."""
        left = self._left + (now - self._seen_at) * self._per_second
        self._left = min(left, self._at_once) - amount
        self._seen_at = now
        return self._left >= 0


class WebSocketProtocol(WebSocketsSansIOProtocol):
    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any]) -> None:
        super().__init__(config, server_state, app_state)
        self.logger = self.conn.logger = _log
        now, bytes_per_second = self.loop.time(), max(config.ws_max_size, MIN_BYTES_PER_SECOND)
        self._frames = Budget(FRAMES_PER_SECOND, FRAMES_AT_ONCE, now)
        self._bytes = Budget(bytes_per_second, SECONDS_AT_ONCE * bytes_per_second, now)
        self._unpaid_frames = self._unpaid_bytes = 0
        self._is_flooded = False

    def data_received(self, data: bytes) -> None:
        """A client that sends faster than its budgets is disconnected; what it still sends is discarded unread."""
        if self._is_flooded:
            return
        self._unpaid_bytes += len(data)
        if len(data) <= PIECE_BYTES:
            super().data_received(data)
        else:
            self._receive_in_pieces(data)
        if not self.handshake_initiated and self.conn.handshake_exc is not None:
            self._refuse_handshake()

    def _receive_in_pieces(self, data: bytes) -> None:
        for start in range(0, len(data), PIECE_BYTES):
            if not self._is_flooded:
                super().data_received(data[start : start + PIECE_BYTES])

    def handle_events(self) -> None:
        self._unpaid_frames += len(self.conn.events)
        is_due = self._unpaid_frames > UNPAID_FRAMES or self._unpaid_bytes > UNPAID_BYTES
        if is_due and not self._pay():
            self._end_flood()
        else:
            super().handle_events()

    def _pay(self) -> bool:
        now, frames, size = self.loop.time(), self._unpaid_frames, self._unpaid_bytes
        self._unpaid_frames = self._unpaid_bytes = 0
        has_paid = self._frames.take(frames, now)
        return self._bytes.take(size, now) and has_paid

    def _end_flood(self) -> None:
        """Reading goes on until the client has had time to read why: closing with unread data would reset it."""
        self._is_flooded = True
        if self.close_sent or self.conn.state is not _OPEN:
            self.transport.abort()
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": FLOOD.code, "reason": FLOOD.reason})
        self.conn.send_close(*FLOOD)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = self.disconnected = True
        self.transport.resume_reading()
        self.close_timer = self.loop.call_later(FLOOD_CLOSE_SECONDS, self.transport.close)

    def handle_parser_exception(self) -> None:
        """What the app still sends is lost, as after any disconnect: without this, it would be an error."""
        super().handle_parser_exception()
        self.disconnected = True

    def _refuse_handshake(self) -> None:
        """Without this, uvicorn sends nothing, and waits for ever; websockets says nothing of a head it cannot read."""
        self.handshake_complete = self.close_sent = True
        self.transport.write(b"".join(self.conn.data_to_send()) or _UNREADABLE)
        self.transport.close()

    async def run_asgi(self) -> None:
        extensions: dict[str, Any] = self.scope["extensions"]
        extensions[WRITE_TEXT] = self.write_text
        await super().run_asgi()

    def write_text(self, message: bytes) -> bool:
        """Write a text frame (UTF-8) at once; False where that would take waiting, or the connection is over.

        An awaited send goes through five layers; here the frame is built directly (RFC 6455, 5.2).
        """
        if not self.writable.is_set() or self.disconnected or self.close_sent or self.conn.state is not _OPEN:
            return False
        if self.conn.extensions:  # compression
            self.conn.send_text(message)
            self.transport.write(b"".join(self.conn.data_to_send()))
        else:
            self.transport.write(_header(len(message)) + message)
        return True

    def shutdown(self) -> None:
        """Where the client has begun to close, uvicorn would raise, and leave the other connections open.

        To a handshake it replies 500: what the app still says to it would be an error.
        """
        is_handshake = not self.handshake_complete
        if not is_handshake and not self.close_sent and self.conn.state is not _OPEN:
            self.transport.abort()
        else:
            super().shutdown()
            self.disconnected = self.disconnected or is_handshake

    def handle_ping(self) -> None:
        """Pongs are written without flow control: a client that reads none would fill the memory."""
        if self.transport.get_write_buffer_size() > MAX_UNREAD_BYTES:
            self.transport.abort()
        else:
            super().handle_ping()


def _header(length: int) -> bytes:
    if length < len(_SHORT_HEADERS):
        return _SHORT_HEADERS[length]
    if length <= _MAX_16_BIT_LENGTH:
        return bytes((_FIN_TEXT, 126)) + length.to_bytes(2)
    return bytes((_FIN_TEXT, 127)) + length.to_bytes(8)
