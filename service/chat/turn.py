"""One question and its answer: buffer, listeners, one terminal state. Outlives a connection."""

import asyncio
import time
import zlib
from collections.abc import Callable
from enum import StrEnum

import structlog

from service.answers.base import (
    Answer,
    AnswerError,
    AnswerStopped,
    Failure,
    Identity,
    Part,
    Replacement,
    Speech,
    Step,
    Summary,
    Text,
)
from service.chat.answer_buffer import AnswerBuffer
from service.result_codes import ResultCode
from service.tasks import Tasks

log = structlog.get_logger()

MAX_ANSWER_CHARACTERS = 1_000_000
STOP_TIMEOUT_SECONDS = 5

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
    "owner_lost",
    ResultCode.UNAVAILABLE,
    "The answer broke off.",
    "the process that wrote it ended without a word",
)
ID_TAKEN = Failure(
    "id_taken", ResultCode.PARAMETER_ERROR, "This id names another question already.", "an id asked twice"
)
FAILURES = (INTERNAL, TOO_LONG, RESTARTING, WRITER_LOST, ID_TAKEN)


class Status(StrEnum):
    """How a turn ended: `incomplete` keeps the text that came before the source broke off, `error` has none."""

    DONE = "done"
    STOPPED = "stopped"
    INCOMPLETE = "incomplete"
    ERROR = "error"


