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
from service.chat.record import Record
from service.codes import Code
from service.tasks import Tasks

log = structlog.get_logger()

MAX_ANSWER_CHARACTERS = 1_000_000
STOP_TIMEOUT_SECONDS = 5

INTERNAL = Failure("internal", Code.UNKNOWN_ERROR, "Something went wrong here.", "a fault of this service")
TOO_LONG = Failure(
    "too_long", Code.THIRD_PARTY_ERROR, "The answer became too long.", f"more than {MAX_ANSWER_CHARACTERS:,} characters"
)
RESTARTING = Failure(
    "restarting",
    Code.UNAVAILABLE,
    "The service is restarting. Please ask again in a moment.",
    "this service was told to end, and DRAIN_TIMEOUT was over",
)
OWNER_LOST = Failure(
    "owner_lost",
    Code.UNAVAILABLE,
    "The answer broke off.",
    "the process that wrote it ended without a word",
)
ID_TAKEN = Failure("id_taken", Code.PARAMETER_ERROR, "This id names another question already.", "an id asked twice")
FAILURES = (INTERNAL, TOO_LONG, RESTARTING, OWNER_LOST, ID_TAKEN)


class Status(StrEnum):
    """How a turn ended: `incomplete` keeps the text that came before the source broke off, `error` has none."""

    DONE = "done"
    STOPPED = "stopped"
    INCOMPLETE = "incomplete"
    ERROR = "error"


