"""How a paused run goes on: its form is submitted, or it is asked what became of it.

A run's events are told from the moment on in which they are subscribed to. So a form is submitted after that; whoever
comes later is told the end, and gets the words from the stored message.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from msgspec import structs

from service.answers import failures
from service.answers.base import (
    Answer,
    AnswerError,
    AnswerStopped,
    BrokenAnswer,
    Failure,
    Identity,
    OnPart,
    Part,
    Replacement,
    Summary,
    Text,
)
from service.answers.dify.call_after_pause import CallAfterPause, fetch_form
from service.answers.dify.call_log import log_failure
from service.answers.dify.rest_of_answer import HEALABLE
from service.answers.dify.stored_message import fetch_message, text_since
from service.answers.dify.upstream_call import Upstream, UpstreamCall
from service.answers.pauses import Continuation, Form, Pause

_GONE = {failures.FORM_SUBMITTED, failures.FORM_EXPIRED, failures.FORM_NOT_FOUND}


class AnswerAfterPause:
    """With a decision, the words that follow it; without, `paused` again, or what has been written since.

    `read` reads the events of a call as those of any answer; what breaks off goes on by `heal`.
    """

    def __init__(
        self,
        upstream: Upstream,
        continuation: Continuation,
        read: Callable[[UpstreamCall], Answer],
        heal: Callable[[UpstreamCall, BrokenAnswer], Answer],
    ) -> None:
        self._upstream = upstream
        self._continuation = continuation
        self._run = run = continuation.run
        self._identity = Identity(
            "dify",
            run.conversation_id,
            run.message_id,
            task_id=run.task_id if continuation.decision is not None else None,
            run_id=run.run_id,
            length=run.length,
            checksum=run.checksum,
        )
        self._read = read
        self._heal = heal
        self._answer: Answer | None = None
        self._is_stopped = self._is_taken = self._is_identified = self._has_summary = False
        self._gone: Failure | None = None  # why its form waits no more
        self._heard: list[str] = []  # since the pause
        self._pause: Pause | None = None

    async def stream(self, on_part: OnPart) -> None:
        try:
            await self._go_on(on_part)
        except AnswerError as error:
            is_silent = not self._heard and error.failure is not failures.FAILED and not error.failure.is_client_error
            if self._is_taken and is_silent:
                raise AnswerError(failures.DECISION_TAKEN) from error
            raise

    async def _go_on(self, on_part: OnPart) -> None:
        if self._continuation.decision is not None:
            if not await self._follow(on_part):
                await self._recover(on_part)
        elif (form := await self._waiting_form()) is not None:
            self._pause = Pause(form, self._run.run_id, self._run.task_id)
        else:
            await self._look_on(on_part)
        if not self._is_identified:
            self._identify(on_part)
        if self._pause is not None:
            on_part(structs.replace(self._pause, length=self._run.length, checksum=self._run.checksum))

    async def stop(self) -> None:
        self._is_stopped = True
        if self._answer is not None:
            await self._answer.stop()

    async def _look_on(self, on_part: OnPart) -> None:
        """Words that were written before are missing, until the stored message has them."""
        try:
            await self._follow(on_part, with_snapshot=True)
            if self._gone is not None and self._is_old_pause():
                await self._follow_without(self._gone, on_part)
        except (AnswerError, AnswerStopped) as error:
            if isinstance(error, AnswerStopped) or error.failure is failures.FAILED:
                with suppress(AnswerError):
                    await self._recover(on_part)
            raise
        await self._recover(on_part)

    async def _follow_without(self, gone: Failure, on_part: OnPart) -> None:
        """The run's state says that it is paused, as long as it waits for Dify's worker, too."""
        if gone is not failures.FORM_SUBMITTED:
            raise AnswerError(gone)
        await self._follow(on_part)

    async def _follow(self, on_part: OnPart, *, with_snapshot: bool = False) -> bool:
        """Whether the first event was heard, and so all that follows."""
        self._pause = None
        if self._is_stopped:
            return False
        call = CallAfterPause(
            self._upstream,
            self._continuation,
            partial(self._on_taken, on_part),
            is_taken=self._is_taken,
            with_snapshot=with_snapshot,
        )
        self._answer = self._read(call)
        try:
            await self._answer.stream(lambda part: self._relay(part, on_part))
        except AnswerError as error:
            if (broken := self._broken(error.failure)) is None:
                raise
            self._answer = self._heal(call, broken)
            await self._answer.stream(lambda part: self._tell(part, on_part))
            return True
        return call.parser.has_started

    def _on_taken(self, on_part: OnPart) -> None:
        """Told at once, so that another process could go on with it."""
        self._is_taken = True
        self._identify(on_part)

    def _broken(self, failure: Failure) -> BrokenAnswer | None:
        """What can be taken up again: before the first event, too, since the run is known."""
        may_go_on = self._is_taken or self._continuation.decision is None
        if failure not in HEALABLE or not may_go_on or self._is_stopped or not self._identity.conversation_id:
            return None
        return BrokenAnswer(self._identity, self._continuation.user, "".join(self._heard), failure)

    def _relay(self, part: Part, on_part: OnPart) -> None:
        """Dify replaces the whole answer, from before the pause on. A snapshot does where nothing is withdrawn, too."""
        if not isinstance(part, Replacement):
            self._tell(part, on_part)
        elif (text := self._since_pause(part.content)) != "".join(self._heard):
            self._tell(Replacement(text), on_part)

    def _tell(self, part: Part, on_part: OnPart) -> None:
        match part:
            case Text():
                self._heard.append(part.content)
            case Replacement():
                self._heard = [part.content]
            case Pause():
                self._pause = part
                return
            case Identity():
                self._identity = _completed(self._identity, part)
                self._identify(on_part)
                return
            case Summary():
                self._has_summary = True
        on_part(part)

    async def _waiting_form(self) -> Form | None:
        """None if it waits no more, or that cannot be known from here."""
        try:
            if self._run.form_token is not None:
                return await fetch_form(self._upstream.client, self._run.form_token)
        except AnswerError as error:
            if error.failure not in _GONE:
                log_failure(error, run_id=self._run.run_id)
                raise
            self._gone = error.failure
            self._is_taken = error.failure is failures.FORM_SUBMITTED
        if self._gone is not failures.FORM_SUBMITTED and self._is_expired():
            self._gone = failures.FORM_EXPIRED
        return None

    def _is_expired(self) -> bool:
        return self._run.expires_at is not None and self._run.expires_at <= time.time() * 1000

    def _is_old_pause(self) -> bool:
        """Of the form that is gone."""
        form = self._pause.form if self._pause else None
        if form is None or form.token != self._run.form_token:
            return False
        return form.token is not None or form.expires_at == self._run.expires_at

    async def _recover(self, on_part: OnPart) -> None:
        """What was written before anybody listened here: no word that was heard is given up. Raises AnswerError."""
        if self._is_stopped:
            return
        try:
            message = await fetch_message(self._upstream.client, self._run, self._continuation.user)
        except AnswerError as error:
            log_failure(error, run_id=self._run.run_id)
            raise
        if not self._is_identified:
            self._identify(on_part)
        text = self._since_pause(str(message.get("answer") or ""))
        if len(text) > sum(map(len, self._heard)):
            on_part(Replacement(text) if self._heard else Text(text))
        citations = message.get("retriever_resources")
        if isinstance(citations, list) and citations and not self._has_summary:
            on_part(Summary(citations=citations))

    def _since_pause(self, answer: str) -> str:
        return text_since(answer, self._run)

    def _identify(self, on_part: OnPart) -> None:
        self._is_identified = True
        on_part(self._identity)


def _completed(known: Identity, told: Identity) -> Identity:
    """A pause may have come before anything named the message."""
    if known.message_id is not None:
        return known
    return structs.replace(known, conversation_id=told.conversation_id, message_id=told.message_id)
