"""A circuit breaker: no calls for a while after repeated failures, then one probe. No I/O.

Libraries for this count calls that return; here a call has succeeded at its first event, long before its end.
"""

import time
from collections import Counter
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

    caller: str
    has_inputs: bool
    has_begun: bool = False


@dataclass(slots=True)
class CircuitBreaker:
    """Opens after `failures` calls in a row that failed to begin; admits one probe after each `rest` (seconds).

    Nobody opens it for others by what it asks: failures that may be a question's fault count only where several callers
    meet them, half of all at most for each caller; and those that may be its inputs' not at all where it has any.
    """

    failures: int
    rest: float
    clock: Callable[[], float] = time.monotonic
    _failed: int = 0
    _failed_questions: Counter[str] = field(default_factory=Counter)  # by caller
    _opened_at: float | None = None
    _probe: _Call | None = None
    _last_probe: tuple[str, float] | None = None  # whose fault it may have been, and when it was over

    @property
    def is_open(self) -> bool:
        return self._opened_at is not None

    @property
    def state(self) -> str:
        """A word: `half_open` after its rest, when the next question probes."""
        if self._opened_at is None:
            return "closed"
        return "open" if self.clock() - self._opened_at < self.rest else "half_open"

    @contextmanager
    def guard(self, caller: str, *, has_inputs: bool = False) -> Iterator[Callable[[], None]]:
        """Count a call by the AnswerError that it raises. The function given is for its first event: a success.

        A `caller` is whoever cannot easily be many. `has_inputs`: it asks with inputs, or with files.
        Raises AnswerError(CIRCUIT_OPEN) instead of admitting the call. A failure that does not trip the breaker is a
        reply, and counts as a success; one after the first event counts as nothing more.
        """
        call = _Call(caller, has_inputs)
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
        if self._probe is not None or not self._may_probe(call):
            raise AnswerError(CIRCUIT_OPEN)
        self._probe = call
        log.info("circuit.probing")

    def _may_probe(self, call: _Call) -> bool:
        now = self.clock()
        if self._opened_at is None or now - self._opened_at < self.rest:
            return False
        if self._last_probe is None or self._last_probe[0] != call.caller:
            return True
        return now - self._last_probe[1] >= self.rest

    def _on_success(self, call: _Call) -> None:
        if call.has_begun:
            return
        call.has_begun = True
        self._failed = 0
        self._failed_questions.clear()
        self._probe = self._last_probe = None
        if self._opened_at is not None:
            self._opened_at = None
            log.info("circuit.closed")

    def _on_failure(self, call: _Call, failure: Failure) -> None:
        """While it is open, only a failing probe postpones the next one: other calls were admitted before it opened."""
        if self._opened_at is not None:
            if self._probe is call:
                self._on_failed_probe(call, failure)
            return
        self._count(call, failure)
        if self._total >= self.failures:
            log.error("circuit.opened", failures=self._total, rest=self.rest)
            self._opened_at = self.clock()

    def _on_failed_probe(self, call: _Call, failure: Failure) -> None:
        """One that may have failed by its question proves nothing: others may probe at once, its caller later."""
        log.warning("circuit.still_open", rest=self.rest)
        if failure.may_be_question:
            self._last_probe = call.caller, self.clock()
        else:
            self._opened_at = self.clock()

    def _count(self, call: _Call, failure: Failure) -> None:
        if not failure.may_be_question:
            self._failed += 1
        elif not (failure.may_be_input and call.has_inputs):
            self._failed_questions[call.caller] += 1

    @property
    def _total(self) -> int:
        """A caller alone counts for nothing, and for no more than half where others fail, too."""
        if len(self._failed_questions) < 2:  # noqa: PLR2004 - one caller
            return self._failed
        most = (self.failures + 1) // 2
        return self._failed + sum(min(count, most) for count in self._failed_questions.values())
