"""What this process tells the others, and what it stores for them."""

import asyncio
from collections.abc import Callable

from service.cluster.availability import Availability
from service.cluster.redis_store import RedisStore
from service.cluster.wire_format import Message

MakeSnapshot = Callable[[], tuple[bytes, int]]
"""It is made when it is sent, with the seconds for which it is kept."""


class Outbox:
    """Of process `by`. All that is to be sent in one turn of the event loop goes together. What arrives: letters.py.

    While Redis is lost, nothing is sent, then or later.
    """

    def __init__(self, by: str, store: RedisStore, redis: Availability) -> None:
        self._by = by
        self._store = store
        self._redis = redis
        self._messages: dict[str, list[Message]] = {}
        self._snapshots: dict[str, MakeSnapshot] = {}
        self._forgotten: dict[str, None] = {}
        self._is_due = False

    def post(self, process: str, message: Message) -> None:
        self._messages.setdefault(process, []).append(message)
        self._send_soon()

    def store(self, key: str, snapshot: MakeSnapshot) -> None:
        self._snapshots[key] = snapshot
        self._forgotten.pop(key, None)
        self._send_soon()

    def forget(self, key: str) -> None:
        self._snapshots.pop(key, None)
        self._forgotten[key] = None
        self._send_soon()

    def clear(self) -> None:
        """Redis is lost."""
        self._messages.clear()
        self._snapshots.clear()
        self._forgotten.clear()

    def send(self) -> None:
        """Without waiting any longer."""
        self._is_due = False
        messages, self._messages = self._messages, {}
        snapshots, self._snapshots = self._snapshots, {}
        forgotten, self._forgotten = self._forgotten, {}
        for key, make in snapshots.items():
            self._store.queue.post(self._store.put(key, *make()))
        if forgotten:
            self._store.queue.post(self._store.forget(forgotten))
        for process, those in messages.items():
            for command in self._store.post(process, self._by, those):
                self._store.queue.post(command)

    def _send_soon(self) -> None:
        if not self._redis.is_connected:
            self.clear()
        elif not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self.send)
