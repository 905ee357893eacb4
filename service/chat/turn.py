"""A turn: one question and its answer, as its clients see it. There are two kinds, RunningTurn and FollowedTurn."""

import zlib
from abc import ABC, abstractmethod
from asyncio import Event
from collections.abc import Callable
from dataclasses import dataclass, field

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
from service.chat.answer_buffer import AnswerBuffer
from service.chat.client_identity import Owner
from service.chat.receipt import Receipt
from service.chat.turn_failures import INTERNAL
from service.chat.turn_status import WAITING_FOR_HUMAN, Ending, Status

log = structlog.get_logger()


@dataclass(slots=True, eq=False, kw_only=True)
class Turn(ABC):
    """It ends once: then `status` is set, with a `failure` or another `reason`.

    The buffer has all that was written where it `is_current`. Of a turn that was lost before its end nothing more is
    known here: `lost_for` says why. It `is_measured` when a client has told its VoiceLatency.
    """

    owner: Owner
    id: str
    checksum: int
    buffer: AnswerBuffer = field(default_factory=AnswerBuffer)
    status: Status | None = None
    reason: str | None = None
    failure: Failure | None = None
    identity: Identity | None = None
    pause: Pause | None = None
    summary: Summary = field(default_factory=Summary)
    receipt: Receipt = field(default_factory=Receipt)
    is_current: bool = True
    lost_for: Failure | None = None
    is_measured: bool = False
    _is_withholding: bool = False
    _is_queued: bool = False
    _subscribers: tuple[Callable[[], None], ...] = ()

    @property
    def text(self) -> str:
        return self.buffer.text

    @property
    def undelivered(self) -> int:
        return max(0, self.buffer.length - self.receipt.offset)

    @property
    def is_found(self) -> bool:
        """It is known that there is one."""
        return True

    @property
    def is_over(self) -> bool:
        """Nothing follows any more."""
        return self.status is not None or self.lost_for is not None

    @property
    def is_queued(self) -> bool:
        """The question waits in the source's own queue."""
        return self._is_queued and self.status is None

    def is_same_question(self, content: str) -> bool:
        return self.checksum == checksum_of(content)

    def subscribe(self, on_update: Callable[[], None]) -> None:
        """Call `on_update` whenever the buffer has more, and when it is over. It must not raise."""
        self._subscribers += (on_update,)

    def unsubscribe(self, on_update: Callable[[], None]) -> None:
        self._subscribers = tuple(other for other in self._subscribers if other != on_update)

    async def wait_ended(self) -> None:
        over = Event()

        def look() -> None:
            if self.is_over:
                over.set()

        self.subscribe(look)
        look()
        try:
            await over.wait()
        finally:
            self.unsubscribe(look)

    @abstractmethod
    def join(self, *, may_resume: bool) -> None:
        """One more listens, who `may_resume` where it has shown that it can: by the turn's id, or a token."""

    @abstractmethod
    def leave(self, *, for_good: bool = False) -> None:
        """One listens no more, and does not come back where it leaves `for_good`."""

    @abstractmethod
    def stop(self, reason: str) -> None:
        """End the turn, and its source, wherever it runs."""

    async def _ending_of(self, answer: Answer) -> Ending:
        """Where the answer ends, or breaks off, once all its parts were told."""
        try:
            await answer.stream(self._on_part)
        except AnswerError as error:
            return self._broken(error.failure)
        except AnswerStopped as stopped:
            return Ending(Status.STOPPED, str(stopped) or None, summary=self.summary)
        except Exception:
            log.exception("turn.failed")
            return self._broken(INTERNAL)
        if self.pause is not None:
            return Ending(Status.PAUSED, WAITING_FOR_HUMAN, None, self.summary, self.pause)
        return Ending(Status.DONE, summary=self.summary)

    def _broken(self, failure: Failure) -> Ending:
        return Ending(Status.INCOMPLETE if self.buffer.length else Status.ERROR, failure=failure, summary=self.summary)

    @abstractmethod
    def _on_part(self, part: Part) -> None: ...

    def _add(self, part: Part) -> bool:
        """False where a client need not be told at once."""
        self._is_queued = isinstance(part, Queued)
        match part:
            case Text():
                self.buffer.write(part.content)
            case Replacement():
                self.buffer.replace(part)
                self.receipt.restart()
            case Identity():
                self.identity = part
                return False
            case Pause():
                self.pause = part
                return False
            case Summary():
                self.summary = part
                return False
            case Step() | Speech() | AppFile():
                if not self.buffer.add_progress(part) and not self._is_withholding:
                    self._is_withholding = True
                    log.warning("turn.extras_withheld", turn_id=self.id)
        return True

    def _set_end(self, ending: Ending) -> None:
        self.status, self.failure = ending.status, ending.failure
        self.reason = ending.failure.reason if ending.failure else ending.reason

    def _notify(self) -> None:
        for on_update in self._subscribers:
            on_update()


def checksum_of(content: str) -> int:
    """By which a repeated question is recognized."""
    return zlib.crc32(content.encode(errors="replace"))
