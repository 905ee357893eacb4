"""A turn: one question and its answer. It outlives the connection that asked."""

import asyncio
import time
import zlib
from collections.abc import Callable, Coroutine
from dataclasses import InitVar, dataclass, field
from enum import StrEnum
from typing import Any, Protocol
from weakref import ReferenceType, ref

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
from service.answers.pauses import Pause
from service.chat.answer_buffer import AnswerBuffer, Progress
from service.chat.client_identity import NOWHERE, Origin, Owner
from service.elapsed import ms_since
from service.result_codes import ResultCode
from service.tasks import Tasks

log = structlog.get_logger()

MAX_ANSWER_CHARACTERS = 1_000_000
STOP_TIMEOUT_SECONDS = 5
WAITING_FOR_HUMAN = "waiting_for_human"
CLIENT_STOPPED = "client_stopped"

INTERNAL = Failure("internal", ResultCode.UNKNOWN_ERROR, "Something went wrong here.", "a fault of this service")
TOO_LONG = Failure(
    "too_long",
    ResultCode.THIRD_PARTY_ERROR,
    "The answer became too long.",
    f"more than {MAX_ANSWER_CHARACTERS:,} characters",
)
RESTARTING = Failure(
    "restarting",
    ResultCode.UNAVAILABLE,
    "The service is restarting. Please ask again in a moment.",
    "this service was told to end, and DRAIN_TIMEOUT was over",
)
WRITER_LOST = Failure(
    "owner_lost", ResultCode.UNAVAILABLE, "The answer broke off.", "the process that wrote it ended without a word"
)
ID_TAKEN = Failure(
    "id_taken", ResultCode.PARAMETER_ERROR, "This id names another question already.", "an id asked twice"
)
FAILURES = (INTERNAL, TOO_LONG, RESTARTING, WRITER_LOST, ID_TAKEN)


class Status(StrEnum):
    """How a turn ended: `incomplete` keeps the text from before the source broke off, `error` has none.

    `paused` has the text so far: a person is to decide, then the source goes on.
    """

    DONE = "done"
    PAUSED = "paused"
    STOPPED = "stopped"
    INCOMPLETE = "incomplete"
    ERROR = "error"


class Receiver(Protocol):
    """Who was sent an answer; last heard of at `heard_at`, in monotonic seconds."""

    heard_at: float


class _Reading:
    """What a turn needs while its source is read, and no longer: thousands of ended turns are kept."""

    def __init__(self, answer: Answer, tasks: Tasks, work: Coroutine[Any, Any, None]) -> None:
        self.answer = answer
        self.tasks = tasks
        self.task = tasks.spawn(work)
        self.ended = asyncio.Event()


@dataclass(slots=True, eq=False)
class Turn:
    """Reads an answer into its buffer, whether or not anybody listens.

    It ends once: then `status` is set, with a `failure` or another `reason`; the source is read on until it stops.
    Without listeners it is stopped after `orphan_grace` seconds. `delivered` is how far the text got to any client, in
    code points. `is_remote`: another process asks the source. `goes_on_alone`: the source is stopped only where the
    client says so; what `only_looks` at what another turn asked for never stops it.
    """

    owner: Owner
    id: str
    checksum: int
    answer: InitVar[Answer]
    tasks: InitVar[Tasks]
    orphan_grace: float
    is_remote: bool = False
    goes_on_alone: bool = False
    only_looks: bool = False
    buffer: AnswerBuffer = field(default_factory=AnswerBuffer)
    status: Status | None = None
    reason: str | None = None
    failure: Failure | None = None
    identity: Identity | None = None
    pause: Pause | None = None
    summary: Summary = field(default_factory=Summary)
    delivered: int = 0
    released_at: float = 0.0
    origin: Origin = NOWHERE
    _receiver: ReferenceType[Receiver] | None = None
    _delivered_at: float = 0.0
    _is_withholding: bool = False
    _is_queued: bool = False
    _subscribers: tuple[Callable[[], None], ...] = ()
    _listeners: int = 0
    _orphan_timer: asyncio.TimerHandle | None = None
    _started_at: float = field(default_factory=time.monotonic)
    _reading: _Reading | None = field(init=False)

    def __post_init__(self, answer: Answer, tasks: Tasks) -> None:
        self._reading = _Reading(answer, tasks, self._read(answer))

    @property
    def text(self) -> str:
        return self.buffer.text

    @property
    def undelivered(self) -> int:
        return max(0, self.buffer.length - self.delivered)

    @property
    def has_no_listeners(self) -> bool:
        return not self._listeners

    @property
    def is_queued(self) -> bool:
        """The question waits in the source's own queue."""
        return self._is_queued and self.status is None

    @property
    def is_received(self) -> bool:
        """Somebody was sent all of it and the end, and was heard of afterwards: the connection lived."""
        receiver = self._receiver() if self._receiver is not None else None
        return receiver is not None and receiver.heard_at > self._delivered_at

    def mark_delivered(self, receiver: Receiver) -> None:
        """All of it was sent, and the end."""
        self.delivered = self.buffer.length
        self._receiver, self._delivered_at = ref(receiver), time.monotonic()

    def is_same_question(self, content: str) -> bool:
        return self.checksum == checksum_of(content)

    def join(self) -> None:
        """One more listens."""
        self._listeners += 1
        if self._orphan_timer is not None:
            self._orphan_timer.cancel()

    def leave(self) -> None:
        """One listens no more. Of a remote turn only its own process knows whether somebody does."""
        self._listeners -= 1
        if self._listeners:
            return
        if self.is_remote and self._reading is not None:
            self._reading.task.cancel()
        elif self.status is not None:
            self.buffer.compact()
        else:
            loop = asyncio.get_running_loop()
            self._orphan_timer = loop.call_later(self.orphan_grace, self.stop, "client_left")

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
                self.delivered = 0
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
        if self.only_looks or (self.goes_on_alone and reason != CLIENT_STOPPED):
            reading.task.cancel()
        else:
            reading.tasks.spawn(_stop_answer(self.id, reading))

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
            self._reading.ended.set()
        self._notify()
        return True

    def _notify(self) -> None:
        for on_update in self._subscribers:
            on_update()


async def _stop_answer(turn_id: str, reading: _Reading) -> None:
    """Only the end of the source's stream proves that it stopped; without that the connection is dropped."""
    await reading.answer.stop()
    _, unended = await asyncio.wait([reading.task], timeout=STOP_TIMEOUT_SECONDS)
    if unended:
        log.warning("turn.stop_unproven", turn_id=turn_id)
        reading.task.cancel()


def checksum_of(content: str) -> int:
    """By which a repeated question is recognized."""
    return zlib.crc32(content.encode(errors="replace"))
