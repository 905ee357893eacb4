"""Questions held against the app's parameters before they cost a place at Dify.

A chatflow's worker refuses an input only when the question's turn has come, and Dify holds the stream open for minutes.
"""

import structlog
from msgspec import structs

from service.answers import failures
from service.answers.base import Answer, Answerer, AnswerError, Failure, OnPart, Question
from service.answers.dify.app_api import AppInfoCache
from service.answers.dify.input_rules import completed, misfit
from service.answers.pauses import Continuation

log = structlog.get_logger()

PATIENCE_SECONDS = 3
"""How long the app's parameters are waited for."""


class InputCheck:
    """Asks `source` what fits; where the parameters are not to be had, everything does."""

    def __init__(self, source: Answerer, app_info: AppInfoCache) -> None:
        self.source = source
        self._app_info = app_info

    def ask(self, question: Question | Continuation) -> Answer:
        """Nothing is waited for where the parameters are known and the question fits."""
        if isinstance(question, Continuation):
            return self.source.ask(question)
        parameters = self._app_info.parameters()
        if parameters is not None and misfit(parameters, question) is None:
            return self.source.ask(completed(parameters, question))
        return CheckedAnswer(self, question)

    async def admit(self, question: Question) -> Question:
        """The question as it is to be asked. Raises AnswerError where it does not fit what the app wants now."""
        parameters = await self._app_info.read_anew(PATIENCE_SECONDS)
        if parameters is None:
            return question
        if (wrong := misfit(parameters, question)) is not None:
            log.info("question.unfit", field=wrong.field)
            raise AnswerError(structs.replace(failures.INVALID_INPUTS, message=wrong.message, field=wrong.field))
        return completed(parameters, question)

    async def check(self) -> Failure | None:
        return await self.source.check()

    async def close(self) -> None:
        await self.source.close()


class CheckedAnswer:
    """The answer to a question that may be refused."""

    def __init__(self, check: InputCheck, question: Question) -> None:
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
