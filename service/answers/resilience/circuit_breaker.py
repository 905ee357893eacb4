"""A circuit breaker: no calls for a while after repeated failures, then one probe. No I/O.

Libraries for this count calls that return; here a call has succeeded at its first event, long before its end.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from service.answers.base import AnswerError
from service.answers.failures import CIRCUIT_OPEN

log = structlog.get_logger()


@dataclass(slots=True)
class CircuitBreaker:
    """Opens after `failures` calls in a row that failed; admits one probe after each `rest` (seconds)."""

    failures: int
    rest: float
    clock: Callable[[], float] = time.monotonic
    _failed: int = 0
    _opened_at: float | None = None
    _probe: object | None = None

    @property
    def is_open(self) -> bool:
        return self._opened_at is not None

    @contextmanager
    def guard(self) -> Iterator[Callable[[], None]]:
        """Count a call by the AnswerError that it raises. The function given is for its first event: a success.

        Raises AnswerError(CIRCUIT_OPEN) instead of admitting the call. A failure that does not trip the breaker is a
        reply, and counts as a success.
        """
        call = object()
        self._admit(call)
        try:
            yield self._on_success
        except AnswerError as error:
            if error.failure.trips_breaker:
                self._on_failure(call)
            else:
                self._on_success()
            raise
        finally:
            if self._probe is call:
                self._probe = None

    def _admit(self, call: object) -> None:
        if self._opened_at is None:
            return
        if self._probe is not None or self.clock() - self._opened_at < self.rest:
            raise AnswerError(CIRCUIT_OPEN)
        self._probe = call
        log.info("circuit.probing")

    def _on_success(self) -> None:
        self._failed = 0
        self._probe = None
        if self._opened_at is not None:
            self._opened_at = None
            log.info("circuit.closed")

    def _on_failure(self, call: object) -> None:
        """While it is open, only a failing probe postpones the next one: other calls were admitted before it opened."""
        self._failed += 1
        if self._opened_at is None and self._failed >= self.failures:
            log.error("circuit.opened", failures=self._failed, rest=self.rest)
            self._opened_at = self.clock()
        elif self._opened_at is not None and self._probe is call:
            log.warning("circuit.still_open", rest=self.rest)
            self._opened_at = self.clock()
