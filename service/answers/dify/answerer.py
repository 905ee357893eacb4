"""Questions to Dify: ask, stream the answer, stop."""

from typing import Any

import structlog

from service.answers import failures
from service.answers.base import AnswerError, Failure, OnPart, Question
from service.answers.dify.call_log import log_failure
from service.answers.dify.client import DifyClient, UnexpectedResponse, connection_failure
from service.answers.dify.error_mapping import failure_of_reply
from service.answers.dify.sse import EventTooLarge
from service.answers.dify.timeouts import Timeouts, Watchdog
from service.answers.dify.upstream_call import STREAM_ERRORS, UpstreamCall
from service.elapsed import ms_since
from service.tasks import Tasks

log = structlog.get_logger()

CLOSE_TIMEOUT_SECONDS = 2


class DifyAnswerer:
    """Asks the app that `client` knows; closes the client with itself."""

    def __init__(self, client: DifyClient, timeouts: Timeouts) -> None:
        self.client = client
        self._timeouts = timeouts
        self._tasks = Tasks()

    def ask(self, question: Question) -> "DifyAnswer":
        call = UpstreamCall(self.client, self._tasks, question, self._timeouts.total)
        return DifyAnswer(call, Watchdog(self._timeouts))

    async def check(self) -> Failure | None:
        """Asks for the app's name, which takes a right address, a good key and an app."""
        try:
            await self.client.get_app("info")
        except AnswerError as error:
            return error.failure
        return None

    async def close(self) -> None:
        """Stops are still sent, also of what has not begun to answer, within CLOSE_TIMEOUT_SECONDS."""
        await self._tasks.finish(within=CLOSE_TIMEOUT_SECONDS)
        await self.client.close()


class DifyAnswer:
    """The answer of one upstream call, within its timeouts."""

    def __init__(self, call: UpstreamCall, watchdog: Watchdog) -> None:
        self._call = call
        self._parser = call.parser
        self._watchdog = watchdog

    async def stream(self, on_part: OnPart) -> None:
        events = self._call.open()
        try:
            async with self._watchdog.watch():
                while not self._parser.only_speech_follows and (chunk := await events.read()):
                    self._watchdog.on_event()
                    for part in self._call.parse(chunk):
                        on_part(part)
        except STREAM_ERRORS as error:
            self._fail(self._failure_of(error), error)
        finally:
            self._call.release()
        self._check_end()

    async def stop(self) -> None:
        await self._call.stop()

    def _check_end(self) -> None:
        """The stream ended without an error; its last events say how."""
        stopped_by_others = self._parser.stopped and not self._call.is_stop_wanted
        if self._parser.failure is not None or stopped_by_others:
            self._fail(failures.FAILED)
        elif not self._parser.is_over:
            self._fail(failures.BROKEN_OFF)
        else:
            log.info("dify.answered", **self._log_fields(), usage=self._parser.usage)

    def _fail(self, failure: Failure, error: Exception | None = None) -> None:
        """Raise AnswerError, unless the answer was complete before the error came."""
        if self._parser.is_over and failure is not failures.FAILED:
            return
        raised = AnswerError(failure, is_midway=self._call.first_text_ms is not None)
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
        return failures.LOST if self._call.first_event_ms is None else failures.BROKEN_OFF

    def _log_fields(self) -> dict[str, Any]:
        identity = self._parser.identity
        return {
            "task_id": self._parser.task_id,
            "message_id": identity and identity.message_id,
            "dify_conversation_id": identity and identity.conversation_id,
            "first_event_ms": self._call.first_event_ms,
            "first_text_ms": self._call.first_text_ms,
            "total_ms": ms_since(self._call.started_at),
        }
