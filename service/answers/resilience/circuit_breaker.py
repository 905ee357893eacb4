"""A circuit breaker: no calls for a while after repeated failures, then one probe. No I/O.

Libraries for this count calls that return; here a call has succeeded at its first event, long before its end.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog

from service.answers.base import AnswerError, Failure
from service.answers.failures import CIRCUIT_OPEN

log = structlog.get_logger()


@dataclass(slots=True)
class _Call:
    """`has_begun`: its first event came, and was counted."""

    user: str
    has_begun: bool = False


@dataclass(slots=True)
class CircuitBreaker:
    """Opens after `failures` calls in a row that failed to begin; admits one probe after each `rest` (seconds).

    Failures that may be the question's fault count only where they happen to several users.
    """

    failures: int
    rest: float
    clock: Callable[[], float] = time.monotonic
    _failed: int = 0
    _failed_questions: int = 0
    _users: set[str] = field(default_factory=set)  # who asked them
    _opened_at: float | None = None
    _probe: _Call | None = None

    @property
    def is_open(self) -> bool:
        return self._opened_at is not None

    @contextmanager
    def guard(self, user: str) -> Iterator[Callable[[], None]]:
        """Count a call by the AnswerError that it raises. The function given is for its first event: a success.

        Raises AnswerError(CIRCUIT_OPEN) instead of admitting the call. A failure that does not trip the breaker is a
        reply, and counts as a success; one after the first event counts as nothing more.
        """
        call = _Call(user)
        self._admit(call)
        try:
            yield lambda: self._on_success(call)
        except AnswerError as error:
            if error.failure.trips_breaker and not call.has_begun:
                self._on_failure(call, error.failure)
            else:
                self._on_success(call)
            raise
        finally:
            if self._probe is call:
                self._probe = None

    def _admit(self, call: _Call) -> None:
        if self._opened_at is None:
            return
        if self._probe is not None or self.clock() - self._opened_at < self.rest:
            raise AnswerError(CIRCUIT_OPEN)
        self._probe = call
        log.info("circuit.probing")

    def _on_success(self, call: _Call) -> None:
        if call.has_begun:
            return
        call.has_begun = True
        self._failed = self._failed_questions = 0
        self._users.clear()
        self._probe = None
        if self._opened_at is not None:
            self._opened_at = None
            log.info("circuit.closed")

    def _on_failure(self, call: _Call, failure: Failure) -> None:
        """While it is open, only a failing probe postpones the next one: other calls were admitted before it opened."""
        if failure.may_be_question:
            self._failed_questions += 1
            self._users.add(call.user)
        else:
            self._failed += 1
        if self._opened_at is None and self._count >= self.failures:
            log.error("circuit.opened", failures=self._count, rest=self.rest)
            self._opened_at = self.clock()
        elif self._opened_at is not None and self._probe is call:
            log.warning("circuit.still_open", rest=self.rest)
            self._opened_at = self.clock()

    @property
    def _count(self) -> int:
        return self._failed + (self._failed_questions if len(self._users) > 1 else 0)
