"""Questions held against the app's parameters before they cost a place at Dify.

A chatflow's worker refuses an input only when the question's turn has come, and Dify holds the stream open for minutes.
"""

from collections.abc import Mapping
from typing import Any, NoReturn, Protocol

import structlog
from msgspec import structs

from service.answers import failures
from service.answers.base import Answer, Answerer, AnswerError, OnPart, Question
from service.answers.dify.question_rules import Misfit, documented_inputs, fitted
from service.answers.json_values import as_uuid
from service.answers.pauses import Continuation

log = structlog.get_logger()

PATIENCE_SECONDS = 3
"""How long the app's parameters are waited for."""


class AppInfo(Protocol):
    def parameters(self) -> Mapping[str, Any] | None:
        """As they are known."""

    async def read_anew(self, within: float) -> Mapping[str, Any] | None:
        """As they are now; None where that takes longer than `within` seconds."""


class QuestionCheck:
    """Asks `source` what fits. Where the parameters are not to be had, only the form of files is checked."""

    def __init__(self, source: Answerer, app_info: AppInfo) -> None:
        self.source = source
        self._app_info = app_info

    def ask(self, question: Question | Continuation) -> Answer:
        """Nothing is waited for where the parameters are known and the question fits."""
        if isinstance(question, Question) and (parameters := self._app_info.parameters()) is not None:
            fitting = fitted(parameters, question)
            if isinstance(fitting, Question) and _may_be_known(question.conversation_id):
                return self.source.ask(fitting)
        elif isinstance(question, Continuation) and question.decision is None:
            return self.source.ask(question)
        return CheckedAnswer(self, question)

    async def admit(self, question: Question | Continuation) -> Question | Continuation:
        """As it is to be asked. Raises AnswerError where it does not fit what the app wants now."""
        if isinstance(question, Continuation):
            return _with_documented_files(question)
        if not _may_be_known(question.conversation_id):
            raise AnswerError(failures.CONVERSATION_NOT_FOUND)
        fitting = fitted(await self._app_info.read_anew(PATIENCE_SECONDS), question)
        return fitting if isinstance(fitting, Question) else _refuse(fitting)


def _may_be_known(conversation_id: str | None) -> bool:
    """Dify's are UUIDs, and it refuses any other without looking."""
    return not conversation_id or as_uuid(conversation_id) is not None


def _with_documented_files(continuation: Continuation) -> Continuation:
    """What each input of the form may be is Dify's to check. Raises AnswerError."""
    if (decision := continuation.decision) is None:
        return continuation
    inputs = documented_inputs(decision.inputs, takes_links=True)
    if isinstance(inputs, Misfit):
        _refuse(inputs)
    return structs.replace(continuation, decision=structs.replace(decision, inputs=inputs))


def _refuse(wrong: Misfit) -> NoReturn:
    log.info("question.unfit", field=wrong.field)
    raise AnswerError(structs.replace(failures.INVALID_INPUTS, message=wrong.message, field=wrong.field))


class CheckedAnswer:
    """The answer to a question that may be refused."""

    def __init__(self, check: QuestionCheck, question: Question | Continuation) -> None:
        self._check = check
        self._question = question
        self._answer: Answer | None = None
        self._is_stopped = False

    async def stream(self, on_part: OnPart) -> None:
        question = await self._check.admit(self._question)
        if not self._is_stopped:
            self._answer = self._check.source.ask(question)
            await self._answer.stream(on_part)

    async def stop(self) -> None:
        self._is_stopped = True
        if self._answer is not None:
            await self._answer.stop()
