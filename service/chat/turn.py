"""One question and its answer: buffer, listeners, one terminal state. Outlives a connection."""

import asyncio
import time
import zlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

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
from service.codes import Code
from service.tasks import Tasks

log = structlog.get_logger()

MAX_ANSWER_CHARACTERS = 1_000_000
MAX_SPEECH_CHARACTERS = 4_000_000
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


@dataclass(frozen=True, slots=True)
class Delta:
    """The text that starts at `offset` (code points); with `replace`, all before it is withdrawn."""

    offset: int
    content: str
    replace: bool = False


News = Delta | Step | Speech
_Entry = str | Replacement | Step | Speech


class Turn:
    """Reads an answer into its buffer, whoever listens. `status` is None until the one terminal state is reached.

    Whoever listens joins, and leaves: a turn to which nobody has listened for `orphan_grace` seconds is stopped.
    `length` is that of the text, `delivered` how far it got to any client, both in code points. Another process runs
    what `is_relayed`.
    """

    def __init__(self, turn_id: str, checksum: int, answer: Answer, tasks: Tasks, orphan_grace: float) -> None:
        self.id = turn_id
        self.checksum = checksum
        self.is_relayed = False
        self.status: Status | None = None
        self.failure: Failure | None = None
        self.identity: Identity | None = None
        self.summary = Summary()
        self.length = 0
        self.delivered = 0
        self._answer = answer
        self._log: list[_Entry] = []
        self._spoken = 0
        self._was_replaced = False
        self._news = asyncio.Event()
        self._listeners = 0
        self._orphan_grace = orphan_grace
        self._orphaned: asyncio.TimerHandle | None = None
        self._started_at = time.monotonic()
        self._tasks = tasks
        self.reading = tasks.spawn(self._read())

    @property
    def text(self) -> str:
        return "".join([_words(entry) for entry in self._log if isinstance(entry, str | Replacement)])

    @property
    def undelivered(self) -> int:
        """Code points that no client got."""
        return max(0, self.length - self.delivered)

    @property
    def is_deserted(self) -> bool:
        return not self._listeners

    def answers(self, content: str) -> bool:
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
            return
        if self.status is not None:
            self._log = _joined(self._log)  # a cursor keeps the old one
            return
        loop = asyncio.get_running_loop()
        self._orphaned = loop.call_later(self._orphan_grace, self.stop, "client_left")

    async def follow(self, offset: int = 0) -> AsyncGenerator[News, None]:
        """Yield what comes after `offset`, to the turn's end. Who is late gets more text at a time."""
        while self.length < offset and self.status is None:
            await self._news.wait()  # a relayed turn has not heard yet what there is
        cursor = self.cursor(offset)
        while True:
            for item in cursor.news():
                yield item
            if cursor.is_at_end:
                if self.status is not None:
                    return
                await self._news.wait()

    def cursor(self, offset: int = 0) -> "Cursor":
        """A reader that has `offset` code points already.

        If text was withdrawn since the start, or there is less than `offset`, all of it comes anew, as a replacement.
        """
        return Cursor(self._log, self._since(offset), offset)

    async def ended(self) -> None:
        while self.status is None:
            await self._news.wait()

    def stop(self, reason: str) -> None:
        """End the turn now, and its source in the background."""
        self._cut(Status.STOPPED, reason)

    def interrupt(self, failure: Failure) -> None:
        """The same, for a reason of ours: the client is to know that this is not all."""
        self._cut(self._broken(), failure.reason, failure)

    def _since(self, offset: int) -> list[_Entry]:
        if offset > self.length or (offset and self._was_replaced):
            return [Replacement(""), *self._log]
        for index, entry in enumerate(self._log):
            if not offset:
                return self._log[index:]
            if isinstance(entry, str):
                if len(entry) > offset:
                    return [entry[offset:], *self._log[index + 1 :]]
                offset -= len(entry)
        return []

    async def _read(self) -> None:
        structlog.contextvars.bind_contextvars(turn_id=self.id)
        try:
            async with aclosing(aiter(self._answer)) as parts:
                async for part in parts:
                    self._take(part)
            self._end(Status.DONE)
        except AnswerError as error:
            self._break_off(error.failure)
        except AnswerStopped:
            self._end(Status.STOPPED, "stopped_elsewhere")
        except Exception:
            log.exception("turn.failed")
            self._break_off(INTERNAL)
        finally:
            self._end(Status.STOPPED, "cancelled")

    def _take(self, part: Part) -> None:
        if isinstance(part, Summary):
            self.summary = part  # a stop costs tokens, too
        elif self.status is None:  # what is still written after a stop is nobody's
            self._note(part)

    def _note(self, part: Identity | Text | Replacement | Step | Speech) -> None:
        match part:
            case Text(content):
                self._write(content, len(content))
            case Replacement(content):
                self._log[:] = ["" if _is_text(entry) else entry for entry in self._log]
                self._was_replaced = True
                self.length = self.delivered = 0
                self._write(part, len(content))
            case Identity():
                self.identity = part
            case Step():
                self._log.append(part)
                self._tell()
            case Speech():
                self._speak(part)

    def _write(self, entry: str | Replacement, length: int) -> None:
        self._log.append(entry)
        self.length += length
        self._tell()
        if self.length > MAX_ANSWER_CHARACTERS:
            self._cut(Status.INCOMPLETE, TOO_LONG.reason, TOO_LONG)

    def _speak(self, speech: Speech) -> None:
        """Speech that is too much to keep is withheld: the words are there, to be read or spoken otherwise."""
        if self._spoken <= MAX_SPEECH_CHARACTERS < self._spoken + len(speech.content):
            log.warning("turn.speech_withheld", turn_id=self.id, number=speech.number)
        self._spoken += len(speech.content)
        if self._spoken <= MAX_SPEECH_CHARACTERS:
            self._log.append(speech)
            self._tell()

    def _break_off(self, failure: Failure) -> None:
        self._end(Status.INCOMPLETE if failure == OWNER_LOST else self._broken(), failure.reason, failure)

    def _broken(self) -> Status:
        return Status.INCOMPLETE if self.length else Status.ERROR

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
        if self._orphaned is not None:
            self._orphaned.cancel()
        log.info(
            "turn.finished",
            turn_id=self.id,
            status=status,
            reason=reason,
            source=self.identity and self.identity.source,
            characters=self.length,
            duration_ms=round((time.monotonic() - self._started_at) * 1000),
        )
        self._tell()
        return True

    def _tell(self) -> None:
        """Wake whoever listens. The event is left clear: it says that there is news, not what."""
        self._news.set()
        self._news.clear()


