"""uvicorn's server, with a drain before it shuts down."""

import asyncio
import socket
import time
from collections.abc import Callable, Coroutine
from types import FrameType
from typing import Any

import structlog
import uvicorn

log = structlog.get_logger()

# A platform may signal a whole process group, and the supervisor its workers again: one request to end.
SAME_REQUEST_SECONDS = 0.5
UNREAD_SECONDS = 0.5
"""So long do clients have, after the drain, to read what they were sent; less than uvicorn's own shutdown takes."""


class Server(uvicorn.Server):
    """Drains at the first signal, ends at once at the second.

    `lifeline` is a file descriptor: it becomes readable, at its end, when the supervising process is gone.
    """

    def __init__(
        self, config: uvicorn.Config, drain: Callable[[], Coroutine[Any, Any, None]], lifeline: int | None = None
    ) -> None:
        super().__init__(config)
        self._drain = drain
        self._lifeline = lifeline
        self._signalled_at: float | None = None
        self._forced = asyncio.Event()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._signalled_at is None:
            self._signalled_at = now
            super().handle_exit(sig, frame)
        elif now - self._signalled_at > SAME_REQUEST_SECONDS:
            self.force_exit = True
            self._forced.set()

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
        draining = asyncio.create_task(self._drain())
        forced = asyncio.create_task(self._forced.wait())
        await asyncio.wait({draining, forced}, return_when=asyncio.FIRST_COMPLETED)
        for task in (draining, forced):
            task.cancel()
        await asyncio.gather(draining, forced, return_exceptions=True)
        aborting = asyncio.get_running_loop().call_later(UNREAD_SECONDS, self._abort_connections)
        await super().shutdown(sockets)
        aborting.cancel()

    def _abort_connections(self) -> None:
        """Uvicorn would cancel the tasks that write to clients that do not read, each of which is an error to it."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()
