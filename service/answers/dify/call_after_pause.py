"""The form of a paused run, and the events of a run that goes on."""

from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import quote

import structlog
from msgspec import structs

from service.answers import failures
from service.answers.base import AnswerStopped, Question
from service.answers.dify.client import DifyClient, EventStream
from service.answers.dify.forms import form_of
from service.answers.dify.http_errors import HTTP_ERRORS, UnexpectedResponse, failure_of
from service.answers.dify.upstream_call import State, Upstream, UpstreamCall
from service.answers.pauses import Continuation, Decision, Form

log = structlog.get_logger()

# After these a submission may have arrived.
_UNCERTAIN = {failures.LOST, failures.SILENT, failures.UNREADABLE, failures.BROKEN_OFF, failures.BAD_GATEWAY}


async def fetch_form(client: DifyClient, token: str) -> Form:
    """Raises AnswerError, FORM_SUBMITTED, FORM_EXPIRED or FORM_NOT_FOUND if it waits no more."""
    return structs.replace(form_of(await client.get(_form_path(token), {})), token=token)


class CallAfterPause(UpstreamCall):
    """The events of a run that goes on. With a decision, its form is submitted when they are subscribed to.

    `on_taken` is called when Dify has taken it. It `is_taken` already, where somebody else has decided.

    Only a stop that was asked for is sent, not one for our own timeouts: what a person decided cannot be repeated, and
    how it went on can still be asked.
    """

    is_shared = True

    def __init__(
        self,
        upstream: Upstream,
        continuation: Continuation,
        on_taken: Callable[[], None],
        *,
        is_taken: bool,
        with_snapshot: bool,
    ) -> None:
        run, user = continuation.run, continuation.user
        steps, speech, demand = continuation.steps, continuation.speech, continuation.demand
        super().__init__(upstream, Question("", user, steps=steps, speech=speech, demand=demand))
        self._run = run
        self._decision = continuation.decision
        self.is_taken = is_taken
        self._on_taken = on_taken
        self._user = user
        self._with_snapshot = with_snapshot

    def open(self) -> EventStream:
        then = partial(self._submit, self._decision) if self._decision is not None else None
        self._events = self.client.run_events(self._run.run_id, self._user, then, with_snapshot=self._with_snapshot)
        return self._events

    def release(self, *, is_abandoned: bool) -> None:
        super().release(is_abandoned=False)

    async def _submit(self, decision: Decision) -> None:
        """Twice, if no reply tells whether it arrived: refused as submitted then, the first time was ours."""
        if self.is_stop_wanted:
            raise AnswerStopped("client_stopped")
        path = _form_path(self._run.form_token or "")
        body = {"inputs": decision.inputs, "action": decision.action, "user": self._user}
        try:
            await self.client.submit(path, body)
        except (UnexpectedResponse, *HTTP_ERRORS) as error:
            if (failure := failure_of(error)) not in _UNCERTAIN:
                raise
            log.warning("dify.form_uncertain", run_id=self._run.run_id, reason=failure.reason)
            await self._submit_again(path, body)
        log.info("dify.form_submitted", run_id=self._run.run_id)
        self._take()

    def _take(self) -> None:
        """From now on a stop can be sent: the task is the one that paused (Dify 1.14)."""
        self.is_taken = True
        self._on_taken()
        if self._run.task_id is not None:
            self.parser.task_id = self._run.task_id
            self.state = State.STREAMING
            self._opened.set()

    async def _submit_again(self, path: str, body: dict[str, Any]) -> None:
        try:
            await self.client.submit(path, body)
        except UnexpectedResponse as error:
            if failure_of(error) is not failures.FORM_SUBMITTED:
                raise


def _form_path(token: str) -> str:
    return f"form/human_input/{quote(token, safe='')}"
