"""A file on its way to Dify."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress


class UploadStream:
    """A file's content. `timeout` limits how long Dify may take for a chunk; `read_error` is what reading raised."""

    def __init__(self, content: AsyncIterator[bytes], idle_timeout: float) -> None:
        self._content = content
        self._idle_timeout = idle_timeout
        self.timeout = asyncio.timeout(idle_timeout)
        self.read_error: Exception | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """An error is kept, since aiohttp wraps it."""
        try:
            self._pause_timeout()
            async for chunk in self._content:
                self._restart_timeout()
                yield chunk
                self._pause_timeout()
            self._restart_timeout()
        except Exception as error:
            self.read_error = error
            raise

    def _pause_timeout(self) -> None:
        """While the client is read, which has its own limits."""
        with suppress(RuntimeError):  # expired
            self.timeout.reschedule(None)

    def _restart_timeout(self) -> None:
        with suppress(RuntimeError):
            self.timeout.reschedule(asyncio.get_running_loop().time() + self._idle_timeout)
