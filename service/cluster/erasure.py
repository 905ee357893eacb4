"""What the holders of tokens wanted to be forgotten, erased from Redis and told to the other processes."""

import asyncio
from collections.abc import Iterable

from service.chat.client_identity import Owner
from service.cluster.redis_store import RUNNING_SECONDS, RedisStore
from service.cluster.wire_format import ForgetAll

MAX_OWNERS = 1_000
MAX_DUE = 10_000
PERIOD_SECONDS = 1.0
"""Between two looks at all keys: who has much to be forgotten keeps Redis from nobody."""
KEPT_SECONDS = float(RUNNING_SECONDS)
"""After that Redis has forgotten by itself."""


class Erasure:
    """One look at all keys serves all who wait for it, and there is one at a time, in PERIOD_SECONDS at most.

    Beyond MAX_DUE the one of longest ago is left to Redis's own forgetting; processes that live are told in any case.
    """

    def __init__(self, store: RedisStore) -> None:
        self._store = store
        self._said: dict[str, float] = {}
        self._due: dict[str, None] = {}
        self._is_due = asyncio.Event()

    def add(self, owner: Owner, now: float) -> ForgetAll:
        """`now` is in monotonic seconds. Beyond MAX_OWNERS the one of longest ago is not told again."""
        self._said.pop(owner.key, None)
        self._said[owner.key] = now
        if len(self._said) > MAX_OWNERS:
            del self._said[next(iter(self._said))]
        self._erase_soon([owner.key])
        return ForgetAll(owner.key)

    def again(self, now: float) -> list[ForgetAll]:
        """After Redis was away: others may not have heard it, or may have stored something again."""
        self._said = {owner: at for owner, at in self._said.items() if now - at < KEPT_SECONDS}
        self._erase_soon(self._said)
        return [ForgetAll(owner, now - at) for owner, at in self._said.items()]

    async def run(self) -> None:
        """Erase what is due, when something is. Raises REDIS_ERRORS; then it is due again."""
        await self._is_due.wait()
        self._is_due.clear()
        owners, self._due = self._due, {}
        try:
            await self._store.erase(owners)
        except BaseException:
            self._erase_soon(owners)
            raise
        await asyncio.sleep(PERIOD_SECONDS)

    def _erase_soon(self, owners: Iterable[str]) -> None:
        self._due.update(dict.fromkeys(owners))
        while len(self._due) > MAX_DUE:
            del self._due[next(iter(self._due))]
        if self._due:
            self._is_due.set()
