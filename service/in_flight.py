"""Work under way that the end of the service waits for, and aborts when its time is over."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Work:
    """To be done within `lifetime`, which raises TimeoutError when the work is aborted."""

    __slots__ = ("ended", "lifetime")

    def __init__(self) -> None:
        self.lifetime = asyncio.timeout(None)
        self.ended = asyncio.Event()

    def abort(self) -> None:
        with suppress(RuntimeError):  # it has not begun, or is over
            self.lifetime.reschedule(asyncio.get_running_loop().time())


class InFlight:
    """Aborted work may still say so to its client before it ends."""

    def __init__(self) -> None:
        self._running: set[Work] = set()

    def __len__(self) -> int:
        return len(self._running)

    @contextmanager
    def track(self) -> Iterator[Work]:
        work = Work()
        self._running.add(work)
        try:
            yield work
        finally:
            self._running.remove(work)
            work.ended.set()

    async def wait_ended(self) -> None:
        """Until what runs now has ended; what begins meanwhile is not waited for."""
        for work in list(self._running):
            await work.ended.wait()

    def abort(self) -> None:
        for work in list(self._running):
            work.abort()
