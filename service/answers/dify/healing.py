"""An answer whose stream broke off while Dify writes on: its end is waited for, and the rest is fetched.

A chatflow runs in a worker of Dify's own, and tells whoever asks for the events of its run. Of every app's answer the
message is stored when it is over; it stays empty where Dify noticed that its caller had hung up.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

import structlog
from msgspec import structs

from service.answers import failures
from service.answers.base import (
    STOPPED_ELSEWHERE,
    Answer,
    AnswerError,
    AnswerStopped,
    AppFile,
    BrokenAnswer,
    Failure,
    OnPart,
    Part,
    Replacement,
    Step,
    Summary,
    Text,
)
from service.answers.dify.app_files import FileFinder
from service.answers.dify.continued_call import fetch_form
from service.answers.dify.error_mapping import failure_of_reply
from service.answers.dify.event_decoder import is_text
from service.answers.dify.event_parser import EventParser
from service.answers.dify.http_errors import UnexpectedResponse
from service.answers.dify.sse import SseDecoder
from service.answers.dify.stored_message import fetch_message, text_since
from service.answers.dify.upstream_call import STREAM_ERRORS, Upstream, UpstreamCall, post_stop
from service.answers.files import as_list
from service.answers.pauses import Pause
from service.elapsed import ms_since

log = structlog.get_logger()

HEALING_SECONDS = 300
"""All of it may take so long; then the answer is incomplete."""
STORED_SECONDS = 20
"""So long the stored message is waited for: after the end of a run, or at once for an app without one."""
LOOK_AGAIN_SECONDS = 30
"""After so long without an event a run is asked for anew: it may have ended before it was listened to."""
QUIET_SECONDS = 60
"""A run of which nothing is heard for so long is given up: others wait for its place."""
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 3
STOP_TRIES = 2
HEALABLE = (failures.LOST, failures.BROKEN_OFF, failures.UNREADABLE)
"""Failures of a stream that say nothing of its run."""


class NotHealed(Exception):
    """The message says why, in a word for the log."""


class HealingAnswer:
    """The answer of a call; where its stream breaks off, the rest that `heal` gets."""

    def __init__(self, answer: Answer, call: UpstreamCall, heal: Callable[[BrokenAnswer], "Healing"]) -> None:
        self._answer = answer
        self._call = call
        self._heal = heal

    async def stream(self, on_part: OnPart) -> None:
        try:
            await self._answer.stream(on_part)
        except AnswerError as error:
            broken = self._call.broken(error.failure) if error.failure in HEALABLE else None
            if broken is None:
                raise
            self._answer = self._heal(broken)
            await self._answer.stream(on_part)

    async def stop(self) -> None:
        await self._answer.stop()


class Healing:
    """The rest of a broken answer, as an answer. `stream` raises its failure where that cannot be had.

    It raises AnswerStopped where its run was stopped, through another process that heals the same answer.

    What `files` have told is not told again.
    """

    def __init__(self, upstream: Upstream, broken: BrokenAnswer, files: FileFinder, *, steps: bool = False) -> None:
        self._client = upstream.client
        self._links = upstream.links
        self._broken = broken
        self._files = files
        self._steps = steps
        self._pause: Pause | None = None
        self._is_stopped = False
        self._is_summed_up = False
        self._limit: asyncio.Timeout | None = None
        self._heard_at = time.monotonic()  # the last event of its run

    async def stream(self, on_part: OnPart) -> None:
        started_at, identity = time.monotonic(), self._broken.identity
        fields = {"message_id": identity.message_id, "run_id": identity.run_id, "reason": self._broken.failure.reason}
        try:
            async with asyncio.timeout(HEALING_SECONDS) as self._limit:
                how = await self._heal(on_part)
        except (NotHealed, TimeoutError) as error:
            why = "stopped" if self._is_stopped else str(error) or "timeout"
            log.warning("dify.not_healed", **fields, why=why, total_ms=ms_since(started_at))
            raise AnswerError(self._broken.failure, is_midway=bool(self._broken.written)) from error
        finally:
            self._limit = None
        log.info("dify.healed", **fields, how=how, total_ms=ms_since(started_at))

    async def stop(self) -> None:
        self._is_stopped = True
        if self._limit is not None and not self._limit.expired():
            self._limit.reschedule(asyncio.get_running_loop().time())
        task_id = self._broken.identity.task_id
        for tries in range(1, STOP_TRIES + 1):
            if task_id is None or await post_stop(self._client, task_id, self._broken.user, tries):
                break

    async def _heal(self, on_part: OnPart) -> str:
        """Returns how, in a word for the log."""
        run = await self._follow_run(self._broken.identity.run_id, on_part) if self._broken.identity.run_id else None
        if run is not None and run.stopped:
            raise AnswerStopped(STOPPED_ELSEWHERE)
        if run is not None and run.failure:
            raise NotHealed("run_failed")
        try:
            message = await self._stored_message(is_over=run is not None)
            how = self._go_on(self._text_of(message) or "", on_part)
            self._sum_up(message, on_part)
        except (NotHealed, TimeoutError):
            if self._pause is None:
                raise
            how = "paused"
        if self._pause is not None:
            on_part(self._pause)
        return how

    async def _follow_run(self, run_id: str, on_part: OnPart) -> EventParser | None:
        """Until it is over; None where this Dify does not tell of it. Dify may be restarting meanwhile."""
        pauses = _pauses()
        while True:
            self._pause = None
            may_be_paused = await self._is_stored_as_paused()
            parser = EventParser(steps=self._steps and not may_be_paused, files=FileFinder(self._links))
            try:
                await self._read_events(run_id, parser, on_part, with_snapshot=may_be_paused)
            except UnexpectedResponse as error:
                if not _may_pass(failure_of_reply(error.status, error.body)):
                    return None
            except STREAM_ERRORS:
                pass
            if parser.is_over and not await self._is_decided(parser.pause):
                return parser
            if time.monotonic() - self._heard_at > QUIET_SECONDS:
                raise NotHealed("silent")
            await asyncio.sleep(next(pauses))

    async def _is_stored_as_paused(self) -> bool:
        """Then only a snapshot of the run tells of the pause; it repeats steps. It stays so until the run is over."""
        try:
            return (await self._fetch_message()).get("status") == "paused"
        except AnswerError:
            return False

    async def _is_decided(self, pause: Pause | None) -> bool:
        """A snapshot says that a run is paused until Dify's worker has taken it up again."""
        token = pause.form.token if pause and pause.form else None
        try:
            if token is not None:
                await fetch_form(self._client, token)
        except AnswerError as error:
            return error.failure is failures.FORM_SUBMITTED
        return False

    async def _read_events(self, run_id: str, parser: EventParser, on_part: OnPart, *, with_snapshot: bool) -> None:
        """Some text is missing, so that none of it is of use here: the stored message has all."""
        path = f"workflow/{quote(run_id, safe='')}/events"
        query = {"user": self._broken.user} | ({"include_state_snapshot": "true"} if with_snapshot else {})
        events = self._client.run_events(path, query, None)
        decoder, loop = SseDecoder(is_text=is_text), asyncio.get_running_loop()
        try:
            async with asyncio.timeout(LOOK_AGAIN_SECONDS) as patience:
                while not parser.is_over and (chunk := await events.read()):
                    if data := decoder.feed(chunk):
                        self._heard_at = time.monotonic()
                        patience.reschedule(loop.time() + LOOK_AGAIN_SECONDS)
                    for part in parser.parse(data):
                        self._relay(part, on_part)
        finally:
            events.close()

    def _relay(self, part: Part, on_part: OnPart) -> None:
        match part:
            case Pause():
                identity = self._broken.identity
                self._pause = structs.replace(part, length=identity.length, checksum=identity.checksum)
            case Summary() | Step():
                self._is_summed_up |= isinstance(part, Summary)
                on_part(part)

    async def _stored_message(self, *, is_over: bool) -> Mapping[str, Any]:
        """When it is complete. Raises NotHealed and TimeoutError."""
        pauses = _pauses()
        async with asyncio.timeout(STORED_SECONDS):
            while True:
                try:
                    message = await self._fetch_message()
                except AnswerError as error:
                    if error.failure is not failures.MESSAGE_NOT_FOUND and not _may_pass(error.failure):
                        raise NotHealed(error.failure.reason) from error
                    message = None
                if message is not None and self._is_complete(message, is_over=is_over):
                    return message
                await asyncio.sleep(next(pauses))

    async def _fetch_message(self) -> Mapping[str, Any]:
        identity = self._broken.identity
        return await fetch_message(self._client, identity.conversation_id, identity.message_id, self._broken.user)

    def _is_complete(self, message: Mapping[str, Any], *, is_over: bool) -> bool:
        """Before the run is over no text is stored; less than was written is not all."""
        answer, written = self._text_of(message), self._broken.written.strip()
        if message.get("error") or message.get("status") == "error":
            raise NotHealed("run_failed")
        if answer is None:
            return False
        if is_over:
            return bool(answer) or not written
        is_less = written.startswith(answer) and len(answer) < len(written)
        return bool(answer) and not is_less and message.get("status") in (None, "normal")

    def _text_of(self, message: Mapping[str, Any]) -> str | None:
        """Without what earlier turns had of it."""
        answer, identity = message.get("answer"), self._broken.identity
        return text_since(answer, identity.length, identity.checksum) if isinstance(answer, str) else None

    def _go_on(self, answer: str, on_part: OnPart) -> str:
        """Exactly where the text broke off, or anew. Dify stores some answers without white space around them."""
        written = self._broken.written
        for stored, known in ((answer, written), (answer.lstrip(), written.lstrip())):
            if stored.startswith(known):
                self._write(stored[len(known) :], on_part)
                return "continued"
        if answer.strip() == written.strip():
            return "continued"
        self._files.restart()
        on_part(Replacement(answer))
        self._tell(self._files.in_text(answer), on_part)
        return "replaced"

    def _write(self, rest: str, on_part: OnPart) -> None:
        if rest:
            on_part(Text(rest))
            self._tell(self._files.in_text(rest), on_part)

    def _sum_up(self, message: Mapping[str, Any], on_part: OnPart) -> None:
        for file in as_list(message.get("message_files")):
            if isinstance(file, dict):
                self._tell(self._files.in_event(file), on_part)
        if not self._is_summed_up:
            on_part(Summary(citations=as_list(message.get("retriever_resources")) or None))

    def _tell(self, files: list[AppFile], on_part: OnPart) -> None:
        for file in files:
            on_part(file)


def _may_pass(failure: Failure) -> bool:
    """Dify, or what is before it, may be restarting."""
    return failure.is_retryable or failure.trips_breaker


def _pauses() -> Iterator[float]:
    """In seconds."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        yield pause
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
