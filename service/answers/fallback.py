"""Degrade: wraps one Answerer with another, which answers where the first fails before its first word."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import structlog

from service.answers.base import Answer, Answerer, AnswerError, Part, Question, Replacement, Text

log = structlog.get_logger()


class FallbackAnswerer:
    """Asks `primary`, and `substitute` where that fails before the first word of its answer."""

    def __init__(self, primary: Answerer, substitute: Answerer) -> None:
        self._primary = primary
        self._substitute = substitute

    def ask(self, question: Question) -> "FallbackAnswer":
        return FallbackAnswer(self._primary, self._substitute, question)

    async def close(self) -> None:
        await self._primary.close()
        await self._substitute.close()


class FallbackAnswer:
    """One answer, of the first source or of the second, never of both."""

    def __init__(self, primary: Answerer, substitute: Answerer, question: Question) -> None:
        self._substitute = substitute
        self._question = question
        self._answer: Answer = primary.ask(question)
        self._stopped = False

    async def __aiter__(self) -> AsyncGenerator[Part, None]:
        begun = False
        try:
            async with aclosing(aiter(self._answer)) as parts:
                async for part in parts:
                    begun = begun or isinstance(part, Text | Replacement)
                    yield part
        except AnswerError as error:
            if begun or self._stopped:
                raise
            log.warning("answer.degraded", reason=error.reason)
            self._answer = self._substitute.ask(self._question)
            async with aclosing(aiter(self._answer)) as parts:
                async for part in parts:
                    yield part

    async def stop(self) -> None:
        self._stopped = True
        await self._answer.stop()
