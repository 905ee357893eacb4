"""The run of an answer whose stream broke off, followed to its end. Dify may be restarting meanwhile.

Some text is missing by then, so that none of its text is of use here: the stored message has all.
"""

import asyncio
import time
from collections.abc import Iterator

from msgspec import structs

from service.answers import failures
from service.answers.base import AnswerError, BrokenAnswer, Failure, OnPart, Part, Step, Summary
from service.answers.dify.answer_events import EventParser
from service.answers.dify.app_files import FileFinder
from service.answers.dify.call_after_pause import fetch_form
from service.answers.dify.error_mapping import failure_of_reply
from service.answers.dify.event_fields import is_text
from service.answers.dify.http_errors import UnexpectedResponse
from service.answers.dify.sse_framing import SseDecoder
from service.answers.dify.stored_message import fetch_message
from service.answers.dify.upstream_call import STREAM_ERRORS, Upstream
from service.answers.pauses import Pause

LOOK_AGAIN_SECONDS = 30
"""After so long without an event a run is asked for anew: it may have ended before it was listened to."""
QUIET_SECONDS = 60
"""A run of which nothing is heard for so long is given up: others wait for its place."""
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 3


class NotHealed(Exception):
    """The message says why, in a word for the log."""


class RunFollower:
    """Tells the steps and the summary of a run. `pause`: a person is to decide how it goes on."""

    def __init__(self, upstream: Upstream, broken: BrokenAnswer, *, steps: bool) -> None:
        self.pause: Pause | None = None
        self.has_summary = False
        self._client = upstream.client
        self._links = upstream.links
        self._broken = broken
        self._steps = steps
        self._heard_at = time.monotonic()  # its last event

    async def follow(self, run_id: str, on_part: OnPart) -> EventParser | None:
        """Until it is over; None where this Dify does not tell of it. Raises NotHealed."""
        waits = backoff()
        while True:
            self.pause = None
            may_be_paused = await self._is_stored_as_paused()
            parser = EventParser(steps=self._steps and not may_be_paused, files=FileFinder(self._links))
            try:
                await self._read_events(run_id, parser, on_part, with_snapshot=may_be_paused)
            except UnexpectedResponse as error:
                if not may_pass(failure_of_reply(error.status, error.body)):
                    return None
            except STREAM_ERRORS:
                pass
            if parser.is_over and not await self._is_decided(parser.pause):
                return parser
            if time.monotonic() - self._heard_at > QUIET_SECONDS:
                raise NotHealed("silent")
            await asyncio.sleep(next(waits))

    async def _is_stored_as_paused(self) -> bool:
        """Then only a snapshot of the run tells of the pause; it repeats steps. It stays so until the run is over."""
        try:
            message = await fetch_message(self._client, self._broken.identity, self._broken.user)
        except AnswerError:
            return False
        return message.get("status") == "paused"

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
        events = self._client.run_events(run_id, self._broken.user, with_snapshot=with_snapshot)
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
                self.pause = structs.replace(part, length=identity.length, checksum=identity.checksum)
            case Summary() | Step():
                self.has_summary |= isinstance(part, Summary)
                on_part(part)


def may_pass(failure: Failure) -> bool:
    """Dify, or what is before it, may be restarting."""
    return failure.is_retryable or failure.trips_breaker


def backoff() -> Iterator[float]:
    """Between tries, in seconds."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        yield pause
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
