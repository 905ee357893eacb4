"""uvicorn's server, with a drain before it shuts down."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import structlog
import uvicorn

from service import ending_signals

log = structlog.get_logger()

# A platform may signal a whole process group, and the supervisor its workers again: one request to end.
SAME_REQUEST_SECONDS = 0.5
UNREAD_SECONDS = 0.5
"""So long do clients have, after the drain, to read what they were sent; less than uvicorn's own shutdown takes."""
STALLED_SECONDS = 2
"""While there is time left of the drain, who goes on reading has that, too; not who takes nothing for so long."""
LOOK_SECONDS = 0.05
SHUTDOWN_TIMEOUT_SECONDS = 3
"""From the end of the drain until all is over; each part of it has a limit of its own, and they add up to less."""


class Server(uvicorn.Server):
    """Drains at the first signal. By the second, what is under way is cut off at once, as when the time is over.

    `drain` is told by an event to hurry, and returns how many seconds it has left. `lifeline` is a file descriptor: it
    becomes readable, at its end, when the supervising process is gone.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        drain: Callable[[asyncio.Event], Coroutine[Any, Any, float]],
        lifeline: int | None = None,
    ) -> None:
        super().__init__(config)
        self._drain = drain
        self._lifeline = lifeline
        self._signalled_at: float | None = None
        self._hurry = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """SIGHUP too; and none is raised again at the end, where another one might come."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        with ending_signals.handled(lambda number: self.handle_exit(number, None)):
            yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._signalled_at is None:
            self._signalled_at = now
            self.should_exit = True
        elif now - self._signalled_at > SAME_REQUEST_SECONDS:
            asyncio.get_running_loop().call_soon_threadsafe(self._hurry.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._lifeline is not None:
            asyncio.get_running_loop().add_reader(self._lifeline, self._on_orphaned, self._lifeline)

    def _on_orphaned(self, lifeline: int) -> None:
        """Without a supervisor it drains, and leaves the port to a new service."""
        asyncio.get_running_loop().remove_reader(lifeline)
        log.error("worker.orphaned")
        for server in self.servers:
            server.close()
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._wait_sent(await self._drain(self._hurry))
        aborting = asyncio.get_running_loop().call_later(UNREAD_SECONDS, self._abort_connections)
        try:
            async with asyncio.timeout(SHUTDOWN_TIMEOUT_SECONDS):
                await super().shutdown(sockets)
        except TimeoutError:
            log.warning("service.end_cut_off")
        aborting.cancel()

    async def _wait_sent(self, seconds: float) -> None:
        """Until clients have read, at most for so long; nothing tells when a connection has sent all."""
        now = progressed_at = time.monotonic()
        deadline, before = now + seconds, -1
        while (unsent := self._unsent_bytes()) and now < min(deadline, progressed_at + STALLED_SECONDS):
            if self._hurry.is_set():
                return
            if unsent != before:
                before, progressed_at = unsent, now
            await asyncio.sleep(LOOK_SECONDS)
            now = time.monotonic()

    def _unsent_bytes(self) -> int:
        return sum(connection.transport.get_write_buffer_size() for connection in self.server_state.connections)

    def _abort_connections(self) -> None:
        """Uvicorn would cancel the tasks that write to clients that do not read, each of which is an error to it."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()
