"""The waiting line before Dify: so many answers at once, so many questions that wait, none for ever."""

import asyncio

from service.answers.base import AnswerError
from service.answers.failures import OVERLOADED, WAITED_TOO_LONG


class WaitingLine:
    """First come, first served. `timeout` is how long a question waits at the most, in seconds."""

    def __init__(self, places: int, length: int, timeout: float) -> None:
        self._places = asyncio.Semaphore(places)
        self._length = length
        self._timeout = timeout
        self._waiting = 0

    async def enter(self) -> None:
        """Take a place; raise AnswerError where the line is full, or the wait too long."""
        if self._places.locked() and self._waiting >= self._length:
            raise AnswerError(OVERLOADED)
        self._waiting += 1
        try:
            async with asyncio.timeout(self._timeout):
                await self._places.acquire()
        except TimeoutError:
            raise AnswerError(WAITED_TOO_LONG) from None
        finally:
            self._waiting -= 1

    def leave(self) -> None:
        self._places.release()