class Turn:
    """Reads an answer into its buffer, whoever listens. `status` is None until the one terminal state is reached.

    Whoever listens joins, and leaves: a turn to which nobody has listened for `orphan_grace` seconds is stopped.
    `delivered` is how far the text got to any client, in code points. Another process runs what `is_remote`.
    """

    __slots__ = (
        "_answer",
        "_ended",
        "_is_withholding",
        "_listeners",
        "_on_update",
        "_orphan_timer",
        "_started_at",
        "_tasks",
        "buffer",
        "checksum",
        "delivered",
        "failure",
        "id",
        "identity",
        "is_remote",
        "orphan_grace",
        "reader_task",
        "reason",
        "released_at",
        "status",
        "summary",
        "token",
    )

    def __init__(  # noqa: PLR0913 - each of its own kind
        self, token: str, turn_id: str, checksum: int, answer: Answer, *, tasks: Tasks, orphan_grace: float
    ) -> None:
        self.token = token
        self.id = turn_id
        self.checksum = checksum
        self.is_remote = False
        self.buffer = AnswerBuffer()
        self.status: Status | None = None
        self.reason: str | None = None
        self.failure: Failure | None = None
        self.identity: Identity | None = None
        self.summary = Summary()
        self.delivered = 0
        self.orphan_grace = orphan_grace
        self._answer = answer
        self._is_withholding = False
        self._ended = asyncio.Event()
        self._on_update: tuple[Callable[[], None], ...] = ()
        self._listeners = 0
        self._orphan_timer: asyncio.TimerHandle | None = None
        self._started_at = time.monotonic()
        self._tasks = tasks
        self.reader_task = tasks.spawn(self._read())

    @property
    def text(self) -> str:
        return self.buffer.text

    @property
    def undelivered(self) -> int:
        """Code points that no client got."""
        return max(0, self.buffer.length - self.delivered)

    @property
    def has_no_listeners(self) -> bool:
        return not self._listeners

    def is_same_question(self, content: str) -> bool:
        """Whether it was asked just that."""
        return self.checksum == checksum_of(content)

    def join(self) -> None:
        """One more listens."""
        self._listeners += 1
        if self._orphan_timer is not None:
            self._orphan_timer.cancel()

    def leave(self) -> None:
        """One listens no more. If it was the last one, it has `orphan_grace` seconds to come back.

        Of a relayed turn only its own process knows whether nobody listens.
        """
        self._listeners -= 1
        if self._listeners:
            return
        if self.is_remote:
            self.reader_task.cancel()
        elif self.status is not None:
            self.buffer.compact()
        else:
            loop = asyncio.get_running_loop()
            self._orphan_timer = loop.call_later(self.orphan_grace, self.stop, "client_left")

    def subscribe(self, on_update: Callable[[], None]) -> None:
        """From now on, `on_update` is called whenever the buffer has more, and at the end. It must not raise."""
        self._on_update += (on_update,)

    def unsubscribe(self, on_update: Callable[[], None]) -> None:
        self._on_update = tuple(other for other in self._on_update if other != on_update)

    async def wait_ended(self) -> None:
        if self.status is None:
            await self._ended.wait()

    def stop(self, reason: str) -> None:
        """End the turn now, and its source in the background."""
        self._terminate(Status.STOPPED, reason)

    def abort(self, failure: Failure) -> None:
        """The same, for a reason of ours: the client is to know that this is not all."""
        self._terminate(self._broken_status(), failure.reason, failure)

    def release(self) -> None:
        """It has been read to its end: only what a client may still want is kept. Thousands of them may be."""
        self.released_at = time.monotonic()
        del self._answer, self._ended, self._tasks, self.reader_task
        if self.has_no_listeners:
            self.buffer.compact()

    async def _read(self) -> None:
        structlog.contextvars.bind_contextvars(turn_id=self.id)
        try:
            await self._answer.stream(self._on_part)
            self._end(Status.DONE)
        except AnswerError as error:
            self._fail(error.failure)
        except AnswerStopped:
            self._end(Status.STOPPED)
        except Exception:
            log.exception("turn.failed")
            self._fail(INTERNAL)
        finally:
            self._end(Status.STOPPED, "cancelled")

    def _on_part(self, part: Part) -> None:
        match part:
            case Text() if self.status is None:
                self.buffer.write(part.content)
            case Summary():
                self.summary = part  # a stop costs tokens, too
                return
            case _ if self.status is not None:
                return  # what is still written after a stop is nobody's
            case Replacement():
                self.buffer.replace(part)
                self.delivered = 0
            case Identity():
                self.identity = part
                return
            case Step() | Speech():
                self._add(part)
        self._notify()
        if self.buffer.total_written > MAX_ANSWER_CHARACTERS:
            self._terminate(Status.INCOMPLETE, TOO_LONG.reason, TOO_LONG)

    def _add(self, extra: Step | Speech) -> None:
        """More than can be kept is withheld: the words are there, to be read or spoken otherwise."""
        if not self.buffer.add_progress(extra) and not self._is_withholding:
            self._is_withholding = True
            log.warning("turn.extras_withheld", turn_id=self.id)

    def _fail(self, failure: Failure) -> None:
        self._end(Status.INCOMPLETE if failure == WRITER_LOST else self._broken_status(), failure.reason, failure)

    def _broken_status(self) -> Status:
        return Status.INCOMPLETE if self.buffer.length else Status.ERROR

    def _terminate(self, status: Status, reason: str, failure: Failure | None = None) -> None:
        if self._end(status, reason, failure):
            self._tasks.spawn(_stop_answer(self.id, self._answer, self.reader_task))

    def _end(self, status: Status, reason: str | None = None, failure: Failure | None = None) -> bool:
        """Enter the terminal state. False if the turn was over already: the first end counts."""
        if self.status is not None:
            return False
        self.status, self.reason, self.failure = status, reason, failure
        if self._orphan_timer is not None:
            self._orphan_timer.cancel()
        log.info(
            "turn.finished",
            turn_id=self.id,
            status=status,
            reason=reason,
            source=self.identity and self.identity.source,
            characters=self.buffer.length,
            duration_ms=round((time.monotonic() - self._started_at) * 1000),
        )
        self._ended.set()
        self._notify()
        return True

    def _notify(self) -> None:
        for on_update in self._on_update:
            on_update()


async def _stop_answer(turn_id: str, answer: Answer, reader_task: asyncio.Task[None]) -> None:
    """Only the end of the source's stream proves that it stopped; if that does not come, drop the connection."""
    await answer.stop()
    _, unended = await asyncio.wait([reader_task], timeout=STOP_TIMEOUT_SECONDS)
    if unended:
        log.warning("turn.stop_unproven", turn_id=turn_id)
        reader_task.cancel()


def checksum_of(content: str) -> int:
    """By which a question is known again."""
    return zlib.crc32(content.encode(errors="replace"))
