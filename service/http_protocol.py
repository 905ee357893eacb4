"""uvicorn's HTTP/1.1 protocol on h11, with limits for what one socket may hold, and for all of them.

h11 itself refuses a head or trailers above `h11_max_incomplete_event_size`, and uvicorn reads on no pipelined request
while a reply is unsent.
"""

import asyncio
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from service.open_files import sockets
from service.tally import Tally

MAX_HEAD_BYTES = 64 * 1024
"""Of a request line with its header fields, and of trailers."""
MAX_HEADERS = 100
HEAD_TIMEOUT_SECONDS = 10
MAX_PIPELINED_BYTES = 64 * 1024
"""What may come of the next requests while one is answered; browsers send none."""
_CAN_REPLY = {h11.IDLE, h11.SEND_RESPONSE}
_FULL = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

refused = Tally("sockets.refused")


class _Connection(h11.Connection):
    """`refusal` is the HTTP status for what could not be read."""

    refusal = HTTPStatus.BAD_REQUEST

    def next_event(self) -> Any:
        try:
            event = super().next_event()
        except h11.RemoteProtocolError as error:
            self.refusal = HTTPStatus(error.error_status_hint)
            raise
        if isinstance(event, h11.Request) and len(event.headers) > MAX_HEADERS:
            self.refusal = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            raise h11.RemoteProtocolError("too many header fields")
        return event


class IdleConnections:
    """Kept alive between two requests, for HTTP_KEEP_ALIVE at the most: whoever needs their place gets it."""

    def __init__(self) -> None:
        self._protocols: dict[HttpProtocol, None] = {}

    def __len__(self) -> int:
        return len(self._protocols)

    def add(self, protocol: "HttpProtocol") -> None:
        self._protocols[protocol] = None

    def discard(self, protocol: "HttpProtocol") -> None:
        self._protocols.pop(protocol, None)

    def close_longest(self) -> bool:
        """False where none is idle."""
        for protocol in self._protocols:
            self.discard(protocol)
            protocol.transport.close()
            return True
        return False


class HttpProtocol(H11Protocol):
    """`max_sockets` are open at once, those of WebSockets among them.

    A new one takes the place of the one that is idle for longest; where none is, it is refused with 503.
    """

    def __init__(self, max_sockets: int, idle: IdleConnections, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn: h11.Connection = _Connection(h11.SERVER, MAX_HEAD_BYTES)
        self._max_sockets = max_sockets
        self._idle = idle
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        sockets.open, sockets.idle, sockets.cap = self.connections, self._idle, self._max_sockets
        if len(self.connections) > self._max_sockets and not self._idle.close_longest():
            refused.add()
            transport.write(_FULL)
            transport.close()
        else:
            self._limit_wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_timer()
        self._idle.discard(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self._idle.discard(self)
        super().data_received(data)
        if self.conn.their_state is h11.DONE and len(self.conn.trailing_data[0]) > MAX_PIPELINED_BYTES:
            self.transport.abort()
        self._limit_wait()

    def on_response_complete(self) -> None:
        """Idle is who has sent nothing of a next request, nor owes the rest of this one's body."""
        super().on_response_complete()
        if self.timeout_keep_alive_task is None:
            return
        if self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]:
            self._idle.add(self)
        else:
            self._limit_wait()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        self._cancel_timer()
        super().handle_websocket_upgrade(event)

    def send_400_response(self, msg: str) -> None:
        """With the status that says what was wrong; where a reply has begun already, without one.

        What the app still sends is lost, as after any disconnect: without this, it would be an error.
        """
        if self.conn.our_state in _CAN_REPLY:
            status = self.conn.refusal  # type: ignore[attr-defined]
            headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
            reply = h11.Response(status_code=status, headers=headers, reason=status.phrase.encode())
            for part in (reply, h11.Data(data=status.phrase.encode()), h11.EndOfMessage()):
                self.transport.write(self.conn.send(part))
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()

    def _limit_wait(self) -> None:
        """However slowly its bytes come, a request has to begin within HEAD_TIMEOUT_SECONDS while none is answered."""
        is_answering = self.cycle is not None and not self.cycle.response_complete
        if is_answering or self.transport.is_closing() or self.transport.get_protocol() is not self:
            self._cancel_timer()
        elif self._timer is None:
            self._timer = self.loop.call_later(HEAD_TIMEOUT_SECONDS, self.transport.close)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
