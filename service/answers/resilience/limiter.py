"""A concurrency limiter with a bounded queue, which learns how much its source can take."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

import structlog

from service.answers.base import AnswerError
from service.answers.failures import OVERLOADED, WAITED_TOO_LONG

log = structlog.get_logger()

INCREASE_SECONDS = 10


class Limiter:
    """`slots` at once, first come, first served; up to `max_waiting` wait for one, `timeout` seconds at most.

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
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._decreased_at = self._changed_at = float("-inf")

    @property
    def limit(self) -> int:
        """How many this process may take at once."""
        return max(1, self._learned // self._processes)

    def counts(self) -> dict[str, int]:
        """For /health."""
        return {"answers_at_once": self.limit, "answers_taken": self._taken, "answers_waiting": len(self._waiting)}

    def divide(self, processes: int) -> None:
        """Leave this process its share of the slots. More than that may be taken until they are released."""
        self._processes = max(1, processes)
        self._grant()

    def try_acquire(self) -> bool:
        """Take a slot, if one is free and nobody waits for it."""
        is_free = self._taken < self.limit and not self._waiting
        self._taken += is_free
        return is_free

    async def acquire(self) -> None:
        """Raises AnswerError where the queue is full, or the wait too long."""
        if self.try_acquire():
            return
        if len(self._waiting) < self._max_waiting:
            await self._wait()
        else:
            raise AnswerError(OVERLOADED)

    def release(self) -> None:
        self._increase()
        self._taken -= 1
        self._grant()

    def decrease(self, admitted_at: float) -> None:
        """A call that got its slot then, on `clock`, has met an overload: the source cannot take so many at once.

        What was admitted before the last decrease tells of the same overload.
        """
        before = self.limit
        if admitted_at <= self._decreased_at:
            return
        self._decreased_at = self._changed_at = self.clock()
        self._learn(min(before, self._taken) // 2)
        if self.limit < before:
            log.warning("limiter.decreased", limit=self.limit, before=before, taken=self._taken)

    def reject(self, admitted_at: float) -> None:
        """The same, and take the slot back: the source refused the call, and takes no more than it has now."""
        self.decrease(admitted_at)
        self._taken -= 1
        self._learn(min(self.limit, self._taken))

    def _learn(self, limit: int) -> None:
        self._learned = min(self._slots, max(1, limit) * self._processes)

    def _increase(self) -> None:
        """Only where as many as may be are taken: else nothing says that one more could be."""
        now = self.clock()
        if self._is_reduced and self._taken >= self.limit and now - self._changed_at >= INCREASE_SECONDS:
            self._changed_at = now
            self._learned = min(self._slots, self._learned + 1)
            log.info("limiter.increased", limit=self.limit)

    @property
    def _is_reduced(self) -> bool:
        return self._learned < self._slots

    async def _wait(self) -> None:
        slot = asyncio.get_running_loop().create_future()
        self._waiting.append(slot)
        try:
            await self._until_granted(slot)
        except BaseException:
            if slot.done():  # granted in the same iteration of the event loop in which the wait was given up
                self.release()
            else:
                self._waiting.remove(slot)
            raise

    async def _until_granted(self, slot: asyncio.Future[None]) -> None:
        await asyncio.wait([slot], timeout=self._timeout)
        if not slot.done() and self._is_reduced:
            await asyncio.wait([slot], timeout=max(0, self._patience - self._timeout))
        if not slot.done():
            raise AnswerError(WAITED_TOO_LONG)

    def _grant(self) -> None:
        while self._waiting and self._taken < self.limit:
            self._waiting.popleft().set_result(None)
            self._taken += 1
