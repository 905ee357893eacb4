"""One question and its answer: buffer, listeners, one terminal state. Outlives a connection."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum

import structlog

from service.answers.base import (
    Answer,
    Answerer,
    AnswerError,
    Failure,
    Identity,
    Part,
    Question,
    Replacement,
    Summary,
    Text,
)
from service.codes import Code
from service.tasks import Tasks

log = structlog.get_logger()

MAX_ANSWER_CHARACTERS = 1_000_000
STOP_TIMEOUT_SECONDS = 5

INTERNAL = Failure("internal", Code.UNKNOWN_ERROR, "Something went wrong here.", "a fault of this service")
TOO_LONG = Failure(
    "too_long", Code.THIRD_PARTY_ERROR, "The answer became too long.", f"more than {MAX_ANSWER_CHARACTERS:,} characters"
)


class Status(StrEnum):
    """How a turn ended: `incomplete` keeps the text that came before the source broke off, `error` has none."""

    DONE = "done"
    STOPPED = "stopped"
    INCOMPLETE = "incomplete"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Delta:
    """The text that starts at `offset` (code points); with `replace`, all before it is withdrawn."""

    offset: int
    content: str
    replace: bool = False


class Turn:
    """Reads an answer into its buffer, whoever listens. `status` is None until the one terminal state is reached."""

    def __init__(self, turn_id: str, answer: Answer, tasks: Tasks) -> None:
        self.id = turn_id
        self.status: Status | None = None
        self.failure: Failure | None = None
        self.identity: Identity | None = None
        self.summary = Summary()
        self._answer = answer
        self._parts: list[str] = []
        self._length = 0
        self._revision = 0
        self._news = asyncio.Event()
        self._started_at = time.monotonic()
        self._tasks = tasks
        self.reading = tasks.spawn(self._read())

    @property
    def text(self) -> str:
        return "".join(self._parts)

    async def follow(self) -> AsyncGenerator[Delta, None]:
        """Yield the text as it comes, from the start to the turn's end. Who is late gets more at a time."""
        revision, seen, offset = self._revision, 0, 0
        while True:
            replaced = revision != self._revision
            if replaced:
                revision, seen, offset = self._revision, 0, 0
            if seen < len(self._parts):
                content = "".join(self._parts[seen:])
                seen = len(self._parts)
                yield Delta(offset, content, replaced)
                offset += len(content)
            elif self.status is not None:
                return
            else:
                await self._news.wait()

    async def ended(self) -> None:
        while self.status is None:
            await self._news.wait()

    def stop(self, reason: str) -> None:
        """End the turn now, and its source in the background."""
        self._cut(Status.STOPPED, reason)

    async def _read(self) -> None:
        structlog.contextvars.bind_contextvars(turn_id=self.id)
        try:
            async with aclosing(aiter(self._answer)) as parts:
                async for part in parts:
                    self._take(part)
            self._end(Status.DONE)
        except AnswerError as error:
            self._break_off(error.failure)
        except Exception:
            log.exception("turn.failed")
            self._break_off(INTERNAL)
        finally:
            self._end(Status.STOPPED, "cancelled")

    def _take(self, part: Part) -> None:
        if self.status is not None:
            return  # what is still written after a stop is nobody's
        match part:
            case Text(content):
                self._write(content)
            case Replacement(content):
                self._parts, self._length = [], 0
                self._revision += 1
                self._write(content)
            case Identity():
                self.identity = part
            case Summary():
                self.summary = part

    def _write(self, content: str) -> None:
        self._parts.append(content)
        self._length += len(content)
        self._tell()
        if self._length > MAX_ANSWER_CHARACTERS:
            self._cut(Status.INCOMPLETE, TOO_LONG.reason, TOO_LONG)

    def _break_off(self, failure: Failure) -> None:
        self._end(Status.INCOMPLETE if self._length else Status.ERROR, failure.reason, failure)

    def _cut(self, status: Status, reason: str, failure: Failure | None = None) -> None:
        if self._end(status, reason, failure):
            self._tasks.spawn(self._stop_source())

    async def _stop_source(self) -> None:
        """Only the end of the source's stream proves that it stopped; if that does not come, drop the connection."""
        await self._answer.stop()
        _, unended = await asyncio.wait([self.reading], timeout=STOP_TIMEOUT_SECONDS)
        if unended:
            log.warning("turn.stop_unproven", turn_id=self.id)
            self.reading.cancel()

    def _end(self, status: Status, reason: str | None = None, failure: Failure | None = None) -> bool:
        """Enter the terminal state. False if the turn was over already: the first end counts."""
        if self.status is not None:
            return False
        self.status, self.failure = status, failure
        log.info(
            "turn.finished",
            turn_id=self.id,
            status=status,
            reason=reason,
            source=self.identity and self.identity.source,
            characters=self._length,
            duration_ms=round((time.monotonic() - self._started_at) * 1000),
        )
        self._tell()
        return True

    def _tell(self) -> None:
        """Wake whoever listens. The event is left clear: it says that there is news, not what."""
        self._news.set()
        self._news.clear()


class Turns:
    """The turns of this process, and the tasks in which they live: neither ends with the connection that asked."""

    def __init__(self, answerer: Answerer) -> None:
        self._answerer = answerer
        self._running: set[Turn] = set()
        self._tasks = Tasks()

    def __len__(self) -> int:
        return len(self._running)

    def start(self, turn_id: str, question: Question) -> Turn:
        turn = Turn(turn_id, self._answerer.ask(question), self._tasks)
        self._running.add(turn)
        turn.reading.add_done_callback(lambda _: self._running.discard(turn))
        return turn

    async def close(self) -> None:
        """Stop what still runs, within STOP_TIMEOUT_SECONDS and a second."""
        for turn in self._running:
            turn.stop("shutdown")
        await self._tasks.finish(within=STOP_TIMEOUT_SECONDS + 1)
