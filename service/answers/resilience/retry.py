"""Retry before the first event, behind a limiter and a circuit breaker."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import structlog

from service import counts
from service.answers.base import Answer, Answerer, AnswerError, Failure, OnPart, Part, Question, Queued
from service.answers.demand import Demand
from service.answers.failures import BUSY
from service.answers.pauses import Continuation
from service.answers.resilience.circuit_breaker import CircuitBreaker
from service.answers.resilience.limiter import Limiter
from service.elapsed import ms_since

log = structlog.get_logger()

MAX_TRIES = 3
FIRST_PAUSE_SECONDS = 0.4
NOTICE_SECONDS = 3
"""Who waits for a slot for so long is told."""


@dataclass(frozen=True, slots=True)
class RetryingAnswerer:
    """Asks `source` up to MAX_TRIES times; no retry begins later than `retry_budget` seconds after the first try.

    A continuation is asked once, whatever the circuit breaker says, and counts for nothing: a person has decided. A
    source that is busy, or lets a question wait in a queue of its own, is asked fewer at once.
    """

    source: Answerer
    limiter: Limiter
    breaker: CircuitBreaker
    retry_budget: float

    def ask(self, question: Question | Continuation) -> "RetryingAnswer":
        return RetryingAnswer(self, question)


@dataclass(slots=True)
class RetryingAnswer:
    """One answer, from as many tries as it takes. For the circuit breaker they are one call."""

    answerer: RetryingAnswerer
    question: Question | Continuation
    _answer: Answer | None = None
    _tries: int = 0
    _give_up_at: float = 0.0
    _has_begun: bool = False
    _is_stopped: bool = False
    _has_slot: bool = False
    _admitted_at: float = 0.0
    _wait: asyncio.Timeout | None = None
    _demand: Demand = field(init=False)

    def __post_init__(self) -> None:
        self._demand = self.question.demand or Demand(self.question.user)

    async def stream(self, on_part: OnPart) -> None:
        """One function, since each one between the task and the source costs time with every word."""
        try:
            await self._take_slot(on_part)
            if self._is_stopped:
                return None
            with self._guard() as on_success:
                relay = self._relay(on_part, on_success)
                while not self._is_stopped:
                    try:
                        return await self._ask().stream(relay)
                    except AnswerError as error:
                        if (pause := self._pause_before_retry(error.failure)) is None:
                            raise
                    await self._unless_stopped(asyncio.sleep(pause))
                    if not self._has_slot:
                        await self._wait_again(on_part)
        finally:
            if self._has_slot:
                self.answerer.limiter.release(self._demand)

    async def stop(self) -> None:
        if self._is_stopped:
            return
        self._is_stopped = True
        if self._wait is not None:
            self._wait.reschedule(asyncio.get_running_loop().time())
        if self._answer is not None:
            await self._answer.stop()

    def _guard(self) -> AbstractContextManager[Callable[[], None]]:
        if isinstance(self.question, Continuation):
            return nullcontext(lambda: None)
        has_inputs = bool(self.question.inputs or self.question.files)
        caller = self._demand.address or self.question.user
        return self.answerer.breaker.guard(caller, has_inputs=has_inputs)

    async def _take_slot(self, on_part: OnPart) -> None:
        """Without one afterwards where a stop ended the wait."""
        limiter = self.answerer.limiter
        self._has_slot = limiter.try_acquire(self._demand)
        if not self._has_slot:
            waits_since = time.monotonic()
            notice = asyncio.get_running_loop().call_later(NOTICE_SECONDS, on_part, Queued())
            try:
                self._has_slot = await self._unless_stopped(limiter.acquire(self._demand))
            finally:
                notice.cancel()
                self._demand.waited_ms += ms_since(waits_since)
        self._admitted_at = limiter.clock()

    async def _wait_again(self, on_part: OnPart) -> None:
        """Behind the others, since as many as the source can take are under way; of the budget that takes nothing."""
        left = self._give_up_at - time.monotonic()
        await self._take_slot(on_part)
        self._give_up_at = time.monotonic() + left

    def _relay(self, on_part: OnPart, on_success: Callable[[], None]) -> OnPart:
        def relay(part: Part) -> None:
            if isinstance(part, Queued):
                self.answerer.limiter.decrease(self._admitted_at)
            elif not self._has_begun:
                self._has_begun = True
                on_success()
            on_part(part)

        return relay

    def _ask(self) -> Answer:
        self._tries += 1
        self._demand.tries = self._tries
        counts.dify_tries["first" if self._tries == 1 else "again"] += 1
        self._give_up_at = self._give_up_at or time.monotonic() + self.answerer.retry_budget
        self._answer = self.answerer.source.ask(self.question)
        return self._answer

    def _pause_before_retry(self, failure: Failure) -> float | None:
        """In seconds; None where there is no retry, as while the breaker is open: a probe is a single try."""
        if failure == BUSY:
            self._has_slot = False
            self.answerer.limiter.reject(self._demand, self._admitted_at)
        pause: float = FIRST_PAUSE_SECONDS * 2 ** (self._tries - 1) * random.uniform(0.5, 1.5)  # noqa: S311 - jitter
        if (
            not failure.is_retryable
            or isinstance(self.question, Continuation)
            or self._has_begun
            or self._is_stopped
            or self.answerer.breaker.is_open
            or self._tries >= MAX_TRIES
            or time.monotonic() + pause >= self._give_up_at
        ):
            return None
        log.warning("dify.retried", reason=failure.reason, tries=self._tries, pause_ms=round(pause * 1000))
        self._answer = None
        return pause

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
