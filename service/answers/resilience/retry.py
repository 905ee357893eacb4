"""Retry before the first event, behind a limiter and a circuit breaker."""

import asyncio
import random
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager

import structlog

from service.answers.base import (
    Answer,
    Answerer,
    AnswerError,
    Failure,
    OnPart,
    Part,
    Question,
)
from service.answers.resilience.circuit_breaker import CircuitBreaker
from service.answers.resilience.limiter import ConcurrencyLimiter

log = structlog.get_logger()

MAX_TRIES = 3
FIRST_PAUSE_SECONDS = 0.4


class RetryingAnswerer:
    """Asks in turn, tries again what is worth it, and leaves alone a source that keeps failing.

    Only before the first event is anything tried again, up to MAX_TRIES times, and only while `retry_budget` seconds
    have not passed since the first try: somebody is waiting.
    """

    def __init__(
        self, source: Answerer, limiter: ConcurrencyLimiter, breaker: CircuitBreaker, retry_budget: float
    ) -> None:
        self.source = source
        self.limiter = limiter
        self.breaker = breaker
        self.retry_budget = retry_budget

    def ask(self, question: Question) -> "RetryingAnswer":
        return RetryingAnswer(self, question)

    async def check(self) -> Failure | None:
        return await self.source.check()

    async def close(self) -> None:
        await self.source.close()


class RetryingAnswer:
    """One answer, from as many tries as it takes."""

    def __init__(self, answerer: RetryingAnswerer, question: Question) -> None:
        self._answerer = answerer
        self._question = question
        self._answer: Answer | None = None
        self._begun = False
        self._is_probe = False
        self._stopped = False
        self._waiting: asyncio.Timeout | None = None
        self._tries = 0
        self._first_try_at = 0.0
        self._pause = 0.0

    async def stream(self, on_part: OnPart) -> None:
        def begin(part: Part) -> None:
            if not self._begun:
                self._begin()
            on_part(part)

        limiter = self._answerer.limiter
        if not limiter.try_acquire() and not await self._wait(limiter.acquire()):
            return
        try:
            with self._record_outcome():
                while not self._stopped:
                    with self._attempt():
                        await self._ask().stream(begin)
                        return
                    await self._wait(asyncio.sleep(self._pause))
        finally:
            limiter.release()

    async def stop(self) -> None:
        """Where Dify is not being asked, there is nobody to tell, and no other try follows."""
        if self._stopped:
            return
        self._stopped = True
        if self._waiting is not None:
            self._waiting.reschedule(asyncio.get_running_loop().time())
        if self._answer is not None:
            await self._answer.stop()

    async def _wait(self, wait: Awaitable[None]) -> bool:
        """False if a stop cut the wait short."""
        try:
            async with asyncio.timeout(None) as self._waiting:
                await wait
        except TimeoutError:
            return False
        finally:
            self._waiting = None
        return True

    def _ask(self) -> Answer:
        self._first_try_at = self._first_try_at or time.monotonic()
        self._tries += 1
        self._answer = self._answerer.source.ask(self._question)
        return self._answer

    def _begin(self) -> None:
        self._begun = True
        self._answerer.breaker.record_success()
        self._end_probe()

    @contextmanager
    def _attempt(self) -> Iterator[None]:
        """Its failure ends here where another try is to follow, after `_pause` (seconds)."""
        try:
            yield
        except AnswerError as error:
            self._pause = FIRST_PAUSE_SECONDS * 2 ** (self._tries - 1) * random.uniform(0.5, 1.5)  # noqa: S311 - jitter
            if not self._may_try_again(error.failure):
                raise
            pause_ms = round(self._pause * 1000)
            log.warning("dify.retried", reason=error.failure.reason, tries=self._tries, pause_ms=pause_ms)
            self._answer = None

    def _may_try_again(self, failure: Failure) -> bool:
        """A Dify that is left alone meanwhile is not tried again; so a probe is one try."""
        give_up_at = self._first_try_at + self._answerer.retry_budget
        return (
            failure.is_retryable
            and not self._begun
            and not self._stopped
            and not self._answerer.breaker.is_open
            and self._tries < MAX_TRIES
            and time.monotonic() + self._pause < give_up_at
        )

    @contextmanager
    def _record_outcome(self) -> Iterator[None]:
        """The answer, as the circuit breaker sees it: a first event, or a sensible refusal, says that Dify is well.

        Of several tries only the last one's failure counts.
        """
        breaker = self._answerer.breaker
        self._is_probe = breaker.admit()
        try:
            yield
        except AnswerError as error:
            if error.failure.trips_breaker:
                breaker.record_failure(is_probe=self._is_probe)
            else:
                breaker.record_success()
            raise
        finally:
            self._end_probe()

    def _end_probe(self) -> None:
        if self._is_probe:
            self._is_probe = False
            self._answerer.breaker.end_probe()
