"""Retry before the first event, behind a limiter and a circuit breaker."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from service.answers.base import Answer, Answerer, AnswerError, Failure, OnPart, Part, Question
from service.answers.resilience.circuit_breaker import CircuitBreaker
from service.answers.resilience.limiter import Limiter

log = structlog.get_logger()

MAX_TRIES = 3
FIRST_PAUSE_SECONDS = 0.4


@dataclass(frozen=True, slots=True)
class RetryingAnswerer:
    """Asks `source` up to MAX_TRIES times; no retry begins later than `retry_budget` seconds after the first try."""

    source: Answerer
    limiter: Limiter
    breaker: CircuitBreaker
    retry_budget: float

    def ask(self, question: Question) -> "RetryingAnswer":
        return RetryingAnswer(self, question)

    async def check(self) -> Failure | None:
        return await self.source.check()

    async def close(self) -> None:
        await self.source.close()


@dataclass(slots=True)
class RetryingAnswer:
    """One answer, from as many tries as it takes. For the circuit breaker they are one call."""

    answerer: RetryingAnswerer
    question: Question
    _answer: Answer | None = None
    _has_begun: bool = False
    _is_stopped: bool = False
    _wait: asyncio.Timeout | None = None

    async def stream(self, on_part: OnPart) -> None:
        limiter = self.answerer.limiter
        if not limiter.try_acquire() and not await self._unless_stopped(limiter.acquire()):
            return
        try:
            with self.answerer.breaker.guard() as on_success:
                await self._try_until_it_begins(on_part, on_success)
        finally:
            limiter.release()

    async def stop(self) -> None:
        if self._is_stopped:
            return
        self._is_stopped = True
        if self._wait is not None:
            self._wait.reschedule(asyncio.get_running_loop().time())
        if self._answer is not None:
            await self._answer.stop()

    async def _try_until_it_begins(self, on_part: OnPart, on_success: Callable[[], None]) -> None:
        def relay(part: Part) -> None:
            if not self._has_begun:
                self._has_begun = True
                on_success()
            on_part(part)

        tries, give_up_at = 0, time.monotonic() + self.answerer.retry_budget
        while not self._is_stopped:
            tries += 1
            self._answer = self.answerer.source.ask(self.question)
            try:
                await self._answer.stream(relay)
            except AnswerError as error:
                pause = FIRST_PAUSE_SECONDS * 2 ** (tries - 1) * random.uniform(0.5, 1.5)  # noqa: S311 - jitter
                if not self._may_retry(error.failure, tries, give_up_at - pause):
                    raise
                pause_ms = round(pause * 1000)
                log.warning("dify.retried", reason=error.failure.reason, tries=tries, pause_ms=pause_ms)
            else:
                return
            self._answer = None
            await self._unless_stopped(asyncio.sleep(pause))

    def _may_retry(self, failure: Failure, tries: int, last_moment: float) -> bool:
        """Not while the breaker is open: a probe is a single try."""
        return (
            failure.is_retryable
            and not (self._has_begun or self._is_stopped or self.answerer.breaker.is_open)
            and tries < MAX_TRIES
            and time.monotonic() < last_moment
        )

    async def _unless_stopped(self, wait: Awaitable[None]) -> bool:
        """False if a stop ended the wait."""
        try:
            async with asyncio.timeout(None) as self._wait:
                await wait
        except TimeoutError:
            return False
        finally:
            self._wait = None
        return True
