"""Counters and leases that all processes at one Redis share."""

import asyncio
from collections.abc import Iterable, Mapping
from functools import partial

from service.admission.counters import DAY_SECONDS, Counters, redis_storage
from service.admission.leases import Lease, Leases
from service.admission.shared_redis import SharedRedis
from service.redis_link import Command
from service.tasks import wait_within

LEASE_SECONDS = 30
BEAT_SECONDS = 10.0
CLOSE_TIMEOUT_SECONDS = 0.5

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

    async def spend(self, name: str, amount: int, seconds: int = DAY_SECONDS) -> None:
        await self._own.spend(name, amount, seconds)
        await self._redis.ask(partial(super().spend, name, amount, seconds), None)

    async def spent(self, name: str) -> int:
        shared = await self._redis.ask(partial(super().spent, name), None)
        return await self._own.spent(name) if shared is None else shared


class SharedLeases(Leases):
    """Those of a process that died end after LEASE_SECONDS. Where Redis is away, those of this process count."""

    def __init__(self, redis: SharedRedis) -> None:
        super().__init__()
        self._redis = redis
        self._unconfirmed: set[str] = set()

    async def take(self, limits: Mapping[str, int]) -> Lease | str:
        lease = await super().take(limits)
        if isinstance(lease, str) or not limits:
            return lease
        keys = [self._redis.key("held", name) for name in lease.names]
        command: Command = ("EVAL", _TAKE, len(keys), *keys, lease.id, LEASE_SECONDS * 1000, *limits.values())
        self._unconfirmed.add(lease.id)
        try:
            full = await self._redis.ask(lambda: self._redis.queue.ask(command), 0)
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
        """What Redis does not hear of ends after LEASE_SECONDS."""
        super().give_back(lease, names)
        for name in names:
            self._redis.queue.post(("ZREM", self._redis.key("held", name), lease))

    async def run(self) -> None:
        """Tells every BEAT_SECONDS what is held. The first question finds the connections open."""
        await self._redis.ask(self._redis.client.ping, None)
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            await self._renew_all()

    async def close(self) -> None:
        await wait_within(CLOSE_TIMEOUT_SECONDS, self._redis.queue.empty())
        await self._redis.close()

    async def _renew_all(self) -> None:
        for name, leases in list(self._held.items()):
            if confirmed := leases - self._unconfirmed:
                key = self._redis.key("held", name)
                command: Command = ("EVAL", _RENEW, 1, key, LEASE_SECONDS * 1000, *confirmed)
                await self._redis.ask(partial(self._redis.queue.ask, command), None)
