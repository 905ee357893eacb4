"""Several processes, joined by Redis: any of them follows and stops turns of another."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import structlog

from service.answers.base import Answer, BrokenAnswer
from service.chat.client_identity import Owner
from service.chat.cluster import Elsewhere, LocalClients, RedisState
from service.chat.followed_turn import FollowedTurn, key_of
from service.chat.running_turn import RunningTurn
from service.cluster.availability import Availability
from service.cluster.erasure import Erasure
from service.cluster.followed_turns import FollowedTurns
from service.cluster.inquiries import Inquiries
from service.cluster.letters import Letters
from service.cluster.membership import Membership
from service.cluster.newest_connections import NewestConnections
from service.cluster.outbox import Outbox
from service.cluster.published_turn import LOOK_SECONDS
from service.cluster.published_turns import PublishedTurns
from service.cluster.recent_stops import RecentStops
from service.cluster.redis_store import RedisStore, is_foreign
from service.cluster.stored_turns import StoredTurns
from service.cluster.turn_finder import TurnFinder
from service.cluster.wire_format import CloseClient, ListConnected, Message, Restarted
from service.redis_link import REDIS_ERRORS
from service.tally import Tally

log = structlog.get_logger()

BEAT_SECONDS = 2.0
READ_SECONDS = 1.0
CLOSE_TIMEOUT_SECONDS = 1.0
RESTART_SECONDS = 1.0


class MultiProcess:
    """A process in the cluster. While Redis is lost it goes on alone.

    `on_size` is called when the number of processes has changed. `heal` is asked for the rest of an answer
    whose process has died.
    """

    can_resume = True

    def __init__(
        self,
        store: RedisStore,
        local_clients: LocalClients,
        on_size: Callable[[int], None],
        heal: Callable[[BrokenAnswer], Answer | None] = lambda _: None,
    ) -> None:
        self._store = store
        store.queue.on_error = self._on_error
        self._redis = Availability()
        self._members = Membership(store, local_clients, on_size)
        self._outbox = Outbox(self._members.id, store, self._redis)
        self._stored = StoredTurns(self._members.id, store, self._outbox)
        self._published = PublishedTurns(self._outbox.post)
        self._followed = FollowedTurns(
            outbox=self._outbox,
            members=self._members,
            redis=self._redis,
            stored=self._stored,
            stop=lambda turn: self.stop(turn.owner, turn.id),
            heal=heal,
        )
        self._finder = TurnFinder(self._stored, self._members, self._redis, self._followed)
        self._newest = NewestConnections(self._members.id, local_clients, self._outbox.post, self._members.others)
        self._inquiries = Inquiries(local_clients, self._outbox.post, self._members.others)
        self._letters = Letters(self._members, self._published, self._followed, self._newest, self._inquiries)
        self._round_trip = 0.0
        self._stops = RecentStops()
        self._refused = Tally("cluster.refused")
        self._erasure = Erasure(store)

    async def start(self) -> None:
        await self._beat()

    async def run(self) -> None:
        """Until cancelled. What goes wrong in one of the loops is logged, and it starts again."""
        loops = self._beat_regularly, self._receive_letters, self._store_snapshots, self._erase
        async with asyncio.TaskGroup() as tasks:
            for loop in loops:
                tasks.create_task(self._repeat(loop))

    async def close(self) -> None:
        """Send what is left, and leave the cluster."""
        self._published.close()
        await self._followed.close()
        with suppress(*REDIS_ERRORS):
            async with asyncio.timeout(CLOSE_TIMEOUT_SECONDS):
                if self._redis.is_connected:
                    self._outbox.send()
                    await self._store.queue.empty()
                    await self._members.leave()
        await self._store.close()

    def counts(self) -> dict[str, Any]:
        if not self._redis.is_connected:
            return {"processes": None, "connections_of_all": None}
        return self._members.counts()

    def redis(self) -> RedisState:
        return RedisState(self._redis.is_connected, self._round_trip)

    async def connected(self) -> Elsewhere:
        return await self._inquiries.ask(ListConnected)

    async def close_client(self, client_id: str) -> Elsewhere:
        return await self._inquiries.ask(lambda number: CloseClient(number, client_id))

    async def claim(self, owner: Owner, turn_id: str, content: str) -> FollowedTurn | None:
        """Where that fails, nothing that is published next is claimed."""
        try:
            return await self._finder.claim(owner, turn_id, content) if self._redis.is_connected else None
        except REDIS_ERRORS as error:
            self._on_lost(error)
            return None

    def release(self, owner: Owner, turn_id: str) -> None:
        self._stored.forget(key_of(owner, turn_id))

    def publish(self, turn: RunningTurn) -> None:
        self._published.add(key_of(turn.owner, turn.id), turn, is_claimed=self._redis.is_connected)

    def keep(self, turn: RunningTurn) -> None:
        published = self._published.end(key_of(turn.owner, turn.id))
        if published is not None:
            self._stored.put(published)

    def forget(self, turn: RunningTurn) -> None:
        """What Redis loses meanwhile, it forgets by itself."""
        published = self._published.remove(key_of(turn.owner, turn.id))
        if published is not None and published.is_claimed:
            self._stored.forget(published.key)

    async def find(self, owner: Owner, turn_id: str) -> FollowedTurn | None:
        with self._noticing_loss():
            if self._redis.is_connected:
                return await self._finder.find(owner, turn_id)
        return self._finder.unreachable(owner, turn_id)

    def stop(self, owner: Owner, turn_id: str | None) -> None:
        """Whoever runs it will be told, if Redis is away, when it is back."""
        self._post_all(self._stops.add(owner, turn_id, time.monotonic()))

    def forget_all(self, owner: Owner) -> None:
        """Where Redis is away, all others are told, and what it has is erased, when it is back."""
        self._post_all(self._erasure.add(owner, time.monotonic()))

    def next_number(self) -> int:
        return self._newest.next_number()

    def announce(self, identity: str, number: int) -> None:
        self._newest.announce(identity, number)

    def _post_all(self, *messages: Message) -> None:
        for process in self._members.others():
            for message in messages:
                self._outbox.post(process, message)

    async def _repeat(self, loop: Callable[[], Awaitable[None]]) -> None:
        task = asyncio.current_task()
        while task is not None and not task.cancelling():  # redis-py 8.1 swallows some cancellations
            try:
                await loop()
            except Exception:
                log.exception("cluster.loop_failed", loop=loop.__name__)
                await asyncio.sleep(RESTART_SECONDS)

    async def _beat_regularly(self) -> None:
        await asyncio.sleep(BEAT_SECONDS)
        await self._beat()

    async def _beat(self) -> None:
        with self._noticing_loss() as epoch:
            began = time.monotonic()
            is_known = await self._members.beat()
            self._round_trip = time.monotonic() - began
            if not self._redis.is_connected or not is_known:
                await self._claim_all()
                if self._redis.epoch != epoch:
                    return
                self._resync()
            if not self._redis.is_settled:
                self._post_all(*self._stops.recent(time.monotonic()), *self._erasure.again(time.monotonic()))
            self._published.lose_followers(self._members.is_dead)
            self._followed.look_after()

    async def _claim_all(self) -> None:
        while unclaimed := [published for published in self._published if not published.is_claimed]:
            for denied in await self._stored.claim_all(unclaimed):
                self._published.remove(denied.key)

    def _resync(self) -> None:
        """Redis may have lost everything: store everything again, and tell everybody who is here."""
        self._redis.regain(**self._members.counts())
        for published in self._published:
            self._stored.put(published)
        for process in self._members.others():
            self._outbox.post(process, Restarted())
            self._newest.announce_all(process)
        self._followed.refollow()  # after that, by which its followings are forgotten

    @contextmanager
    def _noticing_loss(self) -> Iterator[int]:
        """Yields the epoch in which it began: a failure of another one is of a connection that is gone."""
        epoch = self._redis.epoch
        try:
            yield epoch
        except REDIS_ERRORS as error:
            if self._redis.epoch == epoch:
                self._on_lost(error)

    def _on_error(self, error: Exception) -> None:
        """A Redis that refuses commands (it is full, say) is as good as lost."""
        if is_foreign(error):
            self._refused.add(error=str(error))
        else:
            self._on_lost(error)

    def _on_lost(self, error: Exception) -> None:
        self._redis.lose(error)
        self._outbox.clear()
        self._store.queue.clear()
        self._followed.suspend()
        self._published.lose_followers(lambda _: True)

    async def _store_snapshots(self) -> None:
        await asyncio.sleep(LOOK_SECONDS)
        for published in self._published.due(time.monotonic()):
            self._stored.put(published)

    async def _erase(self) -> None:
        await self._redis.wait_connected()
        with self._noticing_loss():
            await self._erasure.run()

    async def _receive_letters(self) -> None:
        await self._redis.wait_connected()
        with self._noticing_loss():
            for letter in await self._store.read_letters(self._members.id, READ_SECONDS):
                self._letters.receive(letter)
