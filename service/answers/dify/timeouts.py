"""Timeouts of an answer: to its first event, between events, in all."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from service.answers import failures
from service.answers.base import Failure


@dataclass(frozen=True, slots=True)
class Timeouts:
    """In seconds."""

    first_event: float
    idle: float
    total: float


class Watchdog:
    """Raises TimeoutError in what runs under `watch`; `failure` says which of the timeouts it was."""

    def __init__(self, timeouts: Timeouts) -> None:
        self._timeouts = timeouts
        self._deadline = asyncio.timeout(timeouts.first_event)
        self._idle_timer: asyncio.TimerHandle | None = None
        self._clock = time.monotonic
        self._started_at = self._last_event_at = 0.0
        self.failure: Failure = failures.FIRST_EVENT_TIMEOUT

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[None]:
        self._clock = asyncio.get_running_loop().time
        self._started_at = self._clock()
        try:
            async with self._deadline:
                yield
        finally:
            if self._idle_timer is not None:
                self._idle_timer.cancel()

    def on_event(self) -> None:
        """Called with each chunk: after the first it costs a look at the clock."""
        self._last_event_at = self._clock()
        if self._idle_timer is None:
            self.failure = failures.TOTAL_TIMEOUT
            self._deadline.reschedule(self._started_at + self._timeouts.total)
            self._idle_timer = asyncio.get_running_loop().call_later(self._timeouts.idle, self._check_idle)

    def _check_idle(self) -> None:
        """A single timer that renews itself: setting one with each event would cost more than the event."""
        loop = asyncio.get_running_loop()
        left = self._last_event_at + self._timeouts.idle - loop.time()
        if left > 0:
            self._idle_timer = loop.call_later(left, self._check_idle)
        elif not self._deadline.expired():
            self.failure = failures.STALLED
            self._deadline.reschedule(loop.time())
