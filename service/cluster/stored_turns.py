"""Snapshots of turns in Redis: the first one of a turn claims its id."""

import asyncio
import time

from redis.exceptions import ResponseError

from service.chat.turn import Turn
from service.cluster.outbox import Outbox
from service.cluster.published_turn import PublishedTurn, snapshot_of
from service.cluster.redis_store import RUNNING_SECONDS, RedisStore, is_foreign
from service.cluster.wire_format import Snapshot, decode_snapshot, encode_snapshot

CLAIMS_AT_ONCE = 500


class StoredTurns:
    """As process `by` stores them. Methods that wait for Redis raise REDIS_ERRORS."""

    def __init__(self, by: str, store: RedisStore, outbox: Outbox) -> None:
        self._by = by
        self._store = store
        self._outbox = outbox

    async def claim(self, key: str, checksum: int) -> Snapshot | None:
        """None where it is this process's now; otherwise what another one has stored."""
        claim = encode_snapshot(Snapshot(self._by, checksum))
        try:
            is_own = await self._store.queue.ask(self._store.claim(key, claim)) is not None
        except asyncio.CancelledError:
            self._store.queue.post(self._store.unclaim(key, claim))
            raise
        return None if is_own else await self.get(key)

    async def claim_all(self, turns: list[PublishedTurn]) -> list[PublishedTurn]:
        """Returns those that another process has claimed meanwhile: it is its turn for all others."""
        for start in range(0, len(turns), CLAIMS_AT_ONCE):
            some = turns[start : start + CLAIMS_AT_ONCE]
            snapshots = [encode_snapshot(snapshot_of(published.turn, self._by)) for published in some]
            claims = [self._store.claim(turn.key, snapshot) for turn, snapshot in zip(some, snapshots, strict=True)]
            for published, reply in zip(some, await self._store.execute(claims), strict=True):
                published.is_claimed = reply is not None and not isinstance(reply, Exception)
        return [published for published in turns if not published.is_claimed]

    async def get(self, key: str) -> Snapshot | None:
        try:
            data = await self._store.queue.ask(self._store.get(key))
        except ResponseError as error:
            if not is_foreign(error):
                raise
            data = None
        snapshot = decode_snapshot(data) if data is not None else None
        return None if snapshot is None or self._is_own(snapshot) else snapshot

    def put(self, published: PublishedTurn) -> None:
        """As it stands when it is sent."""

        def encoded() -> tuple[bytes, int]:
            snapshot = published.snapshot(self._by, time.monotonic())
            return encode_snapshot(snapshot), self._seconds(snapshot)

        if published.is_claimed:
            self._outbox.store(published.key, encoded)

    def put_ended(self, key: str, turn: Turn) -> None:
        snapshot = snapshot_of(turn, self._by)
        self._outbox.store(key, lambda: (encode_snapshot(snapshot), self._seconds(snapshot)))

    def forget(self, key: str) -> None:
        self._outbox.forget(key)

    def _seconds(self, snapshot: Snapshot) -> int:
        return RUNNING_SECONDS if snapshot.ending is None else self._store.ended_seconds

    def _is_own(self, snapshot: Snapshot) -> bool:
        """It is not here any more, or it never began."""
        return snapshot.by == self._by and snapshot.ending is None
