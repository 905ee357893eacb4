"""The turns of this process, by owner, while they run and for a while after that; and those that it follows."""

import asyncio
import contextvars
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import structlog
from msgspec import structs

from service.answers.base import Answerer, Question
from service.answers.demand import Demand
from service.answers.pauses import Continuation
from service.chat.client_identity import NOWHERE, Origin, Owner
from service.chat.client_messages import VoiceLatency
from service.chat.cluster import Cluster
from service.chat.ended_turns import EndedTurns
from service.chat.followed_turn import FollowedTurn
from service.chat.running_turn import RunningTurn, total_tokens
from service.chat.seal import Seal
from service.chat.turn import Turn, checksum_of
from service.chat.turn_failures import RESTARTING, TURN_UNREACHABLE
from service.chat.turn_status import CLIENT_LEFT, Kind, kind_of
from service.chat.voice_latencies import VoiceLatencies
from service.tasks import Tasks

log = structlog.get_logger()

CLOSE_TIMEOUT_SECONDS = 1
SWEEPS_PER_WINDOW = 60
"""A sweep is that much later than the first turn expires, so that others do, too."""


class TurnRegistry:
    """Owns turns and their tasks. An ended turn is kept for `resume_window` seconds or less, see EndedTurns.

    `answerer` is the first of a chain: see answer_sources.py. `seal` keeps what goes on after a pause. `observe`, if
    any, is called with each turn when its source has been read.
    """

    def __init__(
        self,
        answerer: Answerer,
        cluster: Cluster,
        seal: Seal,
        *,
        orphan_grace: float,
        resume_window: float,
    ) -> None:
        self.seal = seal
        self.observe: Callable[[RunningTurn], None] | None = None
        self.voice = VoiceLatencies()
        self._answerer = answerer
        self._cluster = cluster
        self._orphan_grace = orphan_grace
        self._resume_window = resume_window
        self._by_owner: dict[Owner, dict[str, RunningTurn]] = {}
        self._followed: dict[tuple[Owner, str], FollowedTurn] = {}
        self._running = 0
        self._kept = EndedTurns(resume_window)
        self._sweep: asyncio.TimerHandle | None = None
        self._tasks = Tasks()
        self.is_closing = False
        self._statuses: Counter[str] = Counter()
        self._tokens = 0
        self._undelivered = 0

    def __len__(self) -> int:
        """How many are running: their sources have not been read to the end, even if they were stopped."""
        return self._running

    async def claim(self, owner: Owner, turn_id: str, content: str) -> Turn | None:
        """The turn that has this id. None where none has: it is to be started at once, unless all is closing."""
        turn = self.get(owner, turn_id)
        if turn is not None and turn.is_found:
            return turn
        found = await self._cluster.claim(owner, turn_id, content)
        sought = self._followed.get((owner, turn_id))
        if sought is not None and not sought.is_found:  # who looks for it is to look again
            sought.lose(TURN_UNREACHABLE)
        turn = self._follow(owner, turn_id, found)
        if turn is None and self.is_closing:
            self._cluster.release(owner, turn_id)
        return turn

    def start(
        self, owner: Owner, turn_id: str, question: Question | Continuation, origin: Origin = NOWHERE
    ) -> RunningTurn:
        kind = kind_of(question)
        demand = Demand(question.user, origin.address, origin.connection, is_decision=kind is Kind.DECISION)
        turn = RunningTurn(
            owner=owner,
            id=turn_id,
            checksum=checksum_of(question.content),
            answer=self._answerer.ask(structs.replace(question, demand=demand)),
            demand=demand,
            tasks=self._tasks,
            orphan_grace=self._orphan_grace,
            origin=origin,
            kind=kind,
        )
        self._by_owner.setdefault(owner, {})[turn_id] = turn
        self._running += 1
        turn.when_read(lambda: self._keep(turn))
        turn.on_forgotten = lambda: self._forget(turn)
        self._cluster.publish(turn)
        return turn

    def get(self, owner: Owner, turn_id: str) -> Turn | None:
        return self._by_owner.get(owner, {}).get(turn_id) or self._followed.get((owner, turn_id))

    async def find(self, owner: Owner, turn_id: str) -> Turn | None:
        """Of another process, too."""
        if (turn := self.get(owner, turn_id)) is not None:
            return turn
        return self._follow(owner, turn_id, await self._cluster.find(owner, turn_id))

    def stop_elsewhere(self, owner: Owner, turn_id: str | None) -> None:
        """That turn, or all of this owner, wherever they run but here."""
        self._cluster.stop(owner, turn_id)

    def forget_all(self, owner: Owner) -> None:
        """End what this owner asked, and keep nothing of it, wherever it runs or is kept."""
        for turn in list(self._by_owner.get(owner, {}).values()):
            turn.forget()
        self._cluster.forget_all(owner)

    def _follow(self, owner: Owner, turn_id: str, found: FollowedTurn | None) -> Turn | None:
        """One for all who listen here; none while the turn itself is here, or somebody has found it meanwhile."""
        if (turn := self.get(owner, turn_id)) is not None:
            return turn
        if found is not None and found.is_gone:
            self.voice.remember(found)
        elif found is not None:
            self._followed[owner, turn_id] = found
            found.on_gone = lambda: self._unfollow(owner, turn_id)
            asyncio.get_running_loop().call_soon(found.go_unheard)  # who wants to listen does so at once
        return found

    def _unfollow(self, owner: Owner, turn_id: str) -> None:
        if (turn := self._followed.pop((owner, turn_id), None)) is not None:
            self.voice.remember(turn)

    def measure(self, owner: Owner, latency: VoiceLatency) -> None:
        self.voice.add(owner, latency, self.get(owner, latency.id))

    def running(self, owner: Owner) -> list[RunningTurn]:
        return [turn for turn in self._by_owner.get(owner, {}).values() if not turn.released_at]

    def counts(self) -> dict[str, Any]:
        """Since the start: answers by status, tokens used, code points of evicted turns that nobody got."""
        return {"answers": dict(self._statuses), "tokens": self._tokens, "undelivered_characters": self._undelivered}

    def stop_accepting(self) -> None:
        """Only joins from now on. Turns without listeners end, unless their clients can resume elsewhere."""
        self.is_closing = True
        if self._cluster.can_resume:
            return
        for turn in self._own():
            turn.orphan_grace = 0
            if turn.has_no_listeners:
                turn.stop(CLIENT_LEFT)

    async def wait_ended(self) -> None:
        """Until nothing of this process runs any more."""
        for turn in self._own():
            await turn.wait_ended()

    def abort(self) -> None:
        """End what still runs here."""
        for turn in self._own():
            turn.abort(RESTARTING)

    async def close(self) -> None:
        """End what still runs, within CLOSE_TIMEOUT_SECONDS; drop the rest, which other processes still know."""
        self.abort()
        await self._tasks.finish(within=CLOSE_TIMEOUT_SECONDS)
        await asyncio.sleep(0)  # lets the callbacks of the last ones run
        for turn in self._kept:
            self._drop(turn)
        if self._sweep is not None:
            self._sweep.cancel()

    def _own(self) -> list[RunningTurn]:
        return [turn for turns in self._by_owner.values() for turn in turns.values()]

    def _keep(self, turn: RunningTurn) -> None:
        self._running -= 1
        turn.release()
        self._statuses[str(turn.status)] += 1
        self._tokens += total_tokens(turn)
        if self.observe is not None:
            self.observe(turn)
        if not self._is_known(turn):  # forgotten meanwhile
            return
        self._kept.add(turn)
        self._cluster.keep(turn)
        for excess in self._kept.excess(turn):
            self._evict(excess)
        if self._sweep is None:
            self._sweep_later()

    def _evict_expired(self) -> None:
        self._sweep = None
        for turn in self._kept.expired(time.monotonic()):
            self._evict(turn)
        self._sweep_later()

    def _sweep_later(self) -> None:
        """A single timer for all. In an empty context: its log lines must not name the client that runs now."""
        if (expiry := self._kept.next_expiry()) is not None:
            seconds = expiry - time.monotonic() + self._resume_window / SWEEPS_PER_WINDOW
            loop = asyncio.get_running_loop()
            self._sweep = loop.call_later(seconds, self._evict_expired, context=contextvars.Context())

    def _is_known(self, turn: RunningTurn) -> bool:
        return self._by_owner.get(turn.owner, {}).get(turn.id) is turn

    def _forget(self, turn: RunningTurn) -> None:
        if turn.released_at and self._is_known(turn):
            self._evict(turn)
        elif self._is_known(turn):
            self._cluster.forget(turn)
            self._remove(turn)

    def _evict(self, turn: RunningTurn) -> None:
        self._cluster.forget(turn)
        self._drop(turn)

    def _drop(self, turn: RunningTurn) -> None:
        self._kept.remove(turn)
        self._remove(turn)
        if turn.undelivered:
            self._undelivered += turn.undelivered
            log.info("turn.undelivered", turn_id=turn.id, characters=turn.undelivered)

    def _remove(self, turn: RunningTurn) -> None:
        turns = self._by_owner[turn.owner]
        del turns[turn.id]
        if not turns:
            del self._by_owner[turn.owner]
