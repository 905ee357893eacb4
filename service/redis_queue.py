"""Commands of many callers to Redis, in few round trips."""

import asyncio
from collections.abc import Callable
from typing import Any

from service.redis_link import REDIS_ERRORS, Command, RedisLink
from service.tasks import Tasks

MAX_COMMANDS = 1_000
"""In one round trip."""

Queued = tuple[Command, asyncio.Future[Any] | None]


class RedisQueue:
    """What is queued while a batch is under way goes with the next one, in order.

    `on_error` is called where a command fails whose reply nobody waits for.
    """

    def __init__(self, link: RedisLink, on_error: Callable[[Exception], None] = lambda _: None) -> None:
        self.on_error = on_error
        self._link = link
        self._queued: list[Queued] = []
        self._sending: asyncio.Task[None] | None = None
        self._tasks = Tasks()

    def ask(self, command: Command) -> asyncio.Future[Any]:
        """The reply, which is to be awaited. Raises REDIS_ERRORS."""
        reply = asyncio.get_running_loop().create_future()
        self._queue(command, reply)
        return reply

    def post(self, command: Command) -> None:
        """Without waiting for the reply."""
        self._queue(command, None)

    def _queue(self, command: Command, reply: asyncio.Future[Any] | None) -> None:
        self._queued.append((command, reply))
        if self._sending is None or self._sending.done():
            self._sending = self._tasks.spawn(self._send())

    async def empty(self) -> None:
        """Until everything is sent."""
        while self._sending is not None and not self._sending.done():
            await asyncio.wait([self._sending])

    def clear(self) -> None:
        """What has not been sent is lost."""
        queued, self._queued = self._queued, []
        for _, reply in queued:
            if reply is not None:
                _fail(reply, ConnectionError("Redis is lost"))

    async def close(self) -> None:
        await self._tasks.finish(within=0)
        self.clear()
        await self._link.disconnect()

    async def _send(self) -> None:
        while self._queued:
            queued, self._queued = self._queued[:MAX_COMMANDS], self._queued[MAX_COMMANDS:]
            replies: list[Any]
            try:
                replies = await self._link.execute([command for command, _ in queued])
            except REDIS_ERRORS as error:
                replies = [error] * len(queued)
            except asyncio.CancelledError:
                for _, reply in queued:
                    if reply is not None:
                        reply.cancel()
                raise
            self._resolve(queued, replies)

    def _resolve(self, queued: list[Queued], replies: list[Any]) -> None:
        for (_, reply), value in zip(queued, replies, strict=True):
            is_error = isinstance(value, Exception)
            if reply is None and is_error:
                self.on_error(value)
            elif reply is not None and is_error:
                _fail(reply, value)
            elif reply is not None and not reply.done():
                reply.set_result(value)


def _fail(reply: asyncio.Future[Any], error: Exception) -> None:
    if not reply.done():
        reply.set_exception(error)
