"""Questions to Dify: ask, read the answer as it is written, stop.

Source of the facts: Dify, api-reference: chat-messages, and recordings of Dify 1.12.1.
"""

import asyncio
import time
from http import HTTPStatus
from typing import Any

import structlog

from service.answers import failures
from service.answers.base import AnswerError, Failure, OnPart, Part, Question, Replacement, Text
from service.answers.dify.call_log import log_failure
from service.answers.dify.client import HTTP_ERRORS, DifyClient, EventStream, UnexpectedResponse, connection_failure
from service.answers.dify.error_mapping import failure_of_reply
from service.answers.dify.event_parser import EventParser
from service.answers.dify.sse import EventTooLarge, SseDecoder
from service.answers.dify.timeouts import Timeouts, Watchdog
from service.tasks import Tasks

log = structlog.get_logger()

STOP_TIMEOUT_SECONDS = 5
STOP_TRIES = 2
CLOSE_TIMEOUT_SECONDS = 2


class DifyAnswerer:
    """Asks the app that `client` knows; closes the client with itself."""

    def __init__(self, client: DifyClient, timeouts: Timeouts) -> None:
        self.client = client
        self.timeouts = timeouts
        self.tasks = Tasks()

    def ask(self, question: Question) -> "DifyAnswer":
        return DifyAnswer(self, question)

    async def check(self) -> Failure | None:
        """Asks for the app's name: that takes a right address, a good key and an app that is there."""
        try:
            await self.client.get_app("info")
        except AnswerError as error:
            return error.failure
        return None

    async def close(self) -> None:
        """Stops are still sent, also to what has not begun to answer, within CLOSE_TIMEOUT_SECONDS."""
        await self.tasks.finish(within=CLOSE_TIMEOUT_SECONDS)
        await self.client.close()