class Turn:
    """Reads an answer into its buffer, whoever listens. `status` is None until the one terminal state is reached.

    Whoever listens joins, and leaves: a turn to which nobody has listened for `orphan_grace` seconds is stopped.
    `delivered` is how far the text got to any client, in code points. Another process runs what `is_relayed`.
    """

    __slots__ = (
        "_answer",
        "_ended",
        "_is_withholding",
        "_listeners",
        "_on_news",
        "_orphaned",
        "_started_at",
        "_tasks",
        "checksum",
        "delivered",
        "failure",
        "id",
        "identity",
        "is_relayed",
        "orphan_grace",
        "owner",
        "reading",
        "reason",
        "record",
        "settled_at",
        "status",
        "summary",
    )

    def __init__(  # noqa: PLR0913 - each of its own kind
        self, owner: str, turn_id: str, checksum: int, answer: Answer, *, tasks: Tasks, orphan_grace: float
    ) -> None:
        self.owner = owner
        self.id = turn_id
        self.checksum = checksum
        self.is_relayed = False
        self.record = Record()
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
        self._on_news: tuple[Callable[[], None], ...] = ()
        self._listeners = 0
        self._orphaned: asyncio.TimerHandle | None = None
        self._started_at = time.monotonic()
        self._tasks = tasks
        self.reading = tasks.spawn(self._read())

    @property
    def text(self) -> str:
        return self.record.text

    @property
    def undelivered(self) -> int:
        """Code points that no client got."""
        return max(0, self.record.length - self.delivered)

    @property
    def is_deserted(self) -> bool:
        return not self._listeners

    def is_about(self, content: str) -> bool:
        """Whether it was asked just that."""
        return self.checksum == checksum_of(content)

    def join(self) -> None:
        """One more listens."""
        self._listeners += 1
        if self._orphaned is not None:
            self._orphaned.cancel()

    def leave(self) -> None:
        """One listens no more. If it was the last one, it has `orphan_grace` seconds to come back.

        Of a relayed turn only its own process knows whether nobody listens.
        """
        self._listeners -= 1
        if self._listeners:
            return
        if self.is_relayed:
            self.reading.cancel()
        elif self.status is not None:
            self.record.compact()
        else:
            loop = asyncio.get_running_loop()
            self._orphaned = loop.call_later(self.orphan_grace, self.stop, "client_left")

    def call(self, on_news: Callable[[], None]) -> None:
        """From now on, `on_news` is called whenever there is more in the record, and at the end. It must not raise."""
        self._on_news += (on_news,)

    def call_no_more(self, on_news: Callable[[], None]) -> None:
        self._on_news = tuple(other for other in self._on_news if other != on_news)

    async def ended(self) -> None:
        if self.status is None:
            await self._ended.wait()

    def stop(self, reason: str) -> None:
        """End the turn now, and its source in the background."""
        self._cut(Status.STOPPED, reason)

    def interrupt(self, failure: Failure) -> None:
        """The same, for a reason of ours: the client is to know that this is not all."""
        self._cut(self._broken(), failure.reason, failure)

    def settle(self) -> None:
        """It has been read to its end: only what a client may still want is kept. Thousands of them may be."""
        self.settled_at = time.monotonic()
        del self._answer, self._ended, self._tasks, self.reading
        if self.is_deserted:
            self.record.compact()

    async def _read(self) -> None:
        structlog.contextvars.bind_contextvars(turn_id=self.id)
        try:
            await self._answer.tell(self._take)
            self._end(Status.DONE)
        except AnswerError as error:
            self._break_off(error.failure)
        except AnswerStopped:
            self._end(Status.STOPPED)
        except Exception:
            log.exception("turn.failed")
            self._break_off(INTERNAL)
        finally:
            self._end(Status.STOPPED, "cancelled")

    def _take(self, part: Part) -> None:
        match part:
            case Text() if self.status is None:
                self.record.write(part.content)
            case Summary():
                self.summary = part  # a stop costs tokens, too
                return
            case _ if self.status is not None:
                return  # what is still written after a stop is nobody's
            case Replacement():
                self.record.replace(part)
                self.delivered = 0
            case Identity():
                self.identity = part
                return
            case Step() | Speech():
                self._add(part)
        self._tell()
        if self.record.taken > MAX_ANSWER_CHARACTERS:
            self._cut(Status.INCOMPLETE, TOO_LONG.reason, TOO_LONG)

    def _add(self, extra: Step | Speech) -> None:
        """More than can be kept is withheld: the words are there, to be read or spoken otherwise."""
        if not self.record.add(extra) and not self._is_withholding:
            self._is_withholding = True
            log.warning("turn.extras_withheld", turn_id=self.id)

    def _break_off(self, failure: Failure) -> None:
        self._end(Status.INCOMPLETE if failure == OWNER_LOST else self._broken(), failure.reason, failure)

    def _broken(self) -> Status:
        return Status.INCOMPLETE if self.record.length else Status.ERROR

    def _cut(self, status: Status, reason: str, failure: Failure | None = None) -> None:
        if self._end(status, reason, failure):
            self._tasks.spawn(_stop_source(self.id, self._answer, self.reading))

    def _end(self, status: Status, reason: str | None = None, failure: Failure | None = None) -> bool:
        """Enter the terminal state. False if the turn was over already: the first end counts."""
        if self.status is not None:
            return False
        self.status, self.reason, self.failure = status, reason, failure
        if self._orphaned is not None:
            self._orphaned.cancel()
        log.info(
            "turn.finished",
            turn_id=self.id,
            status=status,
            reason=reason,
            source=self.identity and self.identity.source,
            characters=self.record.length,
            duration_ms=round((time.monotonic() - self._started_at) * 1000),
        )
        self._ended.set()
        self._tell()
        return True

    def _tell(self) -> None:
        for on_news in self._on_news:
            on_news()


async def _stop_source(turn_id: str, answer: Answer, reading: asyncio.Task[None]) -> None:
    """Only the end of the source's stream proves that it stopped; if that does not come, drop the connection."""
    await answer.stop()
    _, unended = await asyncio.wait([reading], timeout=STOP_TIMEOUT_SECONDS)
    if unended:
        log.warning("turn.stop_unproven", turn_id=turn_id)
        reading.cancel()


def checksum_of(content: str) -> int:
    """By which a question is known again."""
    return zlib.crc32(content.encode(errors="replace"))
