"""The waiting line before Dify: so many answers at once, so many questions that wait, none for ever."""

import asyncio
from collections import deque

from service.answers.base import AnswerError
from service.answers.failures import OVERLOADED, WAITED_TOO_LONG


class WaitingLine:
    """First come, first served. `timeout` is how long a question waits at the most, in seconds."""

    def __init__(self, places: int, length: int, timeout: float) -> None:
        self._places_of_all = self._places = places
        self._length = length
        self._timeout = timeout
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    def share(self, processes: int) -> None:
        """So many processes have the places between them; who has taken too many keeps them until they are left."""
        self._places = max(1, self._places_of_all // max(1, processes))
        self._admit()

    def enter_at_once(self) -> bool:
        """Take a place, if one is free and nobody waits for it."""
        is_free = self._taken < self._places and not self._waiting
        self._taken += is_free
        return is_free

    async def enter(self) -> None:
        """Take a place; raise AnswerError where the line is full, or the wait too long."""
        if self.enter_at_once():
            return
        if len(self._waiting) < self._length:
            await self._wait()
        else:
            raise AnswerError(OVERLOADED)

    def leave(self) -> None:
        self._taken -= 1
        self._admit()

    async def _wait(self) -> None:
        place = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            async with asyncio.timeout(self._timeout):
                await place
        except BaseException as error:
            if place.cancelled():
                self._waiting = deque(other for other in self._waiting if other is not place)
            else:  # it came in the very moment in which the wait was given up
                self.leave()
            if isinstance(error, TimeoutError):
                raise AnswerError(WAITED_TOO_LONG) from None
            raise

    def _admit(self) -> None:
        while self._waiting and self._taken < self._places:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                self._taken += 1
