"""The answers on their way to one client, each delivered by a task of its own."""

import asyncio
from collections.abc import Iterator

import structlog

from service.chat import close_codes
from service.chat.delivery import Delivery
from service.chat.running_turn import RunningTurn
from service.chat.turn import Turn

log = structlog.get_logger()


class Deliveries:
    """Those under way, by their turns; `begun` counts all that there were."""

    def __init__(self) -> None:
        self.begun = 0
        self._tasks: dict[Turn, asyncio.Task[None]] = {}
        self._is_gone_for_good = False

    def __len__(self) -> int:
        return len(self._tasks)

    def __iter__(self) -> Iterator[Turn]:
        return iter(self._tasks)

    def begin(self, delivery: Delivery, *, may_resume: bool) -> None:
        """Unless its turn is delivered already."""
        if (turn := delivery.turn) in self._tasks:
            return
        turn.join(may_resume=may_resume)
        task = self._tasks[turn] = asyncio.create_task(_run(delivery))
        self.begun += 1
        task.add_done_callback(lambda _: self._end(turn))

    async def wait_own(self) -> None:
        """Until none is left of a turn of this process. Others can be resumed through others."""
        while own := [task for turn, task in self._tasks.items() if isinstance(turn, RunningTurn)]:
            await asyncio.wait(own)

    def cancel(self, *, for_good: bool) -> None:
        """The client has left, `for_good` if it does not come back."""
        self._is_gone_for_good = for_good
        for task in self._tasks.values():
            task.cancel()

    async def wait_all(self) -> None:
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _end(self, turn: Turn) -> None:
        del self._tasks[turn]
        turn.leave(for_good=self._is_gone_for_good)


async def _run(delivery: Delivery) -> None:
    try:
        await delivery.run()
    except Exception:
        log.exception("delivery.failed", turn_id=delivery.turn.id)
        await delivery.client.close(close_codes.INTERNAL_ERROR)
