"""One connection to Redis, renewed when it breaks."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ReadOnlyError, RedisError, ResponseError

from service.redis_options import redis_options

TIMEOUT_SECONDS = 2.0

REDIS_ERRORS = (RedisError, OSError)
"""What each method may raise."""

Command = tuple[str | bytes | int, ...]


class RedisLink:
    """Commands go one batch after the other, without a pool to run empty.

    Each batch is tried once more on a new connection: an idle one may have been cut, and after a failover an old one
    leads to a replica, which only reads. So a command may arrive twice, and has to bear that.
    """

    def __init__(self, url: str, on_renewal: Callable[[], Awaitable[None]] | None = None) -> None:
        # The pool is only what reads the URL.
        options = redis_options(url, TIMEOUT_SECONDS) | {"socket_timeout": None, "protocol": 2}
        self._pool = ConnectionPool.from_url(url, **options)
        self._connection: AbstractConnection | None = None
        self._on_renewal = on_renewal
        self._renewals = 0
        self._turn = asyncio.Lock()

    async def execute(self, commands: Sequence[Command]) -> list[Any]:
        """The replies; a command that was refused has a ResponseError in its place. In one round trip."""
        async with self._turn:
            try:
                return await self._execute_on_current(commands)
            except REDIS_ERRORS:
                if self._on_renewal is not None:
                    await self._on_renewal()
                return await self._execute_on_current(commands)

    async def renew(self) -> None:
        """The next batch has a new connection, and one that is under way begins anew."""
        self._renewals += 1
        await self.disconnect()

    async def disconnect(self) -> None:
        """The next batch has a new connection, and one that is under way fails."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)

    async def _execute_on_current(self, commands: Sequence[Command]) -> list[Any]:
        while True:
            renewals = self._renewals
            try:
                return await self._execute(commands)
            except REDIS_ERRORS:
                if self._renewals == renewals:
                    raise

    async def _execute(self, commands: Sequence[Command]) -> list[Any]:
        """A batch that is cut short would leave replies for the next one to read: then the connection is given up."""
        if self._connection is None:
            self._connection = self._pool.make_connection()  # type: ignore[no-untyped-call]
        connection, is_whole = self._connection, False
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):  # redis-py's own are one for each reply
                await connection.connect()
                await connection.send_packed_command(_packed(commands), check_health=False)
                replies = [await _reply(connection) for _ in commands]
            is_whole = True
        finally:
            if not is_whole or connection is not self._connection:
                await self._give_up(connection)
        if error := next((reply for reply in replies if isinstance(reply, ReadOnlyError)), None):
            await self.disconnect()
            raise error
        return replies

    async def _give_up(self, connection: AbstractConnection) -> None:
        """It may have been taken away while it was being made."""
        if connection is self._connection:
            self._connection = None
        await connection.disconnect(nowait=True)


async def _reply(connection: AbstractConnection) -> Any:
    try:
        return await connection.read_response(disable_decoding=True)
    except ResponseError as error:
        return error


def _packed(commands: Sequence[Command]) -> bytes:
    """Arrays of bulk strings (RESP2), in a third of the time that redis-py takes."""
    parts: list[bytes] = []
    for command in commands:
        parts.append(b"*%d\r\n" % len(command))
        for word in command:
            data = word if isinstance(word, bytes) else str(word).encode()
            parts.append(b"$%d\r\n%b\r\n" % (len(data), data))
    return b"".join(parts)
