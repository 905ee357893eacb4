"""Tasks with an owner, which ends them; and waits with an end."""

import asyncio
from collections.abc import Awaitable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


class Tasks:
    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def finish(self, within: float) -> None:
        """Wait up to `within` seconds for the tasks running now, then cancel and await all."""
        if self._running:
            await asyncio.wait(self._running, timeout=within)
        remaining = list(self._running)
        for task in remaining:
            task.cancel()
        await asyncio.gather(*remaining, return_exceptions=True)


async def wait_within(seconds: float, what: Awaitable[Any]) -> None:
    """Until it is done, or that time is over: then it is cancelled."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await what
