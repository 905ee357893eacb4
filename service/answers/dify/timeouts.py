"""Timeouts of an answer: to its first event with data, between events, amid pings, in all."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from service.answers import failures
from service.answers.base import Failure

QUEUED_AFTER_SECONDS = 3
"""A chatflow that runs says so at once: after this long, its leading ping alone means that it waits."""
LEADING_PING_SECONDS = 5
"""Only a chatflow begins with a ping; a later one keeps alive any answer, and tells less."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """In seconds."""

    first_event: float
    idle: float
    silence: float
    total: float


class Activity:
    """The answers of one Dify that are being read, and when any of them last had an event with data."""

    def __init__(self) -> None:
        self._watchdogs: set[Watchdog] = set()
        self._last_event_at = float("-inf")

    def add(self, watchdog: "Watchdog") -> None:
        self._watchdogs.add(watchdog)

    def remove(self, watchdog: "Watchdog") -> None:
        self._last_event_at = max(self._last_event_at, watchdog.last_event_at)
        self._watchdogs.remove(watchdog)

    @property
    def last_event_at(self) -> float:
        """On the event loop's clock. Computed here, from all answers, so that it costs an event nothing."""
        return max([self._last_event_at, *(watchdog.last_event_at for watchdog in self._watchdogs)])

    def has_progressed(self, since: float) -> bool:
        """Whether an answer has begun and is still being written, or had an event since then."""
        return self.last_event_at > since or any(watchdog.has_begun for watchdog in self._watchdogs)


class Watchdog:
    """Raises TimeoutError in what runs under `watch`; `failure` says which of the timeouts it was.

    A question that hears only pings while other answers of this Dify progress waits in Dify's own queue: `on_queued` is
    called once, and the wait ends when none of them progresses any more, or after the total. Where the first ping came
    late, it may as well be an app that is slow: then the wait is as long as a silence may be. What Dify `has_taken`, a
    form, waits there whatever the others do, until after the total.

    `longest_silence`: the seconds between the two events with data that came furthest apart.
    """

    def __init__(
        self,
        timeouts: Timeouts,
        activity: Activity,
        on_queued: Callable[[], None],
        has_taken: Callable[[], bool] = lambda: False,
    ) -> None:
        self.failure: Failure = failures.TOTAL_TIMEOUT
        self.has_begun = False
        self.last_event_at = float("-inf")
        self.longest_silence = 0.0
        self._timeouts = timeouts
        self._activity = activity
        self._on_queued = on_queued
        self._has_taken = has_taken
        self._deadline = asyncio.timeout(None)
        self._timer: asyncio.TimerHandle | None = None
        self._clock = time.monotonic
        self._started_at = self._last_read_at = 0.0
        self._has_heard = False
        self._is_queued = False
        self._has_led = False

    @property
    def has_expired(self) -> bool:
        return self._deadline.expired()

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[None]:
        self._clock = asyncio.get_running_loop().time
        self._started_at = self._clock()
        self._activity.add(self)
        try:
            async with self._deadline:
                self._check()
                yield
        finally:
            self._activity.remove(self)
            self._cancel_timer()

    def on_read(self, *, has_data: bool) -> None:
        """Called with each chunk: after the first it costs a look at the clock."""
        self._last_read_at = self._clock()
        if has_data:
            if self.has_begun and self._last_read_at - self.last_event_at > self.longest_silence:
                self.longest_silence = self._last_read_at - self.last_event_at
            self.last_event_at = self._last_read_at
        if not self._has_heard or (has_data and not self.has_begun):
            self._has_led |= self._last_read_at < self._started_at + LEADING_PING_SECONDS
            self._has_heard = True
            self.has_begun = has_data
            self._check()

    def _check(self) -> None:
        """A single timer that renews itself: setting one with each event would cost more than the event."""
        self._cancel_timer()
        now = self._clock()
        self._look_at_queue(now)
        at, failure = min(self._limits(now), key=lambda limit: limit[0])
        if at > now:
            self._timer = asyncio.get_running_loop().call_at(at, self._check)
        elif failure is not None and not self._deadline.expired():
            self.failure = failure
            self._deadline.reschedule(now)

    def _look_at_queue(self, now: float) -> None:
        waits = self._has_heard and not self.has_begun and now >= self._queued_at
        if not waits or self._is_queued:
            return
        if self._is_taken or self._activity.has_progressed(self._started_at):
            self._is_queued = True
            self._on_queued()

    @property
    def _is_taken(self) -> bool:
        return self._has_heard and self._has_taken()

    @property
    def _queued_at(self) -> float:
        first_event, is_sure = self._timeouts.first_event, self._has_led or self._is_taken
        return self._started_at + (min(QUEUED_AFTER_SECONDS, first_event) if is_sure else first_event)

    def _limits(self, now: float) -> list[tuple[float, Failure | None]]:
        """When to look again, and what failed if that time has come."""
        timeouts = self._timeouts
        limits: list[tuple[float, Failure | None]] = [(self._started_at + timeouts.total, failures.TOTAL_TIMEOUT)]
        if self._has_heard:
            limits.append((self._last_read_at + timeouts.idle, failures.STALLED))
        if self.has_begun:
            return [*limits, (self.last_event_at + timeouts.silence, failures.STALLED)]
        if self._has_heard and not self._is_taken:
            progressed_at = max(self._activity.last_event_at, self._started_at)
            limits.append((progressed_at + timeouts.silence, failures.SILENT))
        if not self._is_taken and not (self._is_queued and self._has_led):
            patience = timeouts.silence if self._is_queued else timeouts.first_event
            limits.append((self._started_at + patience, failures.FIRST_EVENT_TIMEOUT))
        if not self._is_queued:  # until others go on, too
            limits.append((self._queued_at if now < self._queued_at else now + QUEUED_AFTER_SECONDS, None))
        return limits

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
