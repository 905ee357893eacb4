"""A concurrency limiter with a bounded and fair queue, which learns how much its source can take."""

import asyncio
import contextvars
import time
from collections import Counter
from collections.abc import Callable
from enum import Enum, auto

import structlog

from service.answers.base import AnswerError
from service.answers.demand import Demand
from service.answers.failures import OVERLOADED, WAITED_TOO_LONG
from service.answers.resilience.fair_order import most_last
from service.tally import Tally

log = structlog.get_logger()

INCREASE_SECONDS = 10
RETURN_SECONDS = 3
"""A client that comes back by itself is back within so long, unless its network is gone."""

waits = Tally("limiter.waits", see="DIFY_MAX_CONCURRENCY")
displacements = Tally("limiter.displaced", see="DIFY_MAX_CONCURRENCY")


class _Outcome(Enum):
    """Of a wait."""

    GRANTED = auto()
    REFUSED = auto()
    CHANGED = auto()  # nobody listens any more, or somebody listens again


_Queue = dict[Demand, "asyncio.Future[_Outcome]"]


class Limiter:
    """`slots` at once; up to `max_waiting` wait for one, `timeout` seconds at most.

    Who has most, running and waiting, waits longest, by address (or else connection) and by user; among equals it is
    first come, first served. Where too many wait, the newest of who has most is refused. A demand that is abandoned
    leaves the queue, and queues anew when somebody listens again; where it has a slot, it is displaced by what waits:
    the oldest first, the only one of its user not before RETURN_SECONDS have passed.

    Additive increase, multiplicative decrease: told of an overload it grants half as many as were taken, and one more
    in each INCREASE_SECONDS in which a call of as many as are granted is over. While it grants less than its slots, who
    waits may wait for `patience` seconds: nobody's choice was a limit as low as that.
    """

    def __init__(
        self,
        slots: int,
        max_waiting: int,
        timeout: float,
        patience: float = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._slots = self._learned = slots
        self._processes = 1
        self._max_waiting = max_waiting
        self._timeout = timeout
        self._patience = patience
        self.clock = clock
        self._taken: dict[Demand, asyncio.TimerHandle | None] = {}  # the oldest first; while it is spared, until when
        self._waiting: _Queue = {}
        self._abandoned: _Queue = {}
        self._displaced = 0
        self._decreased_at = self._changed_at = float("-inf")

    @property
    def limit(self) -> int:
        """How many this process may take at once."""
        return max(1, self._learned // self._processes)

    def counts(self) -> dict[str, int]:
        """For /health."""
        return {
            "answers_at_once": self.limit,
            "answers_taken": len(self._taken),
            "answers_waiting": len(self._waiting),
            "answers_displaced": self._displaced,
        }

    def divide(self, processes: int) -> None:
        """Leave this process its share of the slots. More than that may be taken until they are released."""
        self._processes = max(1, processes)
        self._grant()

    def try_acquire(self, demand: Demand) -> bool:
        """Take a slot, if one is free and nobody waits for it."""
        is_free = len(self._taken) < self.limit and not self._waiting
        if is_free:
            self._take(demand)
        return is_free

    async def acquire(self, demand: Demand) -> None:
        """Raises AnswerError where too many wait, or the wait is too long."""
        is_granted = self.try_acquire(demand)
        while not is_granted:
            if demand.is_abandoned:
                await self._until_listened_to(demand)
                is_granted = self.try_acquire(demand)
            else:
                is_granted = await self._wait(demand)

    def release(self, demand: Demand) -> None:
        self._increase()
        self._give_back(demand)
        self._grant()

    def decrease(self, admitted_at: float) -> None:
        """A call that got its slot then, on `clock`, has met an overload: the source cannot take so many at once.

        What was admitted before the last decrease tells of the same overload.
        """
        before = self.limit
        if admitted_at <= self._decreased_at:
            return
        self._decreased_at = self._changed_at = self.clock()
        self._learn(min(before, len(self._taken)) // 2)
        if self.limit < before:
            log.warning("limiter.decreased", limit=self.limit, before=before, taken=len(self._taken))
        self._displace()

    def reject(self, demand: Demand, admitted_at: float) -> None:
        """The same, and take the slot back: the source refused the call, and takes no more than it has now."""
        self.decrease(admitted_at)
        self._give_back(demand)
        self._learn(min(self.limit, len(self._taken)))

    def _learn(self, limit: int) -> None:
        self._learned = min(self._slots, max(1, limit) * self._processes)

    def _increase(self) -> None:
        """Only where as many as may be are taken: else nothing says that one more could be."""
        now = self.clock()
        if self._is_reduced and len(self._taken) >= self.limit and now - self._changed_at >= INCREASE_SECONDS:
            self._changed_at = now
            self._learned = min(self._slots, self._learned + 1)
            log.info("limiter.increased", limit=self.limit)

    @property
    def _is_reduced(self) -> bool:
        return self._learned < self._slots

    def _take(self, demand: Demand) -> None:
        self._taken[demand] = None
        demand.on_change = self._on_change

    def _give_back(self, demand: Demand) -> None:
        if (timer := self._taken.pop(demand)) is not None:
            timer.cancel()

    async def _wait(self, demand: Demand) -> bool:
        """False where nobody listens any more."""
        outcome = self._enqueue(self._waiting, demand)
        if not outcome.done():
            waits.add()
            self._displace()
        try:
            await self._until_decided(outcome)
        except BaseException:
            if demand in self._taken:  # granted in the same iteration of the event loop in which it was given up
                self.release(demand)
            self._waiting.pop(demand, None)
            raise
        return _is_granted(outcome)

    async def _until_decided(self, outcome: "asyncio.Future[_Outcome]") -> None:
        await asyncio.wait([outcome], timeout=self._timeout)
        if not outcome.done() and self._is_reduced:
            await asyncio.wait([outcome], timeout=max(0, self._patience - self._timeout))
        if not outcome.done():
            raise AnswerError(WAITED_TOO_LONG)

    async def _until_listened_to(self, demand: Demand) -> None:
        """No longer than its turn: that ends when nobody comes back."""
        outcome = self._enqueue(self._abandoned, demand)
        try:
            await asyncio.wait([outcome])
        finally:
            self._abandoned.pop(demand, None)
        _is_granted(outcome)

    def _enqueue(self, queue: _Queue, demand: Demand) -> "asyncio.Future[_Outcome]":
        """Where the queue becomes too long, who has most leaves it."""
        demand.on_change = self._on_change
        outcome = queue[demand] = asyncio.get_running_loop().create_future()
        if len(queue) > self._max_waiting:
            running = self._taken if queue is self._waiting else {}
            may_leave = [other for other in reversed(queue) if not other.is_decision] or [demand]
            self._decide(queue, max(may_leave, key=most_last(running, queue)), _Outcome.REFUSED)
        return outcome

    def _on_change(self, demand: Demand) -> None:
        for queue in (self._waiting, self._abandoned):
            if demand in queue:
                self._decide(queue, demand, _Outcome.CHANGED)
        if demand in self._taken:
            self._end_sparing(demand)
            if demand.is_abandoned:
                loop, context = asyncio.get_running_loop(), contextvars.Context()
                self._taken[demand] = loop.call_later(RETURN_SECONDS, self._end_sparing, demand, context=context)
        self._displace()

    def _end_sparing(self, demand: Demand) -> None:
        if (timer := self._taken[demand]) is not None:
            timer.cancel()
            self._taken[demand] = None
            self._displace()

    def _grant(self) -> None:
        while self._waiting and len(self._taken) < self.limit:
            demand = min(self._waiting, key=most_last(self._taken, self._waiting))
            self._take(demand)
            self._decide(self._waiting, demand, _Outcome.GRANTED)
        self._displace()

    def _displace(self) -> None:
        """As many as it takes, beside those that end anyway."""
        if not self._waiting:
            return
        lasting = [demand for demand in self._taken if not demand.is_ending]
        missing = len(self._waiting) - (self.limit - len(lasting))
        for demand in self._displaceable(lasting)[: max(0, missing)]:
            self._displaced += 1
            displacements.add()
            demand.displace()

    def _displaceable(self, running: list[Demand]) -> list[Demand]:
        by_user = Counter(demand.user for demand in (*running, *self._abandoned, *self._waiting))
        return [
            demand
            for demand in running
            if demand.is_abandoned and (self._taken[demand] is None or by_user[demand.user] > 1)
        ]

    def _decide(self, queue: _Queue, demand: Demand, outcome: _Outcome) -> None:
        queue.pop(demand).set_result(outcome)


def _is_granted(outcome: "asyncio.Future[_Outcome]") -> bool:
    if outcome.result() is _Outcome.REFUSED:
        raise AnswerError(OVERLOADED)
    return outcome.result() is _Outcome.GRANTED
