"""A turn that this process runs. It outlives the connection that asked."""

import asyncio
import contextvars
import time
from collections.abc import Callable
from dataclasses import InitVar, dataclass, field

import structlog

from service.answers.base import Answer, Failure, Part, Summary
from service.answers.demand import Demand
from service.chat.client_identity import NOWHERE, Origin
from service.chat.reading import Reading
from service.chat.turn import Turn
from service.chat.turn_failures import MAX_ANSWER_CHARACTERS, TOO_LONG
from service.chat.turn_status import CANCELLED, CLIENT_LEFT, CLIENT_STOPPED, DISPLACED, Ending, Kind, Status
from service.elapsed import ms_since
from service.tasks import Tasks

log = structlog.get_logger()


def _ignore() -> None: ...


@dataclass(slots=True, eq=False, kw_only=True)
class RunningTurn(Turn):
    """Reads an answer into its buffer, whether or not anybody listens.

    When it ends, the source is read on until it stops. Without listeners it is stopped after `orphan_grace` seconds, or
    at once: see `leave`, or in favour of a question that somebody waits for: see Demand.
    """

    answer: InitVar[Answer]
    demand: InitVar[Demand]
    tasks: InitVar[Tasks]
    orphan_grace: float
    origin: Origin = NOWHERE
    kind: Kind = Kind.QUESTION
    started_at: float = field(default_factory=time.monotonic)
    first_text_at: float = 0.0
    ended_at: float = 0.0
    released_at: float = 0.0
    on_forgotten: Callable[[], object] = _ignore
    _listeners: int = 0
    _may_be_resumed: bool = False
    _orphan_timer: asyncio.TimerHandle | None = None
    _reading: Reading | None = field(init=False)

    def __post_init__(self, answer: Answer, demand: Demand, tasks: Tasks) -> None:
        context = contextvars.copy_context()  # what is logged of it names its asker, not who displaces it
        demand.displace = lambda: context.run(self.stop, DISPLACED)
        self._reading = Reading(answer, demand, tasks, self._read(answer))

    @property
    def has_no_listeners(self) -> bool:
        return not self._listeners

    def join(self, *, may_resume: bool) -> None:
        self._listeners += 1
        self._may_be_resumed |= may_resume
        if self._orphan_timer is not None:
            self._orphan_timer.cancel()
        if self._reading is not None:
            self._reading.demand.set_listened_to(True)

    def leave(self, *, for_good: bool = False) -> None:
        """Where the last one leaves `for_good`, and nobody has a claim to come back, the turn is stopped at once."""
        self._listeners -= 1
        if self._listeners:
            return
        if self.status is not None:
            self.buffer.compact()
        elif for_good and not self._may_be_resumed and self.kind is not Kind.DECISION:
            self.stop(CLIENT_LEFT)
        else:
            self._await_return()

    def _await_return(self) -> None:
        loop = asyncio.get_running_loop()
        self._orphan_timer = loop.call_later(self.orphan_grace, self.stop, CLIENT_LEFT)
        if self._reading is not None:
            self._reading.demand.set_listened_to(False)

    def when_read(self, callback: Callable[[], None]) -> None:
        """Call back when the source has been read to its end: after the turn's end, or at it."""
        if self._reading is not None:
            self._reading.task.add_done_callback(lambda _: callback())

    def stop(self, reason: str) -> None:
        """End the turn now, and its source in the background."""
        self._terminate(Ending(Status.STOPPED, reason))

    def forget(self) -> None:
        """Whoever asked wants nothing of it to be kept."""
        self.stop(CLIENT_STOPPED)
        self.on_forgotten()

    def abort(self, failure: Failure) -> None:
        """The same, for a failure of this service."""
        self._terminate(self._broken(failure))

    def release(self) -> None:
        """The source has been read to its end."""
        self._reading = None
        self.released_at = time.monotonic()
        if self.has_no_listeners:
            self.buffer.compact()

    async def _read(self, answer: Answer) -> None:
        structlog.contextvars.bind_contextvars(turn_id=self.id)
        try:
            self._end(await self._ending_of(answer))
        finally:
            self._end(Ending(Status.STOPPED, CANCELLED))

    def _on_part(self, part: Part) -> None:
        if self.status is not None and not isinstance(part, Summary):  # tokens are used for a stopped answer, too
            return
        if self._add(part):
            if not self.first_text_at and self.buffer.length:
                self.first_text_at = time.monotonic()
            self._notify()
            if self.buffer.total_written > MAX_ANSWER_CHARACTERS:
                self.abort(TOO_LONG)

    def _mocks_reason(self) -> str | None:
        """The failure for which a mock stands in."""
        instead_of = self.identity and self.identity.instead_of
        return instead_of.reason if instead_of else None

    def _costs(self) -> dict[str, int | None]:
        """For the log, where the source may not have been asked at all."""
        if self._reading is None:
            return {}
        demand = self._reading.demand
        return {"waited_ms": demand.waited_ms, "tries": demand.tries, "tokens": total_tokens(self)}

    def _terminate(self, ending: Ending) -> None:
        if not self._end(ending) or (reading := self._reading) is None:
            return
        if self.kind is Kind.LOOK or (self.kind is Kind.DECISION and ending.reason != CLIENT_STOPPED):
            reading.cancel()
        else:
            reading.stop(self.id)

    def _end(self, ending: Ending) -> bool:
        """The one transition to the terminal state. False where the turn had ended: the first end counts."""
        if self.status is not None:
            return False
        self._set_end(ending)
        self.ended_at = time.monotonic()
        if self._orphan_timer is not None:
            self._orphan_timer.cancel()
        log.info(
            "turn.finished",
            turn_id=self.id,
            status=self.status,
            reason=self.reason or self._mocks_reason(),
            source=self.identity and self.identity.source,
            characters=self.buffer.length,
            duration_ms=ms_since(self.started_at),
            **self._costs(),
        )
        if self._reading is not None:
            self._reading.end()
        self._notify()
        return True


def total_tokens(turn: Turn) -> int:
    """Also of a stopped answer, as far as its source said."""
    tokens = (turn.summary.usage or {}).get("total_tokens")
    return tokens if isinstance(tokens, int) else 0
