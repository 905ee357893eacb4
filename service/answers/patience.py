"""How long an answer is waited for: for its first event, between events, and in all."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from service.answers import failures
from service.answers.base import Failure


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: for a connection, for the first event, between events, and for the whole answer."""

    connect: float
    first_event: float
    idle: float
    total: float


class Patience:
    """Cancels what runs `while_waiting` when it is exhausted, which raises TimeoutError there; `failure` says why."""

    def __init__(self, timeouts: Timeouts) -> None:
        self._timeouts = timeouts
        self._deadline = asyncio.timeout(timeouts.first_event)
        self._watch: asyncio.TimerHandle | None = None
        self._clock = time.monotonic
        self._started_at = self._heard_at = 0.0
        self.failure: Failure = failures.FIRST_EVENT_TIMEOUT

    @asynccontextmanager
    async def while_waiting(self) -> AsyncIterator[None]:
        self._clock = asyncio.get_running_loop().time
        self._started_at = self._clock()
        try:
            async with self._deadline:
                yield
        finally:
            if self._watch is not None:
                self._watch.cancel()

    def heard(self) -> None:
        """Something came. Only the first time costs more than a look at the clock."""
        self._heard_at = self._clock()
        if self._watch is None:
            self.failure = failures.TOTAL_TIMEOUT
            self._deadline.reschedule(self._started_at + self._timeouts.total)
            self._watch = asyncio.get_running_loop().call_later(self._timeouts.idle, self._look)

    def _look(self) -> None:
        """One timer that moves itself on, since setting one anew with each event would cost more than the event."""
        loop = asyncio.get_running_loop()
        left = self._heard_at + self._timeouts.idle - loop.time()
        if left > 0:
            self._watch = loop.call_later(left, self._look)
        elif not self._deadline.expired():
            self.failure = failures.STALLED
            self._deadline.reschedule(loop.time())
