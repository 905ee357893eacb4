"""One call of Dify's chat-messages: its events, and its stop.

Only a stop that somebody wants is ever sent: a client, or a limit of this service. Dify writes on, and tokens are paid
for, until it has finished or was told to stop; only an event names the task that a stop is for.
"""

import asyncio
import time
from contextlib import suppress
from enum import Enum, auto
from http import HTTPStatus
from typing import Any

import structlog

from service.answers.base import AnswerStopped, BrokenAnswer, Failure, Part, Question, Replacement, Text
from service.answers.demand import Demand
from service.answers.dify.answer_events import EventParser
from service.answers.dify.app_files import FileFinder, FileLinks
from service.answers.dify.client import DifyClient, EventStream
from service.answers.dify.event_fields import is_text
from service.answers.dify.http_errors import HTTP_ERRORS, UnexpectedResponse
from service.answers.dify.sse_framing import EventTooLarge, SseDecoder
from service.elapsed import ms_since
from service.tasks import Tasks, wait_within

log = structlog.get_logger()

STOP_TIMEOUT_SECONDS = 5
TRIES_AFTER_LEAVING = 2
FIRST_STOP_PAUSE_SECONDS = 0.25
LONGEST_STOP_PAUSE_SECONDS = 5
MAX_ABANDONED = 16
"""So many calls are read on at once although nobody waits, to learn what is to be stopped."""
LATE_SECONDS = 0.3
"""How long the end of a stream is waited for after the end of its answer: then its connection serves others."""
STREAM_ERRORS = (UnexpectedResponse, EventTooLarge, *HTTP_ERRORS)
"""What reading the events may raise."""


class State(Enum):
    """OPENING: the task is unknown. STREAMING: Dify may be writing. STOPPING: it accepted a stop.

    CLOSED: it has finished, or the connection ended before the task was known.
    """

    OPENING = auto()
    STREAMING = auto()
    STOPPING = auto()
    CLOSED = auto()


class Upstream:
    """What the calls of one Dify share."""

    def __init__(self, client: DifyClient, max_seconds: float, links: FileLinks | None = None) -> None:
        self.client = client
        self.links = links
        self.tasks = Tasks()
        self.max_seconds = max_seconds
        self.abandoned = asyncio.Semaphore(MAX_ABANDONED)


