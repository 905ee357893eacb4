"""Answers without a Dify: an echo of the question at a human pace, or a script."""

import asyncio
import re
import time
import uuid
from dataclasses import dataclass, field, replace

from msgspec import structs

from service.answers.base import AnswerError, Failure, Identity, OnPart, Part, Question, Replacement, Summary, Text
from service.answers.failures import CONVERSATION_NOT_FOUND, FORM_EXPIRED, FORM_SUBMITTED, INVALID
from service.answers.mock import ids
from service.answers.mock.scripts import FORM, SCRIPTS, Failures, Script, after_form, find_script, is_known, takes
from service.answers.pauses import Continuation, Decision, Form, Pause
from service.tasks import wait_within

FORM_SECONDS = 3600
MAX_DECISIONS = 1000
"""So many are remembered, by the process that took them."""
_CONVERSATION = "conversation"
_WORD = re.compile(r"\S+\s*|\s+")


@dataclass(frozen=True, slots=True)
class MockAnswerer:
    """Echoes the question after `reason`, which says why this is no real answer.

    With `failures`, a question such as `/mock incomplete` plays one of the SCRIPTS instead or fails in one of these
    ways, answers have ids and usage, as Dify's, and what Dify would not know is refused.
    """

    reason: str
    words_per_second: float
    failures: Failures | None = None
    _decisions: dict[str, Decision] = field(default_factory=dict, compare=False)

    def ask(self, question: Question | Continuation) -> "MockAnswer":
        if isinstance(question, Continuation):
            return self._go_on(question)
        echo = Script("", f"This is a mock answer. {self.reason}\n\nYou asked: {question.content}")
        if self.failures is None:
            return MockAnswer(echo, self.words_per_second, Identity("mock"))
        refused = _refusal(question)
        script = _failing(refused) if refused else find_script(question.content, self.failures) or echo
        script = replace(
            script, steps=script.steps if question.steps else (), speech=script.speech if question.speech else ()
        )
        conversation = question.conversation_id or ids.issue(_CONVERSATION, question.user)
        identity = Identity("mock", conversation, str(uuid.uuid4()), run_id=str(uuid.uuid4()))
        return MockAnswer(script, self.words_per_second, identity)

    def _go_on(self, continuation: Continuation) -> "MockAnswer":
        run = continuation.run
        identity = Identity(
            "mock", run.conversation_id, run.message_id, run_id=run.run_id, length=run.length, checksum=run.checksum
        )
        return MockAnswer(self._after_pause(continuation), self.words_per_second, identity)

    def _after_pause(self, continuation: Continuation) -> Script:
        """What was decided is told again to who asks how it went on; without a decision it waits still."""
        decision, run = continuation.decision, continuation.run
        if (taken := self._decisions.get(run.run_id)) is not None:
            return after_form(taken) if decision is None else _failing(FORM_SUBMITTED)
        if run.expires_at is not None and run.expires_at < time.time() * 1000:
            return _failing(FORM_EXPIRED)
        if decision is None:
            return replace(SCRIPTS["form"], text="", form=structs.replace(FORM, expires_at=run.expires_at))
        if not all(takes(wanted, decision.inputs[wanted.name], continuation.user) for wanted in FORM.inputs):
            return _failing(INVALID)
        self._keep(run.run_id, decision)
        return after_form(decision)

    def _keep(self, run_id: str, decision: Decision) -> None:
        self._decisions[run_id] = decision
        if len(self._decisions) > MAX_DECISIONS:
            del self._decisions[next(iter(self._decisions))]


class MockAnswer:
    def __init__(self, script: Script, words_per_second: float, identity: Identity) -> None:
        self._script = script
        self._word_seconds = 1 / (script.words_per_second or words_per_second)
        self._identity = identity
        self._stopped = asyncio.Event()

    async def stream(self, on_part: OnPart) -> None:
        script = self._script
        words = _WORD.findall(script.text)
        await wait_within(script.wait, self._stopped.wait())
        if script.failure is None or words:
            on_part(self._identity)
        parts: list[Part] = [*script.steps, *(Text(word) for word in words), *script.speech]
        if script.file is not None:
            parts.append(script.file)
        for part in parts:
            if self._stopped.is_set():
                return
            on_part(part)
            await wait_within(self._word_seconds, self._stopped.wait())
        if script.replacement is not None:
            on_part(Replacement(script.replacement))
        if script.failure is not None:
            raise AnswerError(script.failure)
        if script.form is not None:
            known = self._identity
            on_part(Pause(_until_soon(script.form), known.run_id, known.run_id, known.length, known.checksum))
        elif self._identity.message_id:
            usage = {"prompt_tokens": 0, "completion_tokens": len(words), "total_tokens": len(words)}
            on_part(Summary(usage, script.citations))

    async def stop(self) -> None:
        self._stopped.set()


def _refusal(question: Question) -> Failure | None:
    """By what only Dify knows: which conversations and uploads are this user's."""
    conversation = question.conversation_id
    if conversation and not ids.is_issued(conversation, _CONVERSATION, question.user):
        return CONVERSATION_NOT_FOUND
    return None if all(is_known(file, question.user) for file in question.files) else INVALID


def _failing(failure: Failure) -> Script:
    return Script("", "", failure=failure)


def _until_soon(form: Form) -> Form:
    return structs.replace(form, expires_at=form.expires_at or round((time.time() + FORM_SECONDS) * 1000))
