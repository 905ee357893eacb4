"""A circuit breaker: after repeated failures Dify is left alone for a while, then one probe decides. No I/O."""

import time
from collections.abc import Callable

import structlog

from service.answers.base import AnswerError
from service.answers.failures import CIRCUIT_OPEN

log = structlog.get_logger()


class CircuitBreaker:
    """Opens after `failures` answers in a row that failed, and lets one probe through after each `rest` (seconds).

    An answer that begins starts the count anew, and closes the circuit, even if it breaks off later.

    Libraries for this count calls that return; an answer has succeeded at its first event, long before its end.
    """

    def __init__(self, failures: int, rest: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = failures
        self._rest = rest
        self._clock = clock
        self._failures = 0
        self._opened_at: float | None = None
        self._is_probing = False

    @property
    def is_open(self) -> bool:
        return self._opened_at is not None

    def admit(self) -> bool:
        """Whether this is the probe, whose end is to be told. Raise AnswerError while Dify is left alone."""
        if self._opened_at is None:
            return False
        if self._is_probing or self._clock() - self._opened_at < self._rest:
            raise AnswerError(CIRCUIT_OPEN)
        self._is_probing = True
        log.info("circuit.probing")
        return True

    def record_success(self) -> None:
        self._failures = 0
        if self._opened_at is not None:
            self._opened_at = None
            log.info("circuit.closed")

    def record_failure(self, *, is_probe: bool = False) -> None:
        """Once it is open, only a probe says something new: what was asked before that delays no probe."""
        self._failures += 1
        if self._opened_at is None and self._failures >= self._limit:
            log.error("circuit.opened", failures=self._failures, rest=self._rest)
            self._opened_at = self._clock()
        elif self._opened_at is not None and is_probe:
            log.warning("circuit.still_open", rest=self._rest)
            self._opened_at = self._clock()

    def end_probe(self) -> None:
        """Well, badly, or before it could tell: if the circuit is still open, another may follow."""
        self._is_probing = False
