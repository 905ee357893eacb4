"""A Redis that may be away: then it is left alone for a while, and each process counts for itself."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from service.redis_link import RedisLink
from service.redis_options import redis_options
from service.redis_queue import RedisQueue

log = structlog.get_logger()

TIMEOUT_SECONDS = 0.25
SECONDS_PER_WAITING = 0.005
"""So much longer is waited for each of those who ask at the same time: a burst is no loss."""
POOL_TIMEOUT_SECONDS = 10
REST_SECONDS = 5
MAX_CONNECTIONS = 2
"""Beside that of the queue: several processes are to fit into a Redis of twenty clients."""

T = TypeVar("T")


class SharedRedis:
    def __init__(self, url: str, prefix: str) -> None:
        options = redis_options(url, TIMEOUT_SECONDS)
        self.pool = BlockingConnectionPool.from_url(
            url, **options, max_connections=MAX_CONNECTIONS, timeout=POOL_TIMEOUT_SECONDS
        )
        self.client = Redis.from_pool(self.pool)
        self.queue = RedisQueue(RedisLink(url))
        self.prefix = prefix
        self._resting_until = 0.0
        self._is_lost = False
        self._waiting = 0
        self._replied_at = 0.0

    def key(self, *words: str) -> str:
        return ":".join((self.prefix, *words))

    async def ask(self, work: Callable[[], Awaitable[T]], otherwise: T) -> T:
        """What `work` returns within TIMEOUT_SECONDS or somewhat more; `otherwise` where Redis is away."""
        if time.monotonic() < self._resting_until:
            return otherwise
        cancelled, began = _cancellations(), time.monotonic()
        self._waiting += 1
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS + self._waiting * SECONDS_PER_WAITING):
                result = await work()
        except (RedisError, OSError) as error:
            if not isinstance(error, TimeoutError) or self._replied_at < began:  # it replies, if not to all in time
                self._lose(error)
            result = otherwise
        else:
            self._replied_at = time.monotonic()
            self._find()
        finally:
            self._waiting -= 1
        if _cancellations() > cancelled:
            raise asyncio.CancelledError  # redis-py 8.1 swallows some
        return result

    async def close(self) -> None:
        await self.queue.close()
        await self.client.aclose()

    def _lose(self, error: Exception) -> None:
        self._resting_until = time.monotonic() + REST_SECONDS
        if not self._is_lost:
            self._is_lost = True
            log.warning("quotas.redis_lost", error=f"{type(error).__name__}: {error}")

    def _find(self) -> None:
        """What was asked before the loss, and is replied to after it, says nothing."""
        if self._is_lost and time.monotonic() >= self._resting_until:
            self._is_lost = False
            log.info("quotas.redis_found")


def _cancellations() -> int:
    task = asyncio.current_task()
    return task.cancelling() if task is not None else 0
