"""Several processes, joined by Redis: any of them resumes, joins and stops turns of another."""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import structlog

from service.answers.base import Answer, AnswerError, BrokenAnswer, Question
from service.answers.pauses import Continuation
from service.chat.client_identity import Owner
from service.chat.cluster import LocalClients, RemoteTurn
from service.chat.failures import ID_TAKEN
from service.chat.turn import Turn, checksum_of
from service.chat.turn_status import CLIENT_STOPPED
from service.cluster.outbox import Outbox
from service.cluster.published_turn import PublishedTurn
from service.cluster.redis_store import REDIS_ERRORS, RedisStore
from service.cluster.remote_answer import ClaimedAnswer, RemoteAnswer
from service.cluster.wire_format import ClientResumed, Command, Joined, Left, Stop, decode_claim, encode_claim

log = structlog.get_logger()

LEASE_SECONDS = 6.0
BEAT_SECONDS = 2.0
READ_SECONDS = 1.0
CLOSE_TIMEOUT_SECONDS = 1.0


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
        self.id = secrets.token_hex(4)
        self._store = store
        self._local_clients = local_clients
        self._on_size = on_size
        self.heal = heal
        self._clients: dict[str, int] = {}
        self._remotes: dict[str, RemoteAnswer] = {}
        self._outbox = Outbox(store)
        self._is_connected = asyncio.Event()
        self._connected_since = 0.0
        self._is_lost_logged = False
        self._last_command = ""

    async def start(self) -> None:
        try:
            await self._beat()
        except REDIS_ERRORS as error:
            self._on_lost(error)

    async def run(self) -> None:
        await asyncio.gather(self._heartbeats(), self._write_loop(), self._read_loop())

    async def close(self) -> None:
        """Publish what is left, and leave the cluster."""
        with suppress(*REDIS_ERRORS):
            async with asyncio.timeout(CLOSE_TIMEOUT_SECONDS):
                if self._is_connected.is_set():
                    await self._outbox.write()
                    await self._store.leave(self.id)
        await self._store.close()

    def counts(self) -> dict[str, Any]:
        if not self._is_connected.is_set():
            return {"processes": None, "connections_of_all": None}
        return {"processes": len(self._clients), "connections_of_all": sum(self._clients.values())}

    def answer(
        self, owner: Owner, turn_id: str, question: Question | Continuation, ask: Callable[[], Answer]
    ) -> Answer:
        return ClaimedAnswer(self, _key(owner, turn_id), owner.user, checksum_of(question.content), ask)

    def publish(self, turn: Turn) -> None:
        self._outbox.published[_key(turn.owner, turn.id)] = PublishedTurn(turn)

    def forget(self, turn: Turn) -> None:
        """What Redis loses meanwhile, it forgets by itself."""
        if self._is_connected.is_set():
            self._outbox.forget(_key(turn.owner, turn.id), encode_claim(self.id, turn.checksum))

    async def find(self, owner: Owner, turn_id: str) -> RemoteTurn | None:
        if not self._is_connected.is_set():
            return None
        key = _key(owner, turn_id)
        try:
            [claim] = await self._store.get_claims([key])
        except REDIS_ERRORS as error:
            self._on_lost(error)
            return None
        remote = self._remote_answer(key, owner.user, claim)
        return RemoteTurn(remote, remote.checksum) if remote is not None else None

    async def claim(self, key: str, user: str, checksum: int) -> RemoteAnswer | None:
        if not self._is_connected.is_set():
            return None
        local = self._outbox.published[key]
        try:
            claims = await self._store.claim({key: encode_claim(self.id, checksum)})
        except REDIS_ERRORS as error:
            self._on_lost(error)
            return None
        remote = self._remote_answer(key, user, claims[key])
        if remote is None:
            local.is_claimed = True
            self._outbox.wake()
        else:
            self._outbox.published.pop(key, None)
            local.turn.is_remote = True
            if remote.checksum != checksum:
                raise AnswerError(ID_TAKEN)
        return remote

    def _remote_answer(self, key: str, user: str, claim: str | None) -> RemoteAnswer | None:
        """None if this process, or none, has claimed it."""
        by, checksum = decode_claim(claim) if claim is not None else (self.id, 0)
        return RemoteAnswer(self, key, user, by, checksum) if by != self.id else None

    def follow(self, remote: RemoteAnswer) -> None:
        self._remotes[remote.key] = remote
        self._publish(Joined(remote.key, self.id))

    def unfollow(self, remote: RemoteAnswer) -> None:
        if self._remotes.get(remote.key) is remote:
            del self._remotes[remote.key]
            self._publish(Left(remote.key, self.id))

    def stop(self, key: str) -> None:
        self._publish(Stop(key, self.id))

    def announce(self, identity: str, session_id: str) -> None:
        self._publish(ClientResumed(identity, session_id))

    async def _heartbeats(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                await self._beat()
            except REDIS_ERRORS as error:
                self._on_lost(error)

    async def _beat(self) -> None:
        clients = await self._store.beat(self.id, len(self._local_clients), LEASE_SECONDS)
        if len(clients) != len(self._clients):
            self._on_size(len(clients))
        self._clients = clients
        if not self._is_connected.is_set():
            await self._resync()
        elif time.monotonic() - self._connected_since > LEASE_SECONDS:
            await self._reap()

    async def _reap(self) -> None:
        """End the remote turns of dead processes. Not right after a resync: no process has renewed its lease yet."""
        remotes = [remote for remote in self._remotes.values() if remote.is_read]
        claims = await self._store.get_claims([remote.key for remote in remotes])
        for remote, claim in zip(remotes, claims, strict=True):
            if remote.by not in self._clients or claim is None:
                remote.mark_lost()
        for local in self._outbox.published.values():
            for process in local.listeners - self._clients.keys():
                local.leave(process)

    async def _resync(self) -> None:
        """Redis may have lost everything: claim, publish and join everything again."""
        # Known before anything is published here: a process is told of its own clients, too.
        self._last_command = self._last_command or await self._store.newest_command()
        unclaimed = dict(self._outbox.published)
        for local in unclaimed.values():
            local.restart()
        while unclaimed:
            await self._claim_all(unclaimed)
            unclaimed = {key: local for key, local in self._outbox.published.items() if not local.is_claimed}
        self._connected_since = time.monotonic()
        self._is_connected.set()
        self._outbox.wake()
        for remote in self._remotes.values():
            self._publish(Joined(remote.key, self.id))
        if self._is_lost_logged:
            log.info("redis.back", processes=len(self._clients))
        self._is_lost_logged = False

    async def _claim_all(self, turns: Mapping[str, PublishedTurn]) -> None:
        """What another process has claimed meanwhile is its turn for the others; ours goes on for this process only."""
        claims = {key: encode_claim(self.id, local.turn.checksum) for key, local in turns.items()}
        first = await self._store.claim(claims)
        for key, local in turns.items():
            if first[key] == claims[key]:
                local.is_claimed = True
            else:
                self._outbox.published.pop(key, None)

    def _on_lost(self, error: Exception) -> None:
        self._is_connected.clear()
        self._outbox.clear()
        if not self._is_lost_logged:
            self._is_lost_logged = True
            lost = "answers cannot be resumed, joined or stopped through another process"
            log.error("redis.lost", error=str(error), lost=lost)

    def _publish(self, command: Command) -> None:
        if self._is_connected.is_set():
            self._outbox.send(command)

    async def _write_loop(self) -> None:
        while True:
            await self._is_connected.wait()
            await self._outbox.wait()
            try:
                await self._outbox.write()
            except REDIS_ERRORS as error:
                self._on_lost(error)

    async def _read_loop(self) -> None:
        while True:
            await self._is_connected.wait()
            try:
                remotes = dict(self._remotes)
                last_entries = {key: remote.last_id for key, remote in remotes.items()}
                commands, turns = await self._store.read(self._last_command, last_entries, READ_SECONDS)
            except REDIS_ERRORS as error:
                self._on_lost(error)
                continue
            for command_id, command in commands:
                self._last_command = command_id
                if command is not None:
                    self._receive(command)
            for key, remote in remotes.items():
                remote.put(*turns.get(key, (remote.last_id, [])))

    def _receive(self, command: Command) -> None:
        if isinstance(command, ClientResumed):
            self._local_clients.on_client_resumed(command.identity, command.session)
        elif command.by != self.id and (local := self._outbox.published.get(command.key)) is not None:
            match command:
                case Joined(_, by):
                    local.join(by)
                case Left(_, by):
                    local.leave(by)
                case Stop():
                    local.turn.stop(CLIENT_STOPPED)


def _key(owner: Owner, turn_id: str) -> str:
    return f"{owner.key}:{turn_id}"
