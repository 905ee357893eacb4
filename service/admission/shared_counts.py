"""Counters and leases that all processes at one Redis share."""

import asyncio
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from service.admission.counters import Counters, redis_storage
from service.admission.leases import Lease, Leases
from service.admission.shared_redis import SharedRedis

LEASE_SECONDS = 30
BEAT_SECONDS = 10.0
LEASES_PER_ROUND_TRIP = 200

# KEYS: a sorted set of leases for each name. ARGV: the lease, its time (ms), the limit of each name; by Redis's clock.
# Returns the number of the first name that is full, or 0, and then they are taken.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for number, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
  if redis.call('ZCARD', key) >= tonumber(ARGV[number + 2]) then return number end
end
for _, key in ipairs(KEYS) do
  redis.call('ZADD', key, now + ARGV[2], ARGV[1])
  redis.call('PEXPIRE', key, ARGV[2])
end
return 0
"""
# KEYS: as above. ARGV: time (ms), leases that are held.
_RENEW = """
local time = redis.call('TIME')
local ends = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1]
for number = 2, #ARGV do redis.call('ZADD', KEYS[1], ends, ARGV[number]) end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
"""


class SharedCounters(Counters):
    """Where Redis is away, those of this process count: `own`, which know what was spent here, too."""

    def __init__(self, redis: SharedRedis, own: Counters) -> None:
        super().__init__(redis_storage(redis.pool, redis.key("used")))
        self._redis = redis
        self._own = own

    async def hit(self, name: str, per_minute: int) -> float:
        wait = await self._redis.ask(partial(super().hit, name, per_minute), None)
        return await self._own.hit(name, per_minute) if wait is None else wait

    async def wait(self, name: str, per_minute: int) -> float:
        wait = await self._redis.ask(partial(super().wait, name, per_minute), None)
        return await self._own.wait(name, per_minute) if wait is None else wait

    async def add(self, name: str, per_minute: int, amount: int) -> None:
        await self._own.add(name, per_minute, amount)
        await self._redis.ask(partial(super().add, name, per_minute, amount), None)

    async def spend(self, name: str, amount: int) -> None:
        await self._own.spend(name, amount)
        await self._redis.ask(partial(super().spend, name, amount), None)

    async def spent(self, name: str) -> int:
        shared = await self._redis.ask(partial(super().spent, name), None)
        return await self._own.spent(name) if shared is None else shared


class SharedLeases(Leases):
    """Those of a process that died end after LEASE_SECONDS. Where Redis is away, those of this process count."""

    def __init__(self, redis: SharedRedis) -> None:
        super().__init__()
        self._redis = redis
        self._take = redis.client.register_script(_TAKE)
        self._renew = redis.client.register_script(_RENEW)
        self._unconfirmed: set[str] = set()
        self._given_back: list[tuple[str, str]] = []
        self._has_some = asyncio.Event()

    async def take(self, limits: Mapping[str, int]) -> Lease | str:
        lease = await super().take(limits)
        if isinstance(lease, str) or not limits:
            return lease
        keys = [self._redis.key("held", name) for name in lease.names]
        arguments: list[Any] = [lease.id, LEASE_SECONDS * 1000, *limits.values()]
        self._unconfirmed.add(lease.id)
        try:
            full = await self._redis.ask(lambda: self._take(keys=keys, args=arguments), 0)
        except asyncio.CancelledError:
            lease.give_back()
            raise
        finally:
            self._unconfirmed.discard(lease.id)
        if not full:
            return lease
        name = lease.names[full - 1]
        super().give_back(lease.id, lease.names)
        lease.names = ()
        return name

    def give_back(self, lease: str, names: Iterable[str]) -> None:
        super().give_back(lease, names)
        self._given_back += ((name, lease) for name in names)
        self._has_some.set()

    async def run(self) -> None:
        """Tells what was given back at once, and every BEAT_SECONDS what is held; one by one, as it happened."""
        loop = asyncio.get_running_loop()
        due = loop.time() + BEAT_SECONDS
        while True:
            try:
                async with asyncio.timeout_at(due):
                    await self._has_some.wait()
                await self._tell_given_back()
            except TimeoutError:
                await self._beat()
                due = loop.time() + BEAT_SECONDS

    async def close(self) -> None:
        await self._tell_given_back()
        await self._redis.close()

    async def _tell_given_back(self) -> None:
        given_back, self._given_back = self._given_back, []
        self._has_some.clear()

        async def tell() -> None:
            async with self._redis.client.pipeline(transaction=False) as pipe:
                for name, lease in given_back:
                    pipe.zrem(self._redis.key("held", name), lease)
                await pipe.execute()

        if given_back:
            await self._redis.ask(tell, None)

    async def _beat(self) -> None:
        names = list(self._held)
        for start in range(0, len(names), LEASES_PER_ROUND_TRIP):
            held = [(name, self._held.get(name)) for name in names[start : start + LEASES_PER_ROUND_TRIP]]
            await self._redis.ask(partial(self._renew_all, held), None)

    async def _renew_all(self, held: list[tuple[str, set[str] | None]]) -> None:
        async with self._redis.client.pipeline(transaction=False) as pipe:
            for name, leases in held:
                if confirmed := (leases or set()) - self._unconfirmed:
                    arguments: list[Any] = [LEASE_SECONDS * 1000, *confirmed]
                    await self._renew(keys=[self._redis.key("held", name)], args=arguments, client=pipe)
            await pipe.execute()
