"""A turn: one question and its answer. It outlives the connection that asked."""

import asyncio
import contextvars
import time
import zlib
from collections.abc import Callable
from dataclasses import InitVar, dataclass, field

import structlog

from service.answers.base import (
    Answer,
    AnswerError,
    AnswerStopped,
    AppFile,
    Failure,
    Identity,
    Part,
    Queued,
    Replacement,
    Speech,
    Step,
    Summary,
    Text,
)
from service.answers.demand import Demand
from service.answers.pauses import Pause
from service.chat.answer_buffer import AnswerBuffer, Progress
from service.chat.client_identity import NOWHERE, Origin, Owner
from service.chat.failures import INTERNAL, MAX_ANSWER_CHARACTERS, TOO_LONG, WRITER_LOST
from service.chat.reading import Reading
from service.chat.receipt import Receipt
from service.chat.turn_status import CLIENT_LEFT, CLIENT_STOPPED, DISPLACED, WAITING_FOR_HUMAN, Kind, Status
from service.elapsed import ms_since
from service.tasks import Tasks

log = structlog.get_logger()


@dataclass(slots=True, eq=False)
class Turn:
    """Reads an answer into its buffer, whether or not anybody listens.

    It ends once: then `status` is set, with a `failure` or another `reason`; the source is read on until it stops.
    Without listeners it is stopped after `orphan_grace` seconds, or at once: see `leave`, or in favour of a question
    that somebody waits for: see Demand. `is_remote`: another process asks the source.
    """

    owner: Owner
    id: str
    checksum: int
    answer: InitVar[Answer]
    demand: InitVar[Demand]
    tasks: InitVar[Tasks]
    orphan_grace: float
    origin: Origin = NOWHERE
    kind: Kind = Kind.QUESTION
    is_remote: bool = False
    buffer: AnswerBuffer = field(default_factory=AnswerBuffer)
    status: Status | None = None
    reason: str | None = None
    failure: Failure | None = None
    identity: Identity | None = None
    pause: Pause | None = None
    summary: Summary = field(default_factory=Summary)
    receipt: Receipt = field(default_factory=Receipt)
    released_at: float = 0.0
    _is_withholding: bool = False
    _is_queued: bool = False
    _subscribers: tuple[Callable[[], None], ...] = ()
    _listeners: int = 0
    _is_claimed: bool = False
    _orphan_timer: asyncio.TimerHandle | None = None
    _started_at: float = field(default_factory=time.monotonic)
    _reading: Reading | None = field(init=False)

    def __post_init__(self, answer: Answer, demand: Demand, tasks: Tasks) -> None:
        context = contextvars.copy_context()  # what is logged of it names its asker, not who displaces it
        demand.displace = lambda: context.run(self.stop, DISPLACED)
        self._reading = Reading(answer, demand, tasks, self._read(answer))

    @property
    def text(self) -> str:
        return self.buffer.text

    @property
    def undelivered(self) -> int:
        return max(0, self.buffer.length - self.receipt.offset)

    @property
    def has_no_listeners(self) -> bool:
        return not self._listeners

    @property
    def is_queued(self) -> bool:
        """The question waits in the source's own queue."""
        return self._is_queued and self.status is None

    def is_same_question(self, content: str) -> bool:
        return self.checksum == checksum_of(content)

    def join(self, *, claims: bool) -> None:
        """One more listens, who `claims` to come back if it has shown that it can: by the turn's id, or a token."""
        self._listeners += 1
        self._is_claimed |= claims
        if self._orphan_timer is not None:
            self._orphan_timer.cancel()
        if self._reading is not None:
            self._reading.demand.set_listened_to(True)

    def leave(self, *, for_good: bool = False) -> None:
        """One listens no more. Of a remote turn only its own process knows whether somebody does.

        Where the last one leaves `for_good`, and nobody has a claim to come back, the turn is stopped at once.
        """
        self._listeners -= 1
        if self._listeners:
            return
        if self.is_remote and self._reading is not None:
            self._reading.cancel()
        elif self.status is not None:
            self.buffer.compact()
        elif for_good and not self._is_claimed and self.kind is not Kind.DECISION:
            self.stop(CLIENT_LEFT)
        else:
            self._await_return()

    def _await_return(self) -> None:
        loop = asyncio.get_running_loop()
        self._orphan_timer = loop.call_later(self.orphan_grace, self.stop, CLIENT_LEFT)
        if self._reading is not None:
            self._reading.demand.set_listened_to(False)

    def subscribe(self, on_update: Callable[[], None]) -> None:
        """Call `on_update` whenever the buffer has more, and at the end. It must not raise."""
        self._subscribers += (on_update,)

    def unsubscribe(self, on_update: Callable[[], None]) -> None:
        self._subscribers = tuple(other for other in self._subscribers if other != on_update)

    def when_read(self, callback: Callable[[], None]) -> None:
        """Call back when the source has been read to its end: after the turn's end, or at it."""
        if self._reading is not None:
            self._reading.task.add_done_callback(lambda _: callback())

    async def wait_ended(self) -> None:
        if self._reading is not None:
            await self._reading.ended.wait()

    def stop(self, reason: str) -> None:
        """End the turn now, and its source in the background."""
        self._terminate(Status.STOPPED, reason=reason)

    def abort(self, failure: Failure) -> None:
        """The same, for a failure of this service."""
        self._terminate(self._broken_status(), failure)

    def release(self) -> None:
        """The source has been read to its end."""
        self._reading = None
        self.released_at = time.monotonic()
        if self.has_no_listeners:
            self.buffer.compact()

    async def _read(self, answer: Answer) -> None:
        structlog.contextvars.bind_contextvars(turn_id=self.id)
        try:
            await answer.stream(self._on_part)
            if self.pause is None:
                self._end(Status.DONE)
            else:
                self._end(Status.PAUSED, reason=WAITING_FOR_HUMAN)
        except AnswerError as error:
            status = Status.INCOMPLETE if error.failure == WRITER_LOST else self._broken_status()
            self._end(status, error.failure)
        except AnswerStopped as stopped:
            self._end(Status.STOPPED, reason=str(stopped) or None)
        except Exception:
            log.exception("turn.failed")
            self._end(self._broken_status(), INTERNAL)
        finally:
            self._end(Status.STOPPED, reason="cancelled")

    def _on_part(self, part: Part) -> None:
        self._is_queued = isinstance(part, Queued)
        match part:
            case Text() if self.status is None:
                self.buffer.write(part.content)
            case Summary():
                self.summary = part  # tokens are used for a stopped answer, too
                return
            case _ if self.status is not None:
                return  # written after a stop
            case Replacement():
                self.buffer.replace(part)
                self.receipt.restart()
            case Identity():
                self.identity = part
                return
            case Pause():
                self.pause = part
                return
            case Step() | Speech() | AppFile():
                self._add_progress(part)
        self._notify()
        if self.buffer.total_written > MAX_ANSWER_CHARACTERS:
            self.abort(TOO_LONG)

    def _add_progress(self, progress: Progress) -> None:
        if not self.buffer.add_progress(progress) and not self._is_withholding:
            self._is_withholding = True
            log.warning("turn.extras_withheld", turn_id=self.id)

    def _broken_status(self) -> Status:
        return Status.INCOMPLETE if self.buffer.length else Status.ERROR

    def _terminate(self, status: Status, failure: Failure | None = None, reason: str | None = None) -> None:
        if not self._end(status, failure, reason) or (reading := self._reading) is None:
            return
        if self.kind is Kind.LOOK or (self.kind is Kind.DECISION and reason != CLIENT_STOPPED):
            reading.cancel()
        else:
            reading.stop(self.id)

    def _end(self, status: Status, failure: Failure | None = None, reason: str | None = None) -> bool:
        """The one transition to the terminal state. False where the turn had ended: the first end counts."""
        if self.status is not None:
            return False
        self.status, self.failure, self.reason = status, failure, failure.reason if failure else reason
        if self._orphan_timer is not None:
            self._orphan_timer.cancel()
        log.info(
            "turn.finished",
            turn_id=self.id,
            status=status,
            reason=self.reason,
            source=self.identity and self.identity.source,
            characters=self.buffer.length,
            duration_ms=ms_since(self._started_at),
        )
        if self._reading is not None:
            self._reading.end()
        self._notify()
        return True

    def _notify(self) -> None:
        for on_update in self._subscribers:
            on_update()


def checksum_of(content: str) -> int:
    """By which a repeated question is recognized."""
    return zlib.crc32(content.encode(errors="replace"))
