"""What this process tells the others: commands, the updates of its turns, and what it keeps no longer."""

import asyncio
from contextlib import suppress

from service.cluster.published_turn import PublishedTurn
from service.cluster.redis_store import RedisStore
from service.cluster.wire_format import Command

WRITE_SECONDS = 0.05


class Outbox:
    """Writes all there is at once: commands and ends without delay, updates of the `published` turns with them, or
    after WRITE_SECONDS.
    """

    def __init__(self, store: RedisStore) -> None:
        self._store = store
        self.published: dict[str, PublishedTurn] = {}
        self._commands: list[Command] = []
        self._forgotten: dict[str, str] = {}
        self._is_urgent = asyncio.Event()

    def send(self, command: Command) -> None:
        self._commands.append(command)
        self.wake()

    def forget(self, key: str, claim: str) -> None:
        """Of a turn, unless it has been claimed anew since."""
        self._forgotten[key] = claim
        self.wake()

    def wake(self) -> None:
        """There is something to write now."""
        self._is_urgent.set()

    async def wait(self) -> None:
        """Until there may be something to write."""
        with suppress(TimeoutError):
            async with asyncio.timeout(WRITE_SECONDS if self.published else None):
                await self._is_urgent.wait()
        self._is_urgent.clear()

    async def write(self) -> None:
        """Raises REDIS_ERRORS. A turn whose end is written is published no longer."""
        commands, self._commands = self._commands, []
        forgotten, self._forgotten = self._forgotten, {}
        claimed = {key: local for key, local in self.published.items() if local.is_claimed}
        updates = {key: (local.updates(), local.is_complete) for key, local in claimed.items()}
        turns = {key: (entries, is_end) for key, (entries, is_end) in updates.items() if entries}
        if commands or turns or forgotten:
            await self._store.write(commands, turns, forgotten)
        for key, (_, is_end) in turns.items():
            if is_end:
                del self.published[key]

    def clear(self) -> None:
        """Redis is lost. Of ended turns only claimed ones stay published: other processes wait for their end."""
        self._commands.clear()
        self._forgotten.clear()
        for key, local in list(self.published.items()):
            if local.turn.status is not None and not local.is_claimed:
                del self.published[key]
