"""A concurrency limiter with a bounded queue."""

import asyncio
from collections import deque

from service.answers.base import AnswerError
from service.answers.failures import OVERLOADED, WAITED_TOO_LONG


class Limiter:
    """`slots` at once, first come, first served; up to `max_waiting` wait for one, `timeout` seconds at most."""

    def __init__(self, slots: int, max_waiting: int, timeout: float) -> None:
        self._total_slots = self._slots = slots
        self._max_waiting = max_waiting
        self._timeout = timeout
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    def divide(self, processes: int) -> None:
        """Leave this process its share of the slots. More than that may be taken until they are released."""
        self._slots = max(1, self._total_slots // max(1, processes))
        self._grant()

    def try_acquire(self) -> bool:
        """Take a slot, if one is free and nobody waits for it."""
        is_free = self._taken < self._slots and not self._waiting
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
        self._taken -= 1
        self._grant()

    async def _wait(self) -> None:
        slot = asyncio.get_running_loop().create_future()
        self._waiting.append(slot)
        try:
            async with asyncio.timeout(self._timeout):
                await slot
        except BaseException as error:
            if slot.cancelled():
                self._waiting = deque(other for other in self._waiting if other is not slot)
            else:  # granted in the same iteration of the event loop in which the wait was given up
                self.release()
            if isinstance(error, TimeoutError):
                raise AnswerError(WAITED_TOO_LONG) from None
            raise

    def _grant(self) -> None:
        while self._waiting and self._taken < self._slots:
            slot = self._waiting.popleft()
            if not slot.done():
                slot.set_result(None)
                self._taken += 1
