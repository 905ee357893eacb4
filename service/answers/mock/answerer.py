"""Answers without a Dify: an echo of the question at a human pace, or a script."""

import asyncio
import re
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, replace

from msgspec import structs

from service.answers.base import AnswerError, Identity, OnPart, Part, Question, Replacement, Summary, Text
from service.answers.failures import FORM_EXPIRED
from service.answers.mock.scripts import SCRIPTS, Script, after_form, find_script
from service.answers.pauses import Continuation, Form, Pause

FORM_SECONDS = 3600
_PAUSED_RUN = "mock-form"
_WORD = re.compile(r"\S+\s*|\s+")


@dataclass(frozen=True, slots=True)
class MockAnswerer:
    """Echoes the question after `reason`, which says why this is no real answer.

    With `commands`, a question such as `/mock incomplete` plays one of the SCRIPTS instead, and answers have ids and
    usage, as Dify's.
    """

    reason: str
    words_per_second: float
    commands: bool = False

    def ask(self, question: Question | Continuation) -> "MockAnswer":
        if isinstance(question, Continuation):
            return self._go_on(question)
        echo = Script("", f"This is a mock answer. {self.reason}\n\nYou asked: {question.content}")
        if not self.commands:
            return MockAnswer(echo, self.words_per_second, Identity("mock"))
        script = find_script(question.content) or echo
        script = replace(
            script, steps=script.steps if question.steps else (), speech=script.speech if question.speech else ()
        )
        identity = Identity("mock", question.conversation_id or str(uuid.uuid4()), str(uuid.uuid4()))
        return MockAnswer(script, self.words_per_second, identity)

    def _go_on(self, continuation: Continuation) -> "MockAnswer":
        """Nothing is stored: without a decision it waits still, with one it ends."""
        decision, run = continuation.decision, continuation.run
        if decision is None:
            script = replace(SCRIPTS["form"], text="")
        elif run.expires_at is not None and run.expires_at < time.time() * 1000:
            script = Script("", "", failure=FORM_EXPIRED)
        else:
            script = after_form(decision)
        return MockAnswer(script, self.words_per_second, Identity("mock", run.conversation_id, run.message_id))

    async def check(self) -> None: ...

    async def close(self) -> None: ...


class MockAnswer:
    def __init__(self, script: Script, words_per_second: float, identity: Identity) -> None:
        self._script = script
        self._word_seconds = 1 / (script.words_per_second or words_per_second)
        self._identity = identity
        self._stopped = asyncio.Event()

    async def stream(self, on_part: OnPart) -> None:
        script = self._script
        words = _WORD.findall(script.text)
        await self._pause(script.wait)
        if script.failure is None or words:
            on_part(self._identity)
        parts: list[Part] = [*script.steps, *(Text(word) for word in words), *script.speech]
        if script.file is not None:
            parts.append(script.file)
        for part in parts:
            if self._stopped.is_set():
                return
            on_part(part)
            await self._pause(self._word_seconds)
        if script.replacement is not None:
            on_part(Replacement(script.replacement))
        if script.failure is not None:
            raise AnswerError(script.failure)
        if script.form is not None:
            on_part(Pause(_until_soon(script.form), _PAUSED_RUN, _PAUSED_RUN))
        elif self._identity.message_id:
            usage = {"prompt_tokens": 0, "completion_tokens": len(words), "total_tokens": len(words)}
            on_part(Summary(usage, script.citations))

    async def stop(self) -> None:
        self._stopped.set()

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopped.wait()


def _until_soon(form: Form) -> Form:
    return structs.replace(form, expires_at=round((time.time() + FORM_SECONDS) * 1000))
