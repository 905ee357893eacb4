"""Membership of a process in the cluster."""

import secrets
import time
from collections.abc import Callable
from typing import Any

import structlog

from service.chat.cluster import LocalClients
from service.cluster.peers import Peers
from service.cluster.redis_store import RedisStore

log = structlog.get_logger()


class Membership:
    """`on_size` is called when the number of living processes has changed."""

    def __init__(self, store: RedisStore, clients: LocalClients, on_size: Callable[[int], None]) -> None:
        self.id = secrets.token_hex(4)
        self._store = store
        self._clients = clients
        self._on_size = on_size
        self._peers = Peers()
        self._signs: dict[str, str] = {}
        self._beats = self._size = 0

    async def beat(self) -> bool:
        """Show a sign of life, and look at the others' ones. False where Redis knew nothing of this process.

        Raises REDIS_ERRORS.
        """
        self._beats += 1
        sign = f"{self._beats}:{len(self._clients)}"
        is_known, self._signs = await self._store.beat(self.id, sign, self._peers.forgotten)
        lived = self._peers.living
        self._peers.look(self._signs, time.monotonic())
        for process in filter(self._peers.is_dead, lived):
            log.warning("process.lost", process=process)
        self._tell_size()
        return is_known

    async def is_known(self) -> bool:
        """Whether Redis knows of this process, or has forgotten everything since the last beat. Raises REDIS_ERRORS."""
        return await self._store.has(self.id)

    async def leave(self) -> None:
        """Raises REDIS_ERRORS."""
        await self._store.leave(self.id)

    def hear(self, process: str) -> None:
        self._peers.hear(process, time.monotonic())
        self._tell_size()

    def is_dead(self, process: str) -> bool:
        return self._peers.is_dead(process)

    def others(self) -> list[str]:
        """Those that live."""
        return [process for process in self._peers.living if process != self.id]

    def _tell_size(self) -> None:
        if (size := len(self._peers.living)) != self._size:
            self._size = size
            self._on_size(size)

    def counts(self) -> dict[str, Any]:
        """For /health."""
        living = self._peers.living
        connections = sum(_clients_of(self._signs.get(process, "")) for process in living)
        return {"processes": len(living), "connections_of_all": connections}


def _clients_of(sign: str) -> int:
    count = sign.partition(":")[2]
    return int(count) if count.isdecimal() else 0
