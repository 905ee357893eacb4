"""Several processes of one service, joined by Redis: any of them can resume, join and stop what another runs."""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import structlog

from service.answers.base import Answer, AnswerError, Question
from service.chat import owner as owners
from service.chat.peers import Found, House
from service.chat.turn import ID_TAKEN, Turn, checksum_of
from service.fleet.entries import Command, Entered, Joined, Left, Stop
from service.fleet.relay import ClaimedAnswer, Relay
from service.fleet.shared import Shared
from service.fleet.store import TROUBLE, Store
from service.tasks import Tasks

log = structlog.get_logger()

LEASE_SECONDS = 6.0
BEAT_SECONDS = 2.0
WRITE_SECONDS = 0.05
READ_SECONDS = 1.0
CLOSE_TIMEOUT_SECONDS = 1.0


class Fleet:
    """One process among its peers. While Redis is away it goes on alone, and says so.

    `on_size` is called when the number of processes has changed.
    """

    can_resume = True

    def __init__(self, store: Store, house: House, on_size: Callable[[int], None]) -> None:
        self.id = secrets.token_hex(4)
        self._store = store
        self._house = house
        self._on_size = on_size
        self._clients: dict[str, int] = {}
        self._ours: dict[str, Shared] = {}
        self._relays: dict[str, Relay] = {}
        self._outbox: list[Command] = []
        self._has_news = asyncio.Event()
        self._is_up = asyncio.Event()
        self._up_since = 0.0
        self._is_missed = False
        self._tasks = Tasks()

    async def start(self) -> None:
        try:
            await self._beat()
        except TROUBLE as error:
            self._lose(error)

    async def run(self) -> None:
        try:
            await asyncio.gather(self._keep_alive(), self._keep_writing(), self._keep_reading())
        finally:
            await self._tasks.finish(within=0)

    async def close(self) -> None:
        """Hand over what is left, and be gone for the others at once."""
        with suppress(*TROUBLE):
            async with asyncio.timeout(CLOSE_TIMEOUT_SECONDS):
                if self._is_up.is_set():
                    await self._write()
                    await self._store.leave(self.id)
        await self._store.close()

    def counts(self) -> dict[str, Any]:
        if not self._is_up.is_set():
            return {"processes": None, "connections_of_all": None}
        return {"processes": len(self._clients), "connections_of_all": sum(self._clients.values())}

    # Turns

    def answer(self, owner: str, turn_id: str, question: Question, ask: Callable[[], Answer]) -> Answer:
        return ClaimedAnswer(self, _key(owner, turn_id), checksum_of(question.content), ask)

    def share(self, turn: Turn) -> None:
        self._ours[_key(turn.owner, turn.id)] = Shared(turn)

    async def find(self, owner: str, turn_id: str) -> Found | None:
        if not self._is_up.is_set():
            return None
        key = _key(owner, turn_id)
        try:
            [claim] = await self._store.claims_of([key])
        except TROUBLE as error:
            self._lose(error)
            return None
        relay = self._relay(key, claim)
        return Found(relay, relay.checksum) if relay is not None else None

    async def claim(self, key: str, checksum: int) -> Relay | None:
        if not self._is_up.is_set():
            return None
        shared = self._ours[key]
        try:
            claims = await self._store.claim({key: self._claim_to(checksum)})
        except TROUBLE as error:
            self._lose(error)
            return None
        relay = self._relay(key, claims[key])
        if relay is None:
            shared.is_claimed = True
            self._has_news.set()
        else:
            self._ours.pop(key, None)
            shared.turn.is_relayed = True
            if relay.checksum != checksum:
                raise AnswerError(ID_TAKEN)
        return relay

    def _claim_to(self, checksum: int) -> str:
        return f"{self.id}:{checksum}"

    def _relay(self, key: str, claim: str | None) -> Relay | None:
        """None for what nobody claims, or this process itself."""
        by, _, checksum = (claim or "").partition(":")
        return Relay(self, key, by, int(checksum)) if by not in {"", self.id} else None

    def follow(self, relay: Relay) -> None:
        self._relays[relay.key] = relay
        self._say(Joined(relay.key, self.id))

    def unfollow(self, relay: Relay) -> None:
        if self._relays.get(relay.key) is relay:
            del self._relays[relay.key]
            self._say(Left(relay.key, self.id))

    def stop(self, key: str) -> None:
        self._say(Stop(key, self.id))

    # Clients

    def enter(self, client_id: str) -> None:
        self._say(Entered(client_id, self.id))

    # Life with and without Redis

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                await self._beat()
            except TROUBLE as error:
                self._lose(error)

    async def _beat(self) -> None:
        clients = await self._store.beat(self.id, len(self._house), LEASE_SECONDS)
        if len(clients) != len(self._clients):
            self._on_size(len(clients))
        self._clients = clients
        if not self._is_up.is_set():
            await self._come_back()
        elif time.monotonic() - self._up_since > LEASE_SECONDS:
            await self._mourn()

    async def _mourn(self) -> None:
        """End what a dead process leaves. Right after Redis came back all seem dead: they have not been heard yet."""
        relays = [relay for relay in self._relays.values() if relay.is_read]
        claims = await self._store.claims_of([relay.key for relay in relays])
        for relay, claim in zip(relays, claims, strict=True):
            if relay.by not in self._clients or claim is None:
                relay.break_off()
        for shared in self._ours.values():
            for process in shared.listeners - self._clients.keys():
                shared.leave(process)

    async def _come_back(self) -> None:
        """Redis may have lost everything: all is claimed, told and joined anew."""
        unclaimed = dict(self._ours)
        for shared in unclaimed.values():
            shared.rewind()
        while unclaimed:
            await self._claim_all(unclaimed)
            unclaimed = {key: shared for key, shared in self._ours.items() if not shared.is_claimed}
        self._up_since = time.monotonic()
        self._is_up.set()
        self._has_news.set()
        for relay in self._relays.values():
            self._say(Joined(relay.key, self.id))
        if self._is_missed:
            log.info("redis.back", processes=len(self._clients))
        self._is_missed = False

    async def _claim_all(self, shares: Mapping[str, Shared]) -> None:
        """What another process has been asked meanwhile, too, is its own for the others, and ours only here."""
        claims = {key: self._claim_to(shared.turn.checksum) for key, shared in shares.items()}
        first = await self._store.claim(claims)
        for key, shared in shares.items():
            if first[key] == claims[key]:
                shared.is_claimed = True
            else:
                self._ours.pop(key, None)

    def _lose(self, error: Exception) -> None:
        """Of what ends meanwhile only that is kept of which the others know: they wait for its end."""
        self._is_up.clear()
        self._outbox.clear()
        for key, shared in list(self._ours.items()):
            if shared.turn.status is not None and not shared.is_claimed:
                del self._ours[key]
        if not self._is_missed:
            self._is_missed = True
            lost = "answers cannot be resumed, joined or stopped through another process"
            log.error("redis.lost", error=str(error), lost=lost)

    # What is told to the others, and heard of them

    def _say(self, command: Command) -> None:
        if self._is_up.is_set():
            self._outbox.append(command)
            self._has_news.set()

    async def _keep_writing(self) -> None:
        while True:
            await self._is_up.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(WRITE_SECONDS if self._ours else None):
                    await self._has_news.wait()
            self._has_news.clear()
            try:
                await self._write()
            except TROUBLE as error:
                self._lose(error)

    async def _write(self) -> None:
        commands, self._outbox = self._outbox, []
        claimed = {key: shared for key, shared in self._ours.items() if shared.is_claimed}
        news = {key: (shared.news(), shared.is_told) for key, shared in claimed.items()}
        turns = {key: (entries, is_end) for key, (entries, is_end) in news.items() if entries}
        if commands or turns:
            await self._store.write(commands, turns)
        for key, (_, is_end) in turns.items():
            if is_end:
                del self._ours[key]

    async def _keep_reading(self) -> None:
        last: str | None = None
        while True:
            await self._is_up.wait()
            try:
                last = last or await self._store.newest_command()
                relays = dict(self._relays)
                last_entries = {key: relay.last_id for key, relay in relays.items()}
                commands, turns = await self._store.read(last, last_entries, READ_SECONDS)
            except TROUBLE as error:
                self._lose(error)
                continue
            for command_id, command in commands:
                last = command_id
                if command is not None:
                    self._hear(command)
            for key, relay in relays.items():
                relay.put(*turns.get(key, (relay.last_id, [])))

    def _hear(self, command: Command) -> None:
        if isinstance(command, Entered):
            self._tasks.spawn(self._house.on_entered(command.client_id, command.by == self.id))
        elif command.by != self.id and (shared := self._ours.get(command.key)) is not None:
            match command:
                case Joined(_, by):
                    shared.join(by)
                case Left(_, by):
                    shared.leave(by)
                case Stop():
                    shared.turn.stop("client_stopped")


def _key(owner: str, turn_id: str) -> str:
    """The token itself does not go to Redis."""
    return f"{owners.user_of(owner)}:{turn_id}"
