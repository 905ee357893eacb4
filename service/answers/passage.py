"""A file on its way through to Dify."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress


class Passage:
    """The content of a file on its way through: what reading it raised, and a watch over how fast Dify takes it."""

    def __init__(self, content: AsyncIterator[bytes], idle_timeout: float) -> None:
        self._content = content
        self._idle_timeout = idle_timeout
        self.watch = asyncio.timeout(idle_timeout)
        self.trouble: Exception | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """What is raised here is kept, since aiohttp wraps it."""
        try:
            self._wait_for_reader()
            async for chunk in self._content:
                self._wait_for_dify()
                yield chunk
                self._wait_for_reader()
            self._wait_for_dify()
        except Exception as error:
            self.trouble = error
            raise

    def _wait_for_reader(self) -> None:
        """Reading has a patience of its own."""
        with suppress(RuntimeError):  # over already
            self.watch.reschedule(None)

    def _wait_for_dify(self) -> None:
        with suppress(RuntimeError):
            self.watch.reschedule(asyncio.get_running_loop().time() + self._idle_timeout)
