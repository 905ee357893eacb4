"""A source while it is read, and how that is stopped. What is read of it is for its turn."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from service.answers.base import Answer
from service.answers.demand import Demand
from service.tasks import Tasks

log = structlog.get_logger()

STOP_TIMEOUT_SECONDS = 5


class Reading:
    """What a turn needs while its source is read, and no longer: thousands of ended turns are kept."""

    def __init__(self, answer: Answer, demand: Demand, tasks: Tasks, work: Coroutine[Any, Any, None]) -> None:
        self.demand = demand
        self.task = tasks.spawn(work)
        self._answer = answer
        self._tasks = tasks

    def end(self) -> None:
        """The turn is over, though its source may not be."""
        self.demand.is_ending = True

    def cancel(self) -> None:
        """Leave the source alone; it may go on."""
        self.task.cancel()

    def stop(self, turn_id: str) -> None:
        """In the background."""
        self._tasks.spawn(self._stop(turn_id))

    async def _stop(self, turn_id: str) -> None:
        """Only the end of the source's stream proves that it stopped; without that the connection is dropped."""
        structlog.contextvars.bind_contextvars(turn_id=turn_id)  # in this task only, whoever wants the stop
        await self._answer.stop()
        _, unended = await asyncio.wait([self.task], timeout=STOP_TIMEOUT_SECONDS)
        if unended:
            log.warning("turn.stop_unproven")
            self.task.cancel()
