"""An answer whose stream broke off while Dify writes on: its end is waited for, and the rest is fetched.

A chatflow runs in a worker of Dify's own, and tells whoever asks for the events of its run. Of every app's answer the
message is stored when it is over; it stays empty where Dify noticed that its caller had hung up.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from service.answers import failures
from service.answers.base import (
    STOPPED_ELSEWHERE,
    Answer,
    AnswerError,
    AnswerStopped,
    AppFile,
    BrokenAnswer,
    OnPart,
    Replacement,
    Summary,
    Text,
)
from service.answers.dify.app_files import FileFinder
from service.answers.dify.run_follower import NotHealed, RunFollower, backoff, may_pass
from service.answers.dify.stored_message import fetch_message, text_since
from service.answers.dify.upstream_call import Upstream, UpstreamCall, post_stop
from service.answers.json_values import as_list, objects_in
from service.elapsed import ms_since

log = structlog.get_logger()

HEALING_SECONDS = 300
"""All of it may take so long; then the answer is incomplete."""
STORED_SECONDS = 20
"""So long the stored message is waited for: after the end of a run, or at once for an app without one."""
STOP_TRIES = 2
HEALABLE = (failures.LOST, failures.BROKEN_OFF, failures.UNREADABLE)
"""Failures of a stream that say nothing of its run."""


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
        self._broken = broken
        self._files = files
        self._follower = RunFollower(upstream, broken, steps=steps)
        self._is_stopped = False
        self._limit: asyncio.Timeout | None = None

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
        run_id, follower = self._broken.identity.run_id, self._follower
        run = await follower.follow(run_id, on_part) if run_id else None
        if run is not None and run.stopped:
            raise AnswerStopped(STOPPED_ELSEWHERE)
        if run is not None and run.failure:
            raise NotHealed("run_failed")
        try:
            message = await self._stored_message(is_over=run is not None)
            how = self._go_on(self._text_of(message) or "", on_part)
            self._sum_up(message, on_part)
        except (NotHealed, TimeoutError):
            if follower.pause is None:
                raise
            how = "paused"
        if follower.pause is not None:
            on_part(follower.pause)
        return how

    async def _stored_message(self, *, is_over: bool) -> Mapping[str, Any]:
        """When it is complete. Raises NotHealed and TimeoutError."""
        waits = backoff()
        async with asyncio.timeout(STORED_SECONDS):
            while True:
                try:
                    message = await fetch_message(self._client, self._broken.identity, self._broken.user)
                except AnswerError as error:
                    if error.failure is not failures.MESSAGE_NOT_FOUND and not may_pass(error.failure):
                        raise NotHealed(error.failure.reason) from error
                    message = None
                if message is not None and self._is_complete(message, is_over=is_over):
                    return message
                await asyncio.sleep(next(waits))

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
        answer = message.get("answer")
        return text_since(answer, self._broken.identity) if isinstance(answer, str) else None

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
        for file in objects_in(message.get("message_files")):
            self._tell(self._files.in_event(file), on_part)
        if not self._follower.has_summary:
            on_part(Summary(citations=as_list(message.get("retriever_resources")) or None))

    def _tell(self, files: list[AppFile], on_part: OnPart) -> None:
        for file in files:
            on_part(file)