class UpstreamCall:
    """Whoever opens it reads it, passes each chunk to `decode`, its events to `parse`, and releases it.

    For `max_seconds` from its start it may be read on in the background, to learn what is to be stopped. `is_taken`:
    Dify has said that it will go on. `is_shared`: other turns may have stopped it, also of other processes.
    """

    is_taken = is_shared = False

    def __init__(self, upstream: Upstream, question: Question) -> None:
        self.state = State.OPENING
        self.is_stop_wanted = False
        self.files = FileFinder(upstream.links)
        self.steps = question.steps
        self.parser = EventParser(steps=question.steps, speech=question.speech, files=self.files)
        self.first_event_ms: int | None = None
        self.first_text_ms: int | None = None
        self.started_at = time.monotonic()
        self.client = upstream.client
        self.demand = question.demand or Demand(question.user)
        self._upstream = upstream
        self._question = question
        self._decoder = SseDecoder(is_text=is_text)
        self.decode = self._decoder.feed
        self._opened = asyncio.Event()
        self._left = asyncio.Event()
        self._stop_lock = asyncio.Lock()
        self._events: EventStream  # from `open` on

    def open(self) -> EventStream:
        self._events = self.client.events("chat-messages", _body(self._question))
        return self._events

    def parse(self, events: list[bytes]) -> list[Part]:
        is_beginning = self.first_text_ms is None or self.parser.task_id is None
        parts = self.parser.parse(events)
        if is_beginning and events:
            self._note_beginning(parts)
        return parts

    def _note_beginning(self, parts: list[Part]) -> None:
        now_ms = ms_since(self.started_at)
        if self.first_event_ms is None:
            self.first_event_ms = now_ms
        if self.first_text_ms is None and any(isinstance(part, Text | Replacement) for part in parts):
            self.first_text_ms = now_ms
        if self.state is State.OPENING and self.parser.task_id is not None:
            self.state = State.STREAMING
            self._opened.set()

    def finish(self) -> list[Part]:
        """At the end of the stream."""
        return [*self.parse(self._decoder.finish()), *self.parser.finish()]

    async def stop(self) -> None:
        """Returns when Dify was told, or nothing is to be stopped. Dify accepts any stop: only its end proves one.

        It is tried as long as the stream is read, and TRIES_AFTER_LEAVING times after that.
        """
        self.is_stop_wanted = True
        await self._opened.wait()
        async with self._stop_lock:
            tries = tries_after = 0
            while self.state is State.STREAMING and not self.parser.is_over and tries_after < TRIES_AFTER_LEAVING:
                tries += 1
                tries_after += self._left.is_set()
                if await post_stop(self._upstream.client, str(self.parser.task_id), self._question.user, tries):
                    self.state = State.STOPPING
                else:
                    pause = min(LONGEST_STOP_PAUSE_SECONDS, FIRST_STOP_PAUSE_SECONDS * 2 ** (tries - 1))
                    await wait_within(pause, self._left.wait())

    def release(self, *, is_abandoned: bool) -> None:
        """Nobody reads on. What is abandoned before Dify has finished is stopped in the background."""
        self.is_stop_wanted |= is_abandoned
        if self.is_stop_wanted and self.state is State.OPENING and self._events.is_open:
            self._upstream.tasks.spawn(self._stop_once_opened())
        elif (self.parser.ended or self.parser.stopped) and self._events.is_open:
            self._upstream.tasks.spawn(self._drain())
        else:
            self._leave()

    def _leave(self) -> None:
        self._events.close()
        if self.state is State.OPENING or self.parser.is_over:
            self.state = State.CLOSED
        self._left.set()
        self._opened.set()
        if self.state is State.STREAMING and self.is_stop_wanted:
            self._upstream.tasks.spawn(self.stop())

    async def _drain(self) -> None:
        """Dify may hold the stream open for minutes."""
        with suppress(*STREAM_ERRORS):
            async with asyncio.timeout(LATE_SECONDS):
                while await self._events.read():
                    pass
        self._leave()

    async def _stop_once_opened(self) -> None:
        try:
            if not self._upstream.abandoned.locked():
                async with self._upstream.abandoned:
                    await self._read_until_opened()
        finally:
            if self.state is State.OPENING and self._events.is_open:
                log.warning("dify.left_running", total_ms=ms_since(self.started_at))
            self._leave()

    async def _read_until_opened(self) -> None:
        with suppress(AnswerStopped, *STREAM_ERRORS):  # the failure for which nobody reads on is logged already
            async with asyncio.timeout(self._upstream.max_seconds - ms_since(self.started_at) / 1000):
                while self.state is State.OPENING and (chunk := await self._events.read()):
                    self.parse(self.decode(chunk))

    def broken(self, failure: Failure) -> BrokenAnswer | None:
        """What is known of it when nobody reads it any more; None if it is over or stopped, or has hardly begun."""
        parser = self.parser
        identity = parser.identity
        if identity is None or identity.conversation_id is None or parser.is_over or self.is_stop_wanted:
            return None
        return BrokenAnswer(identity, self._question.user, "".join(parser.written), failure)


async def post_stop(client: DifyClient, task_id: str, user: str, tries: int) -> bool:
    """Whether Dify accepted it; logged as the try of that number."""
    path, body = f"chat-messages/{task_id}/stop", {"user": user}
    try:
        status = await client.post_status(path, body, STOP_TIMEOUT_SECONDS)
    except HTTP_ERRORS as error:
        log.warning("dify.stop_failed", task_id=task_id, tries=tries, error=f"{type(error).__name__}: {error}")
        return False
    is_accepted = status == HTTPStatus.OK
    (log.info if is_accepted else log.warning)(
        "dify.stop_sent" if is_accepted else "dify.stop_failed", task_id=task_id, tries=tries, status=status
    )
    return is_accepted


def _body(question: Question) -> dict[str, Any]:
    body: dict[str, Any] = {
        "query": question.content,
        "inputs": question.inputs,
        "user": question.user,
        "response_mode": "streaming",
        "auto_generate_name": False,  # naming a new conversation costs a second before the first byte
    }
    if question.conversation_id:
        body["conversation_id"] = question.conversation_id
    if question.files:
        body["files"] = question.files
    return body
