"""One call of Dify's chat-messages: its events, and its stop.

Dify writes on, and tokens are paid for, until it has finished or is stopped; only an event names the task for that.
"""

import asyncio
import time
from enum import Enum, auto
from http import HTTPStatus
from typing import Any

import structlog

from service.answers.base import Part, Question, Replacement, Text
from service.answers.dify.client import HTTP_ERRORS, DifyClient, EventStream, UnexpectedResponse
from service.answers.dify.event_parser import EventParser
from service.answers.dify.sse import EventTooLarge, SseDecoder
from service.elapsed import ms_since
from service.tasks import Tasks

log = structlog.get_logger()

STOP_TIMEOUT_SECONDS = 5
STOP_TRIES = 2
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


class UpstreamCall:
    """Whoever opens it reads it, passes each chunk to `parse`, and releases it.

    For `max_seconds` from its start it may be read on in the background, to learn what is to be stopped.
    """

    def __init__(self, client: DifyClient, tasks: Tasks, question: Question, max_seconds: float) -> None:
        self.state = State.OPENING
        self.is_stop_wanted = False
        self.parser = EventParser(steps=question.steps, speech=question.speech)
        self.first_event_ms: int | None = None
        self.first_text_ms: int | None = None
        self.started_at = time.monotonic()
        self._client = client
        self._tasks = tasks
        self._question = question
        self._max_seconds = max_seconds
        self._decoder = SseDecoder()
        self._opened = asyncio.Event()
        self._stop_lock = asyncio.Lock()
        self._events: EventStream  # from `open` on

    def open(self) -> EventStream:
        self._events = self._client.events("chat-messages", _body(self._question))
        return self._events

    def parse(self, chunk: bytes) -> list[Part]:
        """Raises EventTooLarge."""
        is_beginning = self.first_text_ms is None or self.parser.task_id is None
        parts = self.parser.parse(self._decoder.feed(chunk))
        if is_beginning:
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

    async def stop(self) -> None:
        """Returns when Dify was told, or nothing is to be stopped. Dify accepts any stop: only its end proves one."""
        self.is_stop_wanted = True
        await self._opened.wait()
        async with self._stop_lock:
            for tries in range(1, STOP_TRIES + 1):
                if self.state is State.STREAMING and not self.parser.is_over and await self._post_stop(tries):
                    self.state = State.STOPPING

    def release(self) -> None:
        """Nobody reads on. What Dify may go on writing is stopped in the background."""
        if self.state is State.OPENING and self._events.is_open:
            self._tasks.spawn(self._stop_once_opened())
            return
        self._close()
        if self.state is State.STREAMING:
            self._tasks.spawn(self.stop())

    async def _stop_once_opened(self) -> None:
        try:
            async with asyncio.timeout(self._max_seconds - ms_since(self.started_at) / 1000):
                while self.state is State.OPENING and (chunk := await self._events.read()):
                    self.parse(chunk)
        except STREAM_ERRORS:
            pass  # the failure for which nobody reads on is logged already
        finally:
            if self.state is State.OPENING and self._events.is_open:
                log.warning("dify.left_running", total_ms=ms_since(self.started_at))
            self._close()
        await self.stop()

    def _close(self) -> None:
        self._events.close()
        if self.state is State.OPENING or self.parser.is_over:
            self.state = State.CLOSED
        self._opened.set()

    async def _post_stop(self, tries: int) -> bool:
        task = self.parser.task_id
        path, body = f"chat-messages/{task}/stop", {"user": self._question.user}
        try:
            status = await self._client.post_status(path, body, STOP_TIMEOUT_SECONDS)
        except HTTP_ERRORS as error:
            log.warning("dify.stop_failed", task_id=task, tries=tries, exc_info=error)
            return False
        is_accepted = status == HTTPStatus.OK
        (log.info if is_accepted else log.warning)(
            "dify.stop_sent" if is_accepted else "dify.stop_failed", task_id=task, tries=tries, status=status
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