class DifyAnswer:
    """One call of Dify's chat-messages."""

    def __init__(self, dify: DifyAnswerer, question: Question) -> None:
        self._dify = dify
        self._question = question
        self._parser = EventParser(steps=question.steps, speech=question.speech)
        self._task_known = asyncio.Event()  # set too when the stream is over: there is nothing left to stop
        self._asked_at = time.monotonic()
        self._first_event_ms: int | None = None
        self._first_text_ms: int | None = None
        self._watchdog = Watchdog(dify.timeouts)
        self._decoder = SseDecoder()
        self._is_asked_to_stop = False
        self._was_told_to_stop = False
        self._stop_lock = asyncio.Lock()

    async def stream(self, on_part: OnPart) -> None:
        events = self._dify.client.events("chat-messages", _body(self._question))
        try:
            async with self._watchdog.watch():
                while not self._parser.only_speech_follows and (chunk := await events.read()):
                    self._watchdog.on_event()
                    for part in self._read(chunk):
                        on_part(part)
        except (UnexpectedResponse, EventTooLarge, *HTTP_ERRORS) as error:
            self._fail(self._failure_of(error), error)
        finally:
            self._release(events)
        self._check_end()

    async def stop(self) -> None:
        """Sent as soon as the task is known. Dify says 200 to any stop: only the end of the stream proves it."""
        self._is_asked_to_stop = True
        await self._task_known.wait()
        await self._send_stop()

    def _release(self, events: EventStream) -> None:
        """Unless Dify said that it is done: what it goes on writing costs tokens, and nobody reads it."""
        if events.is_open and self._parser.task_id is None:
            self._dify.tasks.spawn(self._stop_when_known(events))
            return
        events.close()
        self._task_known.set()
        if self._owes_a_stop:
            self._dify.tasks.spawn(self._send_stop())

    @property
    def _owes_a_stop(self) -> bool:
        """Whether Dify may be writing still, and was not told that nobody reads it."""
        return not (self._parser.task_id is None or self._parser.is_over or self._was_told_to_stop)

    async def _stop_when_known(self, events: EventStream) -> None:
        """Nobody waits any more, yet Dify goes on, and only its first event says what is to be stopped."""
        try:
            async with asyncio.timeout(self._dify.timeouts.total - self._elapsed_ms() / 1000):
                while self._parser.task_id is None and (chunk := await events.read()):
                    self._read(chunk)
        except (UnexpectedResponse, EventTooLarge, *HTTP_ERRORS):
            pass  # why nobody waits any more is told already
        finally:
            if events.is_open and self._parser.task_id is None:
                log.warning("dify.left_running", total_ms=self._elapsed_ms())
            events.close()
            self._task_known.set()
        await self._send_stop()

    async def _send_stop(self) -> None:
        async with self._stop_lock:
            for tries in range(1, STOP_TRIES + 1):
                if self._owes_a_stop:
                    self._was_told_to_stop = await self._post_stop(tries)

    async def _post_stop(self, tries: int) -> bool:
        task = self._parser.task_id
        path, body = f"chat-messages/{task}/stop", {"user": self._question.user}
        try:
            status = await self._dify.client.post_status(path, body, STOP_TIMEOUT_SECONDS)
        except HTTP_ERRORS as error:
            log.warning("dify.stop_failed", task_id=task, tries=tries, exc_info=error)
            return False
        is_told = status == HTTPStatus.OK
        (log.info if is_told else log.warning)(
            "dify.stop_sent" if is_told else "dify.stop_failed", task_id=task, tries=tries, status=status
        )
        return is_told

    def _read(self, chunk: bytes) -> list[Part]:
        if self._first_event_ms is None:
            self._first_event_ms = self._elapsed_ms()
        is_beginning = self._first_text_ms is None or self._parser.task_id is None
        parts = self._parser.parse(self._decoder.feed(chunk))
        if is_beginning:
            self._record_firsts(parts)
        return parts

    def _record_firsts(self, parts: list[Part]) -> None:
        if self._parser.task_id is not None:
            self._task_known.set()
        if self._first_text_ms is None and any(isinstance(part, Text | Replacement) for part in parts):
            self._first_text_ms = self._elapsed_ms()

    def _check_end(self) -> None:
        """The stream ended in good order; what it said decides."""
        stopped_by_others = self._parser.stopped and not self._is_asked_to_stop
        if self._parser.failure is not None or stopped_by_others:
            self._fail(failures.FAILED)
        elif not self._parser.is_over:
            self._fail(failures.BROKEN_OFF)
        else:
            log.info("dify.answered", **self._log_fields(), usage=self._parser.usage)

    def _fail(self, failure: Failure, error: Exception | None = None) -> None:
        """Raise AnswerError, unless Dify had said all before the trouble came."""
        if self._parser.is_over and failure is not failures.FAILED:
            return
        raised = AnswerError(failure, is_midway=self._first_text_ms is not None)
        raised.__cause__ = error
        log_failure(raised, self._parser.failure, **self._log_fields())
        raise raised

    def _failure_of(self, error: Exception) -> Failure:
        if isinstance(error, UnexpectedResponse):
            return failure_of_reply(error.status, error.body)
        if isinstance(error, EventTooLarge):
            return failures.EVENT_TOO_LARGE
        if (failure := connection_failure(error)) is not None:
            return failure
        if isinstance(error, TimeoutError):
            return self._watchdog.failure
        return failures.LOST if self._first_event_ms is None else failures.BROKEN_OFF

    def _log_fields(self) -> dict[str, Any]:
        identity = self._parser.identity
        return {
            "task_id": self._parser.task_id,
            "message_id": identity and identity.message_id,
            "dify_conversation_id": identity and identity.conversation_id,
            "first_event_ms": self._first_event_ms,
            "first_text_ms": self._first_text_ms,
            "total_ms": self._elapsed_ms(),
        }

    def _elapsed_ms(self) -> int:
        return round((time.monotonic() - self._asked_at) * 1000)


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
