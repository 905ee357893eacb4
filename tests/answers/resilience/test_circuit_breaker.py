"""The circuit breaker on a clock of the test's own."""

import pytest

from service.answers.base import AnswerError
from service.answers.resilience.circuit_breaker import CircuitBreaker


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def breaker(clock):
    return CircuitBreaker(failures=3, rest=10, clock=clock)


def is_refused(breaker):
    try:
        breaker.admit()
    except AnswerError as error:
        return error.failure.reason == "circuit_open"
    return False


def open_up(breaker):
    for _ in range(3):
        breaker.record_failure()


def test_it_opens_after_so_many_failures_in_a_row(breaker):
    breaker.record_failure()
    breaker.record_failure()
    assert not is_refused(breaker)
    breaker.record_failure()
    assert is_refused(breaker)


def test_a_success_starts_the_count_anew(breaker):
    breaker.record_failure()
    breaker.record_failure()
    breaker.record_success()
    breaker.record_failure()
    assert not is_refused(breaker)


def test_after_its_rest_one_probe_passes_and_no_second(breaker, clock):
    open_up(breaker)
    clock.now = 9.9
    assert is_refused(breaker)
    clock.now = 10
    assert breaker.admit() is True
    assert is_refused(breaker)


def test_a_probe_that_succeeds_closes_it(breaker, clock):
    open_up(breaker)
    clock.now = 10
    breaker.admit()
    breaker.record_success()
    breaker.end_probe()
    assert breaker.admit() is False


def test_a_probe_that_fails_gives_it_another_rest(breaker, clock):
    open_up(breaker)
    clock.now = 10
    breaker.admit()
    breaker.record_failure(is_probe=True)
    breaker.end_probe()
    clock.now = 19.9
    assert is_refused(breaker)
    clock.now = 20
    assert breaker.admit() is True


def test_what_was_asked_before_it_opened_delays_no_probe_and_opens_it_only_once(breaker, clock, events):
    open_up(breaker)
    clock.now = 9.9
    breaker.record_failure()
    clock.now = 10
    assert breaker.admit() is True
    breaker.record_failure()
    clock.now = 19
    breaker.end_probe()
    assert breaker.admit() is True
    assert [event["event"] for event in events].count("circuit.opened") == 1


def test_a_probe_that_ends_before_it_can_tell_leaves_its_place_to_the_next(breaker, clock):
    open_up(breaker)
    clock.now = 10
    breaker.admit()
    breaker.end_probe()
    assert breaker.admit() is True
