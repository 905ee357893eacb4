"""The turns of this process, by owner, while they run and for a while after that."""

import asyncio
import contextvars
import time
from collections import Counter
from typing import Any

import structlog

from service.answers.base import Answer, Answerer, Question
from service.chat.peers import Peers
from service.chat.turn import RESTARTING, Turn, checksum_of
from service.tasks import Tasks

log = structlog.get_logger()

MAX_ENDED_PER_OWNER = 32
MAX_ENDED = 10_000
MAX_ENDED_CHARACTERS = 64_000_000
CLOSE_TIMEOUT_SECONDS = 1
SWEEPS_PER_WINDOW = 60


class Turns:
    """Turns and the tasks in which they live: neither ends with the connection that asked.

    An ended turn is kept for `resume_window` seconds, fewer where there are too many of them. One that nobody listens
    to is stopped after `orphan_grace` seconds.
    """

    def __init__(self, answerer: Answerer, peers: Peers, *, orphan_grace: float, resume_window: float) -> None:
        self._answerer = answerer
        self._peers = peers
        self._orphan_grace = orphan_grace
        self._resume_window = resume_window
        self._by_owner: dict[str, dict[str, Turn]] = {}
        self._running = 0
        self._ended: dict[Turn, None] = {}  # in the order of their ends
        self._ended_characters = 0
        self._sweep: asyncio.TimerHandle | None = None
        self._tasks = Tasks()
        self.is_closing = False
        self._statuses: Counter[str] = Counter()
        self._tokens = 0
        self._undelivered = 0

    def __len__(self) -> int:
        """How many are running. One that was stopped is read to its end, and counts until then."""
        return self._running

    def start(self, owner: str, turn_id: str, question: Question) -> Turn:
        answer = self._peers.answer(owner, turn_id, question, lambda: self._answerer.ask(question))
        turn = self._add(owner, turn_id, checksum_of(question.content), answer)
        self._peers.share(turn)
        return turn

    def known(self, owner: str, turn_id: str) -> Turn | None:
        """What is known here."""
        return self._by_owner.get(owner, {}).get(turn_id)

    async def find(self, owner: str, turn_id: str) -> Turn | None:
        """The same, and what peers know."""
        if (turn := self.known(owner, turn_id)) is not None:
            return turn
        found = await self._peers.find(owner, turn_id)
        if found is None or self.known(owner, turn_id) is not None:
            return self.known(owner, turn_id)
        turn = self._add(owner, turn_id, found.checksum, found.answer)
        turn.is_relayed = True
        return turn

    def running(self, owner: str) -> list[Turn]:
        """Those that have not ended, and those that were stopped and are still being read to their end."""
        return [turn for turn in self._by_owner.get(owner, {}).values() if turn not in self._ended]

    def counts(self) -> dict[str, Any]:
        """Since the start: answers by how they ended, tokens used, code points that nobody got (not yet, perhaps)."""
        return {"answers": dict(self._statuses), "tokens": self._tokens, "undelivered_characters": self._undelivered}

    def take_no_more(self) -> None:
        """From now on there are only joins. What nobody listens to ends: nobody can come back for it."""
        self.is_closing = True
        for turn in self._all():
            if not self._peers.can_resume:
                turn.orphan_grace = 0
                if turn.is_deserted:
                    turn.stop("client_left")

    async def ended(self) -> None:
        """Wait until nothing of this process runs any more."""
        for turn in self._all():
            if not turn.is_relayed:
                await turn.ended()

    def interrupt(self) -> None:
        """Break off what still runs. What another process writes goes on: it can be had elsewhere."""
        for turn in self._all():
            if not turn.is_relayed:
                turn.interrupt(RESTARTING)

    async def close(self) -> None:
        """End what still runs, within CLOSE_TIMEOUT_SECONDS; forget the rest."""
        self.interrupt()
        await self._tasks.finish(within=CLOSE_TIMEOUT_SECONDS)
        await asyncio.sleep(0)  # the last ones have just ended
        for turn in list(self._ended):
            self._forget(turn)
        if self._sweep is not None:
            self._sweep.cancel()

    def _all(self) -> list[Turn]:
        return [turn for turns in self._by_owner.values() for turn in turns.values()]

    def _add(self, owner: str, turn_id: str, checksum: int, answer: Answer) -> Turn:
        turn = Turn(owner, turn_id, checksum, answer, tasks=self._tasks, orphan_grace=self._orphan_grace)
        self._by_owner.setdefault(owner, {})[turn_id] = turn
        self._running += 1
        turn.reading.add_done_callback(lambda _: self._end(turn))
        return turn

    def _end(self, turn: Turn) -> None:
        self._running -= 1
        if turn.is_relayed:
            self._remove(turn)
            return
        turn.settle()
        self._statuses[str(turn.status)] += 1
        self._tokens += _total_tokens(turn)
        self._ended[turn] = None
        self._ended_characters += turn.record.size
        self._make_room(turn.owner)
        if self._sweep is None:
            self._sweep_after(self._resume_window)

    def _make_room(self, owner: str) -> None:
        own = [turn for turn in self._by_owner[owner].values() if turn in self._ended]
        for turn in own[:-MAX_ENDED_PER_OWNER]:
            self._forget(turn)
        while len(self._ended) > MAX_ENDED or self._ended_characters > MAX_ENDED_CHARACTERS:
            self._forget(next(iter(self._ended)))

    def _forget_expired(self) -> None:
        """One timer for all: it forgets the oldest, and then waits for the next, and a while for more."""
        self._sweep = None
        expired = time.monotonic() - self._resume_window
        while self._ended and (oldest := next(iter(self._ended))).settled_at <= expired:
            self._forget(oldest)
        if self._ended:
            self._sweep_after(oldest.settled_at - expired + self._resume_window / SWEEPS_PER_WINDOW)

    def _sweep_after(self, seconds: float) -> None:
        """In a context of its own: what is forgotten is not of the client that happens to be at work now."""
        loop = asyncio.get_running_loop()
        self._sweep = loop.call_later(seconds, self._forget_expired, context=contextvars.Context())

    def _forget(self, turn: Turn) -> None:
        del self._ended[turn]
        self._ended_characters -= turn.record.size
        self._remove(turn)
        if turn.undelivered:
            self._undelivered += turn.undelivered
            log.info("turn.undelivered", turn_id=turn.id, characters=turn.undelivered)

    def _remove(self, turn: Turn) -> None:
        turns = self._by_owner[turn.owner]
        del turns[turn.id]
        if not turns:
            del self._by_owner[turn.owner]


def _total_tokens(turn: Turn) -> int:
    tokens = (turn.summary.usage or {}).get("total_tokens")
    return tokens if isinstance(tokens, int) else 0
