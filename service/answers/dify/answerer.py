"""Questions to Dify: ask, stream the answer, stop."""

import asyncio
from contextlib import suppress
from functools import partial
from typing import Any

import structlog
from msgspec import structs

from service.answers import failures
from service.answers.base import (
    STOPPED_ELSEWHERE,
    Answer,
    AnswerError,
    AnswerStopped,
    BrokenAnswer,
    Failure,
    OnPart,
    Question,
    Queued,
)
from service.answers.dify.answer_after_pause import AnswerAfterPause
from service.answers.dify.app_api import AppInfoCache
from service.answers.dify.app_files import FileFinder, FileLinks
from service.answers.dify.call_after_pause import fetch_form
from service.answers.dify.call_log import log_failure
from service.answers.dify.client import DifyClient, EventStream
from service.answers.dify.error_mapping import FailureDetails, failure_of_event, plain_code
from service.answers.dify.forms import is_incomplete
from service.answers.dify.http_errors import failure_of
from service.answers.dify.rest_of_answer import Healing, HealingAnswer
from service.answers.dify.sse_framing import EventTooLarge
from service.answers.dify.timeouts import Activity, Timeouts, Watchdog
from service.answers.dify.upstream_call import LATE_SECONDS, STREAM_ERRORS, Upstream, UpstreamCall
from service.answers.pauses import Continuation, Pause
from service.elapsed import ms_since

log = structlog.get_logger()

CLOSE_TIMEOUT_SECONDS = 1
FORM_TIMEOUT_SECONDS = 5
SPEECH_SILENCE_SECONDS = 5
"""How long the next piece of speech is waited for after the end of the text."""


class DifyAnswerer:
    """Asks the app that `client` knows; closes the client with itself."""

    def __init__(self, client: DifyClient, timeouts: Timeouts, links: FileLinks | None = None) -> None:
        self.client = client
        self.app_info = AppInfoCache(client)
        self._timeouts = timeouts
        self._activity = Activity()
        self._upstream = Upstream(client, timeouts.total, links)

    def ask(self, question: Question | Continuation) -> Answer:
        if question.speech:
            self.app_info.refresh_if_stale()
        if isinstance(question, Continuation):
            return AnswerAfterPause(self._upstream, question, self._answer_of, self._healing_of)
        call = UpstreamCall(self._upstream, question)
        return HealingAnswer(self._answer_of(call), call, partial(self._healing_of, call))

    def ask_without_healing(self, question: Question) -> "DifyAnswer":
        return self._answer_of(UpstreamCall(self._upstream, question))

    def _answer_of(self, call: UpstreamCall) -> "DifyAnswer":
        return DifyAnswer(call, self._timeouts, self._activity, self.app_info)

    def _healing_of(self, call: UpstreamCall, broken: BrokenAnswer) -> Healing:
        return Healing(self._upstream, broken, call.files, steps=call.steps)

    def heal(self, broken: BrokenAnswer) -> Healing:
        """The rest of an answer whose process has died."""
        files = FileFinder(self._upstream.links)
        files.in_text(broken.written)  # what it found is told already
        return Healing(self._upstream, broken, files)

    async def check(self) -> Failure | None:
        """Asks for the app's name, which takes a right address, a good key and an app."""
        try:
            await self.client.get_app("info")
        except AnswerError as error:
            return error.failure
        return None

    async def close(self) -> None:
        """Stops are still sent, also of what has not begun to answer, within CLOSE_TIMEOUT_SECONDS."""
        await self._upstream.tasks.finish(within=CLOSE_TIMEOUT_SECONDS)
        await self.app_info.close()
        await self.client.close()


