"""What was used within the last minute, and on a day: by `limits`, in memory or in Redis."""

import time
from itertools import islice
from typing import Any

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

MAX_COUNTERS = 50_000
"""In memory, some 300 bytes each: of who has most, the longest; strangers have as many names as they like."""
CANDIDATES = 8
MINUTE_SECONDS = 60
DAY_SECONDS = 24 * 60 * 60
_BOUNDLESS = 2**53

Storage = MemoryStorage | RedisStorage


class BoundedMemory(MemoryStorage):
    """With each hit limits' own looks through all its counters, in a task: 0.8 ms with 10,000. It has no bound."""

    STORAGE_SCHEME = []  # not by a URL

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        count: int = await self.get(key) + amount
        if key not in self.expirations:
            self._make_room()
            self.expirations[key] = time.time() + expiry
        self.storage[key] = count
        return count

    def _make_room(self) -> None:
        """Of the oldest, those that are over are dropped; where there are too many, the one that counts least."""
        now, oldest = time.time(), list(islice(self.expirations, CANDIDATES))
        over = [key for key in oldest if self.expirations[key] <= now]
        if not over and len(self.expirations) >= MAX_COUNTERS:
            over = [min(oldest, key=self.storage.__getitem__)]
        for key in over:
            del self.expirations[key], self.storage[key]


class Counters:
    """Sliding windows of a minute (the last one weighted, and this one), and sums of a day, by name.

    So many a minute may come at once. The methods raise what `storage` raises.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._windows = SlidingWindowCounterRateLimiter(storage)

    async def hit(self, name: str, per_minute: int) -> float:
        """Count one, and return 0; or how many seconds it is until there is room for one."""
        item = RateLimitItemPerMinute(per_minute)
        return 0.0 if await self._windows.hit(item, name) else await self._wait(item, name)

    async def wait(self, name: str, per_minute: int) -> float:
        """As `hit`, without counting."""
        item = RateLimitItemPerMinute(per_minute)
        return 0.0 if await self._windows.test(item, name) else await self._wait(item, name)

    async def add(self, name: str, per_minute: int, amount: int) -> None:
        """Count what happened, also beyond the limit."""
        key = RateLimitItemPerMinute(per_minute).key_for(name)
        await self._storage.acquire_sliding_window_entry(key, _BOUNDLESS, MINUTE_SECONDS, amount)

    async def spend(self, name: str, amount: int, seconds: int = DAY_SECONDS) -> None:
        """The sum is forgotten so many seconds after the first amount."""
        await self._storage.incr(name, seconds, amount)

    async def spent(self, name: str) -> int:
        return await self._storage.get(name)

    async def _wait(self, item: RateLimitItem, name: str) -> float:
        window = await self._storage.get_sliding_window(item.key_for(name), MINUTE_SECONDS)
        return seconds_until_room(item.amount, *window)


def seconds_until_room(limit: int, previous: int, previous_left: float, current: int, current_left: float) -> float:
    """Until `previous`, of which the share `previous_left` of a minute counts, and `current` are less than `limit`.

    `current` counts whole for `current_left` seconds less a minute, then in the same way.
    """
    window_left = max(0.0, current_left - MINUTE_SECONDS)
    if previous and current < limit:
        seconds = previous_left - (limit - current) * MINUTE_SECONDS / previous
        if seconds <= window_left:
            return max(0.0, seconds)
    return window_left + max(0.0, MINUTE_SECONDS - limit * MINUTE_SECONDS / current) if current else window_left


def redis_storage(pool: Any, prefix: str) -> RedisStorage:
    return RedisStorage("async+redis://", implementation="redispy", key_prefix=prefix, connection_pool=pool)
