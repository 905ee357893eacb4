"""How a paused run goes on: its form is submitted, or it is asked what became of it.

A run's events are told from the moment on in which they are subscribed to. So a form is submitted after that; whoever
comes later is told the end, and gets the words from the stored message.
"""

import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import quote

import structlog
from msgspec import structs

from service.answers import failures
from service.answers.base import (
    Answer,
    AnswerError,
    AnswerStopped,
    Continuation,
    Decision,
    Form,
    Identity,
    OnPart,
    Part,
    Pause,
    PausedRun,
    Question,
    Replacement,
    Summary,
    Text,
)
from service.answers.dify.call_log import log_failure
from service.answers.dify.client import HTTP_ERRORS, DifyClient, EventStream, UnexpectedResponse, failure_of
from service.answers.dify.forms import form_of
from service.answers.dify.upstream_call import Upstream, UpstreamCall

log = structlog.get_logger()

MAX_PAGES = 5
MESSAGES_A_PAGE = 100
_DECIDED = {failures.FORM_SUBMITTED, failures.FORM_EXPIRED, failures.FORM_NOT_FOUND}
# After these a submission may have arrived.
_UNCERTAIN = {failures.LOST, failures.SILENT, failures.UNREADABLE, failures.BROKEN_OFF, failures.BAD_GATEWAY}


async def fetch_form(client: DifyClient, token: str) -> Form:
    """Raises AnswerError, one of _DECIDED if it waits no more."""
    return structs.replace(form_of(await client.get(_form_path(token), {})), token=token)


async def fetch_message(client: DifyClient, run: PausedRun, user: str) -> Mapping[str, Any]:
    """The stored message of a run's answer. Raises AnswerError."""
    if not run.conversation_id or not run.message_id:
        raise AnswerError(failures.MESSAGE_NOT_FOUND)
    query = {"conversation_id": run.conversation_id, "user": user, "limit": str(MESSAGES_A_PAGE)}
    for _ in range(MAX_PAGES):  # from the newest backwards, each page with its oldest first
        page = await client.get("messages", query)
        messages = page.get("data")
        if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
            raise AnswerError(failures.LOST)
        for message in messages:
            if message.get("id") == run.message_id:
                return dict(message)
        if not messages or not page.get("has_more"):
            break
        query["first_id"] = str(messages[0].get("id"))
    raise AnswerError(failures.MESSAGE_NOT_FOUND)


class ContinuedCall(UpstreamCall):
    """The events of a run that goes on. With a decision, its form is submitted when they are subscribed to.

    Only a stop that was asked for is sent, not one for our own timeouts: what a person decided cannot be repeated, and
    how it went on can still be asked.
    """

    def __init__(self, upstream: Upstream, continuation: Continuation, *, with_snapshot: bool) -> None:
        run, user = continuation.run, continuation.user
        super().__init__(upstream, Question("", user, steps=continuation.steps, speech=continuation.speech))
        self._run = run
        self._decision = continuation.decision
        self._query = {"user": user} | ({"include_state_snapshot": "true"} if with_snapshot else {})

    def open(self) -> EventStream:
        path = f"workflow/{quote(self._run.run_id, safe='')}/events"
        then = partial(self._submit, self._decision) if self._decision is not None else None
        self._events = self.client.run_events(path, self._query, then)
        return self._events

    def release(self, *, is_abandoned: bool) -> None:
        super().release(is_abandoned=False)

    async def _submit(self, decision: Decision) -> None:
        """Twice, if no reply tells whether it arrived: refused as submitted then, the first time was ours."""
        if self.is_stop_wanted:
            raise AnswerStopped("client_stopped")
        path = _form_path(self._run.form_token or "")
        body = {"inputs": decision.inputs, "action": decision.action, "user": self._query["user"]}
        try:
            await self.client.submit(path, body)
        except (UnexpectedResponse, *HTTP_ERRORS) as error:
            if (failure := failure_of(error)) not in _UNCERTAIN:
                raise
            log.warning("dify.form_uncertain", run_id=self._run.run_id, reason=failure.reason)
            await self._submit_again(path, body)
        log.info("dify.form_submitted", run_id=self._run.run_id)

    async def _submit_again(self, path: str, body: dict[str, Any]) -> None:
        try:
            await self.client.submit(path, body)
        except UnexpectedResponse as error:
            if failure_of(error) is not failures.FORM_SUBMITTED:
                raise


