"""Commands of many callers to Redis, in few round trips."""

import asyncio
from typing import Any

from service.redis_link import REDIS_ERRORS, Command, RedisLink
from service.tasks import Tasks

MAX_COMMANDS = 1_000
"""In one round trip."""

Asked = tuple[Command, asyncio.Future[Any]]


class RedisQueue:
    """What is asked for while a batch is under way goes with the next one, in order."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link
        self._asked: list[Asked] = []
        self._sending: asyncio.Task[None] | None = None
        self._tasks = Tasks()

    def ask(self, command: Command) -> asyncio.Future[Any]:
        """The reply. Raises REDIS_ERRORS; nobody has to look."""
        reply = asyncio.get_running_loop().create_future()
        reply.add_done_callback(_look)
        self._asked.append((command, reply))
        if self._sending is None or self._sending.done():
            self._sending = self._tasks.spawn(self._send())
        return reply

    async def empty(self) -> None:
        """Until everything is sent."""
        while self._sending is not None and not self._sending.done():
            await asyncio.wait([self._sending])

    def clear(self) -> None:
        """What has not been sent is lost."""
        asked, self._asked = self._asked, []
        for _, reply in asked:
            _fail(reply, ConnectionError("Redis is lost"))

    async def close(self) -> None:
        await self._tasks.finish(within=0)
        self.clear()
        await self._link.disconnect()

    async def _send(self) -> None:
        await asyncio.sleep(0)  # what others ask for at the same time goes with it
        while self._asked:
            asked, self._asked = self._asked[:MAX_COMMANDS], self._asked[MAX_COMMANDS:]
            try:
                replies = await self._link.execute([command for command, _ in asked])
            except REDIS_ERRORS as error:
                for _, reply in asked:
                    _fail(reply, error)
            except asyncio.CancelledError:
                for _, reply in asked:
                    reply.cancel()
                raise
            else:
                _resolve(asked, replies)


def _resolve(asked: list[Asked], replies: list[Any]) -> None:
    for (_, reply), value in zip(asked, replies, strict=True):
        if isinstance(value, Exception):
            _fail(reply, value)
        elif not reply.done():
            reply.set_result(value)


def _fail(reply: asyncio.Future[Any], error: Exception) -> None:
    if not reply.done():
        reply.set_exception(error)


def _look(reply: asyncio.Future[Any]) -> None:
    """An exception that nobody looks at would be logged."""
    if not reply.cancelled():
        reply.exception()
