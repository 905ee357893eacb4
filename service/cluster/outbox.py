"""All that this process sends to Redis, in few round trips: what is asked for during one goes with the next."""

import asyncio
from collections.abc import Callable
from typing import Any

from service.cluster.redis_link import Command
from service.cluster.redis_store import RedisStore
from service.cluster.wire_format import Message

MAX_COMMANDS = 1_000
"""In one round trip."""


class Outbox:
    """Of process `by`: messages to others, the latest snapshots by turn, and commands whose replies are waited for."""

    def __init__(self, by: str, store: RedisStore) -> None:
        self._by = by
        self._store = store
        self._messages: dict[str, list[Message]] = {}
        self._snapshots: dict[str, Callable[[], tuple[bytes, int]]] = {}
        self._forgotten: dict[str, None] = {}
        self._asked: list[tuple[Command, asyncio.Future[Any]]] = []
        self._is_needed = asyncio.Event()

    def post(self, process: str, message: Message) -> None:
        self._messages.setdefault(process, []).append(message)
        self._is_needed.set()

    def store(self, key: str, snapshot: Callable[[], tuple[bytes, int]]) -> None:
        """`snapshot` is made when it is sent, with the seconds for which it is kept."""
        self._snapshots[key] = snapshot
        self._forgotten.pop(key, None)
        self._is_needed.set()

    def forget(self, key: str) -> None:
        self._snapshots.pop(key, None)
        self._forgotten[key] = None
        self._is_needed.set()

    def ask(self, command: Command) -> asyncio.Future[Any]:
        """The reply. Raises REDIS_ERRORS."""
        reply = asyncio.get_running_loop().create_future()
        self._asked.append((command, reply))
        self._is_needed.set()
        return reply

    def wake(self) -> None:
        self._is_needed.set()

    async def wait(self) -> None:
        """Until there is something to send."""
        await self._is_needed.wait()

    async def send(self) -> None:
        """Raises REDIS_ERRORS; what was to be sent is then lost."""
        self._is_needed.clear()
        asked, self._asked = self._asked[:MAX_COMMANDS], self._asked[MAX_COMMANDS:]
        commands = [command for command, _ in asked]
        commands += self._take_snapshots(MAX_COMMANDS - len(commands))
        commands += self._take_rest()
        if self._asked or self._snapshots:
            self._is_needed.set()
        if not commands:
            return
        try:
            replies = await self._store.execute(commands)
        except BaseException as error:
            _fail([reply for _, reply in asked], error)
            raise
        for (_, reply), value in zip(asked, replies, strict=False):
            if reply.done():
                continue
            if isinstance(value, Exception):
                reply.set_exception(value)
            else:
                reply.set_result(value)

    async def send_all(self) -> None:
        """The same, until nothing is left."""
        while self._is_needed.is_set():
            await self.send()

    def clear(self) -> None:
        """Redis is lost."""
        self._messages.clear()
        self._snapshots.clear()
        self._forgotten.clear()
        asked, self._asked = self._asked, []
        _fail([reply for _, reply in asked], ConnectionError("Redis is lost"))

    def _take_snapshots(self, most: int) -> list[Command]:
        keys = list(self._snapshots)[:most]
        return [self._store.put(key, *self._snapshots.pop(key)()) for key in keys]

    def _take_rest(self) -> list[Command]:
        messages, self._messages = self._messages, {}
        forgotten, self._forgotten = self._forgotten, {}
        commands = [
            command for process, those in messages.items() for command in self._store.post(process, self._by, those)
        ]
        return [*commands, *([self._store.forget(forgotten)] if forgotten else [])]


def _fail(replies: list[asyncio.Future[Any]], error: BaseException) -> None:
    for reply in replies:
        if isinstance(error, asyncio.CancelledError):
            reply.cancel()
        elif not reply.done():
            reply.set_exception(error)