class ContinuedAnswer:
    """With a decision, the words that follow it; without, `paused` again, or what has been written since.

    `read` reads the events of a call as those of any answer.
    """

    def __init__(self, upstream: Upstream, continuation: Continuation, read: Callable[[UpstreamCall], Answer]) -> None:
        self._upstream = upstream
        self._continuation = continuation
        self._run = continuation.run
        self._read = read
        self._answer: Answer | None = None
        self._is_stopped = self._is_identified = self._has_summary = False
        self._heard: list[str] = []  # since the pause
        self._pause: Pause | None = None

    async def stream(self, on_part: OnPart) -> None:
        if self._continuation.decision is not None:
            if not await self._follow(on_part):
                await self._recover(on_part)
        elif (form := await self._waiting_form()) is not None:
            self._pause = Pause(form, self._run.run_id, self._run.task_id)
        else:
            await self._look_on(on_part)
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
            if self._is_old_pause():
                await self._follow(on_part)
        except AnswerError as error:
            if error.failure is failures.FAILED:
                with suppress(AnswerError):
                    await self._recover(on_part)
            raise
        await self._recover(on_part)

    async def _follow(self, on_part: OnPart, *, with_snapshot: bool = False) -> bool:
        """Whether the first event was heard, and so all that follows."""
        self._pause = None
        if self._is_stopped:
            return False
        call = ContinuedCall(self._upstream, self._continuation, with_snapshot=with_snapshot)
        self._answer = self._read(call)
        await self._answer.stream(lambda part: self._relay(part, on_part))
        return call.parser.has_started

    def _relay(self, part: Part, on_part: OnPart) -> None:
        match part:
            case Text():
                self._heard.append(part.content)
            case Replacement():
                self._replace(part, on_part)
                return
            case Pause():
                self._pause = part
                return
            case Identity():
                self._is_identified = True
            case Summary():
                self._has_summary = True
        on_part(part)

    def _replace(self, part: Replacement, on_part: OnPart) -> None:
        """Dify means the whole answer, from before the pause on. A snapshot has one where nothing is withdrawn, too."""
        text = self._since_pause(part.content)
        if text != "".join(self._heard):
            self._heard = [text]
            on_part(Replacement(text))

    async def _waiting_form(self) -> Form | None:
        """None if it was decided on, or cannot be known from here."""
        if self._run.form_token is None:
            return None
        try:
            return await fetch_form(self._upstream.client, self._run.form_token)
        except AnswerError as error:
            if error.failure in _DECIDED:
                return None
            log_failure(error, run_id=self._run.run_id)
            raise

    def _is_old_pause(self) -> bool:
        """The form was submitted, and the run waits for Dify's worker: its state still says that it is paused."""
        token = self._pause and self._pause.form and self._pause.form.token
        return token is not None and token == self._run.form_token

    async def _recover(self, on_part: OnPart) -> None:
        """What was written before anybody listened here: no word that was heard is given up. Raises AnswerError."""
        if self._is_stopped:
            return
        try:
            message = await fetch_message(self._upstream.client, self._run, self._continuation.user)
        except AnswerError as error:
            log_failure(error, run_id=self._run.run_id)
            raise
        self._identify(on_part)
        text = self._since_pause(str(message.get("answer") or ""))
        if len(text) > sum(map(len, self._heard)):
            on_part(Replacement(text) if self._heard else Text(text))
        citations = message.get("retriever_resources")
        if isinstance(citations, list) and citations and not self._has_summary:
            on_part(Summary(citations=citations))

    def _since_pause(self, answer: str) -> str:
        """All of it, where it does not begin with the text that is known: that was replaced."""
        before = answer[: self._run.length]
        is_known = zlib.crc32(before.encode(errors="replace")) == self._run.checksum
        return answer[self._run.length :] if is_known else answer

    def _identify(self, on_part: OnPart) -> None:
        if not self._is_identified:
            self._is_identified = True
            on_part(Identity("dify", self._run.conversation_id, self._run.message_id))


def _form_path(token: str) -> str:
    return f"form/human_input/{quote(token, safe='')}"