class DifyAnswer:
    """The answer of one upstream call, within its timeouts."""

    def __init__(self, call: UpstreamCall, timeouts: Timeouts, activity: Activity, app_info: AppInfoCache) -> None:
        self._call = call
        self._parser = call.parser
        self._timeouts = timeouts
        self._activity = activity
        self._app_info = app_info
        self._watchdog: Watchdog  # from `stream` on

    @property
    def text_events(self) -> int:
        """How many have come; those that came together are one Text."""
        return self._parser.text_events

    async def stream(self, on_part: OnPart) -> None:
        """One loop in one function, since each one between the task and the source costs time with every word."""
        call, parser, events = self._call, self._parser, self._call.open()
        watchdog = Watchdog(self._timeouts, self._activity, lambda: on_part(Queued()), lambda: call.is_taken)
        self._watchdog = watchdog
        has_ended = False
        try:
            async with watchdog.watch():
                while not parser.is_over and (chunk := await events.read()):
                    data = call.decode(chunk)
                    watchdog.on_read(has_data=bool(data))
                    for part in call.parse(data):
                        on_part(part)
                if not parser.is_over:
                    for part in call.finish():
                        on_part(part)
                elif not parser.is_complete:
                    await self._read_late(events, watchdog, on_part)
                if parser.pause is not None:
                    await self._complete_form(parser.pause, on_part)
            has_ended = True
        except STREAM_ERRORS as error:
            has_ended = not watchdog.has_expired
            self._fail(watchdog.failure if watchdog.has_expired else _failure_of(error), error)
        finally:
            call.release(is_abandoned=not has_ended)
        self._check_end()

    async def stop(self) -> None:
        await self._call.stop()

    async def _read_late(self, events: EventStream, watchdog: Watchdog, on_part: OnPart) -> None:
        """What may follow the end: usage, the last step, and speech where it was asked for."""
        parser = self._parser
        speaks = parser.awaits_speech and (parser.has_spoken or await self._app_info.may_speak(LATE_SECONDS))
        with suppress(TimeoutError):
            async with asyncio.timeout(SPEECH_SILENCE_SECONDS if speaks else LATE_SECONDS) as limit:
                while not parser.is_complete and events.is_open and (chunk := await events.read()):
                    data = self._call.decode(chunk)
                    watchdog.on_read(has_data=bool(data))
                    for part in self._call.parse(data):
                        on_part(part)
                    if data and parser.awaits_speech and parser.has_spoken:
                        limit.reschedule(asyncio.get_running_loop().time() + SPEECH_SILENCE_SECONDS)

    async def _complete_form(self, pause: Pause, on_part: OnPart) -> None:
        if pause.form is None or pause.form.token is None or not is_incomplete(pause.form):
            return
        with suppress(AnswerError, TimeoutError):
            async with asyncio.timeout(FORM_TIMEOUT_SECONDS):
                on_part(structs.replace(pause, form=await fetch_form(self._call.client, pause.form.token)))

    def _check_end(self) -> None:
        """The stream ended without an error; its last events say how."""
        parser = self._parser
        stopped_by_others = parser.stopped and not self._call.is_stop_wanted
        if parser.is_paused:
            log.info("dify.paused", **self._log_fields(), run_id=parser.run_id)
        elif stopped_by_others and self._call.is_shared:
            log.info("dify.stopped_elsewhere", **self._log_fields(), run_id=parser.run_id)
            raise AnswerStopped(STOPPED_ELSEWHERE)
        elif parser.failure is not None or stopped_by_others:
            self._fail(failure_of_event(parser.failure or FailureDetails()))
        elif not parser.is_over and not self._call.is_stop_wanted:
            self._fail(failures.BROKEN_OFF)
        else:
            log.info("dify.answered", **self._log_fields(), usage=parser.usage)

    def _fail(self, failure: Failure, error: Exception | None = None) -> None:
        """Raise AnswerError, unless the answer was complete before the error came."""
        if self._parser.is_over and error is not None:
            return
        raised = AnswerError(failure, is_midway=self._call.first_text_ms is not None)
        raised.__cause__ = error
        log_failure(raised, self._parser.failure, **self._log_fields(), last_event=plain_code(self._parser.last_event))
        raise raised

    def _log_fields(self) -> dict[str, Any]:
        identity, new = self._parser.identity, self._parser.unknown_events
        return {
            "task_id": self._parser.task_id,
            "message_id": identity and identity.message_id,
            "dify_conversation_id": identity and identity.conversation_id,
            "waited_ms": self._call.demand.waited_ms,
            "tries": self._call.demand.tries,
            "first_event_ms": self._call.first_event_ms,
            "first_text_ms": self._call.first_text_ms,
            "longest_silence_ms": round(self._watchdog.longest_silence * 1000),
            "total_ms": ms_since(self._call.started_at),
        } | ({"unknown_events": new} if new else {})


def _failure_of(error: Exception) -> Failure:
    return failures.EVENT_TOO_LARGE if isinstance(error, EventTooLarge) else failure_of(error)
