"""Fallback: another source answers where the first one fails before its first text."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from msgspec import structs

from service.answers.base import Answer, Answerer, AnswerError, Failure, Identity, OnPart, Part, Question
from service.answers.pauses import Continuation

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class FallbackAnswerer:
    """Asks `source`, and where that fails before any text, `fallback_for` that failure.

    A client error is raised instead: another answer would hide it. A continuation has no fallback.
    """

    source: Answerer
    fallback_for: Callable[[Failure], Answerer]

    def ask(self, question: Question | Continuation) -> Answer:
        if isinstance(question, Continuation):
            return self.source.ask(question)
        return FallbackAnswer(self.source.ask(question), self.fallback_for, question)


@dataclass(slots=True)
class FallbackAnswer:
    """One answer, of the source or of the fallback, never of both."""

    answer: Answer
    fallback_for: Callable[[Failure], Answerer]
    question: Question
    _is_stopped: bool = False

    async def stream(self, on_part: OnPart) -> None:
        try:
            await self.answer.stream(on_part)
        except AnswerError as error:
            if error.is_midway or self._is_stopped or error.failure.is_client_error:
                raise
            await self._fall_back(error.failure, on_part)

    async def stop(self) -> None:
        self._is_stopped = True
        await self.answer.stop()

    async def _fall_back(self, failure: Failure, on_part: OnPart) -> None:
        def explain(part: Part) -> None:
            on_part(structs.replace(part, instead_of=failure) if isinstance(part, Identity) else part)

        log.warning("answer.degraded", reason=failure.reason)
        self.answer = self.fallback_for(failure).ask(self.question)
        await self.answer.stream(explain)
