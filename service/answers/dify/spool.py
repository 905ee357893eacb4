"""Files on their way to Dify, kept until they are whole: who sends slowly holds none of Dify's places.

Small ones are kept in memory, larger ones on disk (TMPDIR). Where there is no room for all, who sends slowest is
refused.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from tempfile import SpooledTemporaryFile
from typing import Any, Self

from service.answers.base import AnswerError
from service.answers.failures import OVERLOADED
from service.answers.uploads import MEGABYTE, File
from service.tally import Tally

MAX_IN_MEMORY_BYTES = 64 * 1024
MAX_KEPT_BYTES = 1024 * MEGABYTE
"""Of all files together."""
MAX_ON_DISK = 64
"""Files: each is one of those that the process may have open (open_files.RESERVED)."""
AT_ONCE = 2
MAX_WAITING = 20
"""Files of one owner: so many are taken in at once, and more are not read yet."""
PIECE_BYTES = 64 * 1024

refused = Tally("uploads.no_room", see="TMPDIR")


def _no_room() -> AnswerError:
    refused.add()
    return AnswerError(OVERLOADED)


class Spool:
    """`kept_bytes` and `on_disk` are of now, and so are the files in `coming`, which are not whole."""

    def __init__(self) -> None:
        self.kept_bytes = self.on_disk = 0
        self.coming: set[_Kept] = set()
        self._owners: dict[str, _Owner] = {}

    @asynccontextmanager
    async def whole(self, file: File, owner: str) -> AsyncIterator[File]:
        """The same file when all of it has come. Raises what reading it raises, and AnswerError for lack of room."""
        async with self._turn(owner), _Kept(self) as kept:
            await kept.receive(file.content)
            yield File(file.name, file.media_type, kept.read(), kept.size)

    def make_room(self, newcomer: "_Kept") -> None:
        """Raises AnswerError where it is the newcomer who has to go."""
        while self.kept_bytes > MAX_KEPT_BYTES or self.on_disk > MAX_ON_DISK:
            now = time.monotonic()
            coming = [kept for kept in self.coming if kept.is_on_disk] or [newcomer]
            slowest = min(coming, key=lambda kept: kept.bytes_per_second(now))
            slowest.give_up()
            if slowest is newcomer:
                raise _no_room()

    @asynccontextmanager
    async def _turn(self, name: str) -> AsyncIterator[None]:
        owner = self._owners.setdefault(name, _Owner())
        if owner.files >= AT_ONCE + MAX_WAITING:
            raise AnswerError(OVERLOADED)
        owner.files += 1
        try:
            async with owner.turns:
                yield
        finally:
            owner.files -= 1
            if not owner.files:
                del self._owners[name]


class _Owner:
    def __init__(self) -> None:
        self.files = 0
        self.turns = asyncio.Semaphore(AT_ONCE)


class _Kept:
    """One file."""

    def __init__(self, spool: Spool) -> None:
        self.size = 0
        self.is_on_disk = False
        self._spool = spool
        self._began_at = time.monotonic()
        self._coming = asyncio.timeout(None)
        self._file = SpooledTemporaryFile[bytes](MAX_IN_MEMORY_BYTES)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._leave()
        self._file.close()

    def bytes_per_second(self, now: float) -> float:
        return self.size / max(now - self._began_at, 0.001)

    async def receive(self, content: AsyncIterator[bytes]) -> None:
        """Raises AnswerError where there is no room for it, or no more."""
        self._spool.coming.add(self)
        try:
            async with self._coming:
                async for chunk in content:
                    await self._add(chunk)
        except TimeoutError:
            raise _no_room() from None
        finally:
            self._spool.coming.discard(self)

    def give_up(self) -> None:
        """It counts no more from now on; who receives it is told at its next wait."""
        self._spool.coming.discard(self)
        self._leave()
        self._coming.reschedule(asyncio.get_running_loop().time())

    def _leave(self) -> None:
        self._spool.kept_bytes -= self.size
        self._spool.on_disk -= self.is_on_disk
        self.size, self.is_on_disk = 0, False

    async def _add(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self._spool.kept_bytes += len(chunk)
        if not self.is_on_disk and self.size > MAX_IN_MEMORY_BYTES:
            self.is_on_disk = True
            self._spool.on_disk += 1
        self._spool.make_room(self)
        try:
            await self._run(self._file.write, chunk)
        except OSError as error:
            raise _no_room() from error

    async def read(self) -> AsyncIterator[bytes]:
        self._file.seek(0)
        while chunk := await self._run(self._file.read, PIECE_BYTES):
            yield chunk

    async def _run(self, method: Any, argument: Any) -> Any:
        """What touches the disk does so in a thread."""
        return await asyncio.to_thread(method, argument) if self.is_on_disk else method(argument)
