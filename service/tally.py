"""What may happen thousands of times a second is logged at once, and then once a minute with how often it happened."""

import asyncio
import contextvars

import structlog

log = structlog.get_logger()

INTERVAL_SECONDS = 60.0


class Tally:
    def __init__(self, event: str) -> None:
        self._event = event
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None

    def add(self) -> None:
        self._count += 1
        if self._timer is None:
            self._tell()

    def _tell(self) -> None:
        """In an empty context: it is about more than the connection of the last time."""
        self._timer = None
        if self._count:
            contextvars.Context().run(log.warning, self._event, times=self._count)
            self._count = 0
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(INTERVAL_SECONDS, self._tell, context=contextvars.Context())
