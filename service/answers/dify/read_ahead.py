"""What Dify sends, read at its pace, for a reader who may be slower: Dify's place is free when Dify is done."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing

from service.answers.app_api import SlowReader
from service.answers.dify.client import BodyStream
from service.answers.uploads import MEGABYTE

MAX_AHEAD_BYTES = 4 * MEGABYTE
MAX_KEPT_BYTES = 64 * MEGABYTE
"""Of all readers together; beyond that Dify is read as slowly as its reader reads."""


class Ahead:
    """Counts what is kept for all readers."""

    def __init__(self) -> None:
        self.kept_bytes = 0

    def read(
        self, first: bytes, stream: BodyStream, held: AsyncExitStack
    ) -> tuple[AsyncGenerator[bytes, None], AsyncExitStack]:
        """`first`, and what follows in `stream`; and what is to be closed, also where nothing is read.

        `held` is closed as soon as the stream is at its end. The chunks raise AnswerError.
        """
        chunks, cleanup = self._read(first, stream, held), AsyncExitStack()
        cleanup.push_async_callback(held.aclose)
        cleanup.push_async_callback(chunks.aclose)
        return chunks, cleanup

    async def _read(self, first: bytes, stream: BodyStream, held: AsyncExitStack) -> AsyncGenerator[bytes, None]:
        buffer = _Buffer(self)
        filling = asyncio.create_task(buffer.fill(first, stream, held))
        try:
            while chunk := await buffer.take():
                yield chunk
            await filling
        finally:
            filling.cancel()
            await asyncio.gather(filling, return_exceptions=True)
            self.kept_bytes -= buffer.size


class _Buffer:
    """`size` is what waits for the reader, in bytes."""

    def __init__(self, ahead: Ahead) -> None:
        self.size = 0
        self._ahead = ahead
        self._pieces: asyncio.Queue[bytes] = asyncio.Queue()
        self._was_taken = asyncio.Event()

    async def fill(self, first: bytes, stream: BodyStream, held: AsyncExitStack) -> None:
        try:
            async with held:
                chunk = first
                while chunk:
                    self._count(len(chunk))
                    self._pieces.put_nowait(chunk)
                    await self._wait_for_room()
                    chunk = await stream.read()
        finally:
            self._pieces.put_nowait(b"")

    async def take(self) -> bytes:
        """Empty at the end."""
        await asyncio.sleep(0)  # where there is always more, anyio would never find a moment to cancel the reader
        chunk = await self._pieces.get()
        self._count(-len(chunk))
        self._was_taken.set()
        return chunk

    def _count(self, size: int) -> None:
        self.size += size
        self._ahead.kept_bytes += size

    async def _wait_for_room(self) -> None:
        while self.size > MAX_AHEAD_BYTES or (self.size and self._ahead.kept_bytes > MAX_KEPT_BYTES):
            self._was_taken.clear()
            await self._was_taken.wait()


async def paced(
    chunks: AsyncGenerator[bytes, None], slow_after: float, bytes_per_second: float
) -> AsyncGenerator[bytes, None]:
    """Raises SlowReader, too, for a reader who was waited for so many seconds, and is slower than that."""
    size, waited = 0, 0.0
    async with aclosing(chunks):
        async for chunk in chunks:
            before = time.monotonic()
            yield chunk
            size, waited = size + len(chunk), waited + time.monotonic() - before
            if waited > slow_after and size < bytes_per_second * waited:
                raise SlowReader
