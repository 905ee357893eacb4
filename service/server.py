"""uvicorn's server, which lets the house empty itself before it shuts down."""

import asyncio
import socket
import time
from collections.abc import Callable, Coroutine
from types import FrameType
from typing import Any

import uvicorn

# A platform may signal a whole process group, and a supervisor its children: both mean one request to end.
SAME_REQUEST_SECONDS = 0.5


class Server(uvicorn.Server):
    """Drains at the first signal; a second one ends it at once."""

    def __init__(self, config: uvicorn.Config, drain: Callable[[], Coroutine[Any, Any, None]]) -> None:
        super().__init__(config)
        self._drain = drain
        self._asked_at: float | None = None
        self._hurry = asyncio.Event()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called by Python between two steps of the event loop."""
        super().handle_exit(sig, frame)
        now = time.monotonic()
        self._asked_at = self._asked_at or now
        if self.force_exit or now - self._asked_at > SAME_REQUEST_SECONDS:
            self.force_exit = True
            self._hurry.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        draining = asyncio.create_task(self._drain())
        hurry = asyncio.create_task(self._hurry.wait())
        await asyncio.wait({draining, hurry}, return_when=asyncio.FIRST_COMPLETED)
        for task in (draining, hurry):
            task.cancel()
        await asyncio.gather(draining, hurry, return_exceptions=True)
        await super().shutdown(sockets)
