"""Redis: a claim and a stream for each turn, a stream of commands, a script for leases."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from service.cluster.wire_format import Command, Entry, decode_command, decode_entries, encode
from service.redis_options import redis_options

TIMEOUT_SECONDS = 3.0
MAX_CONNECTIONS = 32
"""Of a process. What comes beyond that waits: by default it would fail, and Redis would pass for lost."""
MAX_COMMANDS = 10_000
MAX_TURN_SECONDS = 3600
START = "0"

REDIS_ERRORS = (RedisError, OSError)
"""What each method may raise."""

# KEYS: leases; clients of each process. ARGV: process, lease (ms), its clients. By the clock of Redis.
_BEAT = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
for _, dead in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)) do
  redis.call('ZREM', KEYS[1], dead)
  redis.call('HDEL', KEYS[2], dead)
end
return redis.call('HGETALL', KEYS[2])
"""

# KEYS: a claim and a stream for each turn. ARGV: the claims as they were made; what others claim since is theirs.
_FORGET = """
for index, claim in ipairs(ARGV) do
  if redis.call('GET', KEYS[2 * index - 1]) == claim then
    redis.call('UNLINK', KEYS[2 * index - 1], KEYS[2 * index])
  end
end
"""


class RedisStore:
    """Keys of one service, under `prefix`. Ended turns are kept for `resume_window` seconds."""

    def __init__(self, url: str, prefix: str, resume_window: float) -> None:
        options = redis_options(url, TIMEOUT_SECONDS)
        pool = BlockingConnectionPool.from_url(url, **options, max_connections=MAX_CONNECTIONS, timeout=TIMEOUT_SECONDS)
        self._redis = Redis.from_pool(pool)
        self._prefix = prefix
        self._resume_seconds = max(1, math.ceil(resume_window))
        self._commands = self._name("commands")
        self._beat = self._redis.register_script(_BEAT)

    async def beat(self, process: str, clients: int, lease: float) -> dict[str, int]:
        """Renew the lease, in seconds. Returns the number of clients of each living process."""
        keys = [self._name("alive"), self._name("clients")]
        reply = await self._beat(keys=keys, args=[process, round(lease * 1000), clients])
        return {name.decode(): int(count) for name, count in zip(reply[::2], reply[1::2], strict=True)}

    async def leave(self, process: str) -> None:
        await self._redis.zrem(self._name("alive"), process)
        await self._redis.hdel(self._name("clients"), process)

    async def claim(self, claims: Mapping[str, str]) -> dict[str, str]:
        """Returns the claim that counts for each turn: the first one."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for key, claim in claims.items():
                pipe.set(self._name("claim", key), claim, nx=True, ex=MAX_TURN_SECONDS)
                pipe.get(self._name("claim", key))
            reply = await pipe.execute()
        return {key: (first or claims[key].encode()).decode() for key, first in zip(claims, reply[1::2], strict=True)}

    async def get_claims(self, keys: Sequence[str]) -> list[str | None]:
        if not keys:
            return []
        claims = cast("list[bytes | None]", await self._redis.mget([self._name("claim", key) for key in keys]))
        return [None if claim is None else claim.decode() for claim in claims]

    async def write(
        self,
        commands: Iterable[Command],
        turns: Mapping[str, tuple[list[Entry], bool]],
        forgotten: Mapping[str, str],
    ) -> None:
        """Commands, for each turn its new entries and whether they are the last, and turns to forget with their claims.

        In one round trip.
        """
        async with self._redis.pipeline(transaction=False) as pipe:
            for command in commands:
                pipe.xadd(self._commands, {"command": encode(command)}, maxlen=MAX_COMMANDS)
            for key, (entries, is_end) in turns.items():
                pipe.xadd(self._name("turn", key), {"entries": encode(entries)})
                keep = self._resume_seconds if is_end else MAX_TURN_SECONDS
                pipe.expire(self._name("turn", key), keep)
                pipe.expire(self._name("claim", key), keep)
            if forgotten:
                keys = [self._name(kind, key) for key in forgotten for kind in ("claim", "turn")]
                pipe.eval(_FORGET, len(keys), *keys, *forgotten.values())
            await pipe.execute()

    async def newest_command(self) -> str:
        """Its id: later commands are to be read."""
        newest = cast("list[Any]", await self._redis.xrevrange(self._commands, count=1))
        return newest[0][0].decode() if newest else START

    async def read(
        self, last_command: str, last_entries: Mapping[str, str], wait: float
    ) -> tuple[list[tuple[str, Command | None]], dict[str, tuple[str, list[Entry]]]]:
        """After up to `wait` seconds: new commands with their ids; for each turn its last id and new entries."""
        streams: Any = {self._commands: last_command}
        keys = {self._name("turn", key).encode(): key for key in last_entries}
        streams |= {name: last_entries[key] for name, key in keys.items()}
        reply = cast("list[Any]", await self._redis.xread(streams, block=round(wait * 1000)))
        commands: list[tuple[str, Command | None]] = []
        turns: dict[str, tuple[str, list[Entry]]] = {}
        for name, items in reply:
            if name in keys:
                entries = [entry for _, fields in items for entry in decode_entries(fields[b"entries"])]
                turns[keys[name]] = (items[-1][0].decode(), entries)
            else:
                commands = [(item_id.decode(), decode_command(fields[b"command"])) for item_id, fields in items]
        return commands, turns

    async def close(self) -> None:
        await self._redis.aclose()

    def _name(self, *words: str) -> str:
        return ":".join((self._prefix, *words))
