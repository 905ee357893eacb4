"""A turn that another process runs, as that process tells of it."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Protocol

import structlog

from service.answers.base import Answer, BrokenAnswer, Failure, Part
from service.chat.client_identity import Owner
from service.chat.turn import Turn
from service.chat.turn_failures import TURN_UNREACHABLE, WRITER_LOST
from service.chat.turn_status import Ending, Status

log = structlog.get_logger()

CATCH_UP_SECONDS = 3.0
"""So long may it take until everything that was written is here, or until a stop has ended the turn."""
UNKNOWN_CHECKSUM = -1
"""None has it."""


class State(Enum):
    CATCHING_UP = auto()
    """Its writer is asked for what there is."""
    FOLLOWING = auto()
    """All that was written is here, and what follows comes."""
    GONE = auto()
    """Ended, lost, or nobody here listens any more. Nobody may join: it has to be found anew."""


class Writer(Protocol):
    """The process that runs the turn, as far as it can be reached: cluster/followed_turns.py."""

    def follow(self, turn: "FollowedTurn") -> None:
        """Ask for what comes after the turn's `place`. The answer comes by `receive`, `end` and `lose`."""

    def unfollow(self, turn: "FollowedTurn") -> None: ...

    def stop(self, turn: "FollowedTurn") -> None: ...

    def heal(self, broken: BrokenAnswer) -> Answer | None:
        """The rest of an answer whose writer has died, where its source can tell it."""

    def keep(self, turn: "FollowedTurn") -> None:
        """The turn ended here, without its writer: others are to see the same end."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]: ...


def _ignore() -> None: ...


@dataclass(slots=True, eq=False, kw_only=True)
class FollowedTurn(Turn):
    """Whether anybody anywhere listens is for the process to know that runs it; here one listener is as good as many.

    `by` is that process, empty where it is to be found, `heard_at` when it told something (monotonic seconds), `stored`
    what it had stored of the turn. Everything has a deadline: where the writer says nothing in time, or Redis is lost,
    the turn is lost for TURN_UNREACHABLE, which says that it can be asked for again. When its writer has died, the
    source itself is asked for the rest.
    """

    writer: Writer
    by: str
    stored: tuple[Sequence[Part], int] = ((), 0)
    is_current: bool = False
    state: State = State.CATCHING_UP
    on_gone: Callable[[], object] = _ignore
    heard_at: float = field(default_factory=time.monotonic)
    _listeners: int = 0
    _deadline: asyncio.TimerHandle | None = None
    _healing: asyncio.Task[None] | None = None
    _healed_by: Answer | None = None
    _stopping: asyncio.Task[None] | None = None

    @property
    def key(self) -> str:
        """By which processes name it."""
        return key_of(self.owner, self.id)

    @property
    def is_found(self) -> bool:
        return bool(self.by)

    @property
    def is_gone(self) -> bool:
        return self.state is State.GONE

    @property
    def place(self) -> tuple[int, int, int]:
        """What is here: text up to that offset, as it stood after so many replacements; so many progress entries."""
        return self.buffer.length, self.buffer.replacements, self.buffer.progress_count

    def is_same_question(self, content: str) -> bool:
        """Where that is not known yet, it is taken for the same."""
        return self.checksum == UNKNOWN_CHECKSUM or Turn.is_same_question(self, content)

    def join(self, *, may_resume: bool) -> None:
        self._listeners += 1
        if self._listeners == 1 and self.state is State.CATCHING_UP:
            self.writer.follow(self)
            self._expect()

    def leave(self, *, for_good: bool = False) -> None:
        self._listeners -= 1
        if self._listeners:
            return
        if self.state is not State.GONE:
            self._go()
        if self._stopping is None:
            self._cancel_healing()

    def go_unheard(self) -> None:
        """Where nobody listens."""
        if not self._listeners and self.state is not State.GONE:
            self._go()

    def stop(self, reason: str) -> None:
        if self._healed_by is not None:
            self._end_alone(Ending(Status.STOPPED, reason, summary=self.summary))
            self._stopping = self.writer.spawn(self._healed_by.stop())
            self._stopping.add_done_callback(lambda _: self._cancel_healing())
        elif self.state is not State.GONE:
            self.writer.stop(self)
            self._expect()

    def refollow(self) -> None:
        """The writer does not know any more that it is followed, or something was lost on the way."""
        if self.state is not State.GONE and self._healing is None:
            self.writer.follow(self)
            self._expect()

    def suspend(self) -> None:
        """The writer cannot be heard for a while."""
        if self.state is not State.GONE and self._healing is None and self._deadline is None:
            self._expect()

    def receive(self, parts: Sequence[Part], replacements: int) -> None:
        """What the writer told of: from now on, everything that was written is here."""
        if self.state is State.GONE:
            return
        for part in parts:
            self._add(part)
        self.buffer.replacements = replacements
        self.heard_at = time.monotonic()
        self.is_current = True
        self.state = State.FOLLOWING
        self._cancel_deadline()
        self._notify()

    def end(self, ending: Ending) -> None:
        if self.state is not State.GONE:
            self._set_ended(ending)

    def lose(self, failure: Failure) -> None:
        """Unless it is gone, or goes on without its writer."""
        if self.state is State.GONE or self._healing is not None:
            return
        self.lost_for = failure
        self._go()
        log.info("turn.lost", turn_id=self.id, reason=failure.reason)
        self._notify()

    def lose_writer(self) -> None:
        """It is dead. What is here is all that it wrote, or all that is known of that."""
        if self.state is State.GONE or self._healing is not None:
            return
        self._cancel_deadline()
        self.writer.unfollow(self)
        if not self.is_current:
            self.receive(*self.stored)
        identity, answer = self.identity, None
        if identity is not None and identity.source == "dify" and identity.conversation_id is not None:
            answer = self.writer.heal(BrokenAnswer(identity, self.owner.user, self.text, WRITER_LOST))
        if answer is None:
            self._end_alone(self._broken(WRITER_LOST))
        else:
            self._healed_by = answer
            self._healing = self.writer.spawn(self._heal(answer))

    async def _heal(self, answer: Answer) -> None:
        structlog.contextvars.bind_contextvars(turn_id=self.id)
        self._end_alone(await self._ending_of(answer))

    def _cancel_healing(self) -> None:
        if self._healing is not None:
            self._healing.cancel()

    def _on_part(self, part: Part) -> None:
        if self.status is None and self._add(part):
            self._notify()

    def _end_alone(self, ending: Ending) -> None:
        if self.status is None:
            self._set_ended(ending)
            self.writer.keep(self)

    def _set_ended(self, ending: Ending) -> None:
        self.summary, self.pause, self.is_current = ending.summary, ending.pause, True
        self._set_end(ending)
        self._go()
        self._notify()

    def _go(self) -> None:
        self.state = State.GONE
        self._cancel_deadline()
        self.writer.unfollow(self)
        self.on_gone()

    def _expect(self) -> None:
        self._cancel_deadline()
        if self.state is State.GONE or self._healing is not None:
            return
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(CATCH_UP_SECONDS, self.lose, TURN_UNREACHABLE)

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def key_of(owner: Owner, turn_id: str) -> str:
    return f"{owner.key}:{turn_id}"