class Cursor:
    """One reader of a turn's log, and how far it has read."""

    def __init__(self, log: list[_Entry], first: list[_Entry], offset: int) -> None:
        self._log = log
        self._first = first
        self._seen = len(log)
        self._offset = offset

    @property
    def is_at_end(self) -> bool:
        return self._seen == len(self._log)

    def news(self) -> list[News]:
        """What has come since the last look, neighbouring texts joined."""
        entries, self._first = self._first + self._log[self._seen :], []
        self._seen = len(self._log)
        return [self._item(entry) for entry in _joined(entries)]

    def _item(self, entry: _Entry) -> News:
        if not isinstance(entry, str | Replacement):
            return entry
        replaces = isinstance(entry, Replacement)
        delta = Delta(0 if replaces else self._offset, _words(entry), replaces)
        self._offset = delta.offset + len(delta.content)
        return delta


def checksum_of(content: str) -> int:
    """By which a question is known again."""
    return zlib.crc32(content.encode(errors="replace"))


def _joined(entries: list[_Entry]) -> list[_Entry]:
    """Neighbouring texts become one; what a replacement withdraws is left out."""
    if len(entries) == 1:
        return entries
    last = max((index for index, entry in enumerate(entries) if isinstance(entry, Replacement)), default=0)
    kept = [entry for index, entry in enumerate(entries) if index >= last or not _is_text(entry)]
    joined: list[_Entry] = []
    for is_text, run in groupby(kept, _is_text):
        same = list(run)
        joined += [_text_of(same)] if is_text else same
    return joined


def _is_text(entry: _Entry) -> bool:
    return isinstance(entry, str | Replacement)


def _text_of(run: list[_Entry]) -> str | Replacement:
    """One entry for many; a replacement can only be the first of them."""
    text = "".join([_words(entry) for entry in run if isinstance(entry, str | Replacement)])
    return Replacement(text) if isinstance(run[0], Replacement) else text


def _words(entry: str | Replacement) -> str:
    return entry.content if isinstance(entry, Replacement) else entry
