"""The circuit breaker on a clock of the test's own."""

from contextlib import contextmanager, suppress

import pytest

from service.answers.base import AnswerError
from service.answers.failures import BAD_GATEWAY, INVALID, SERVER_ERROR, STALLED, UNREACHABLE
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


def succeed(breaker):
    with breaker.guard("ann") as on_success:
        on_success()


def fail(breaker, failure=UNREACHABLE, *, begins=False, user="ann", has_inputs=False):
    with suppress(AnswerError), breaker.guard(user, has_inputs=has_inputs) as on_success:
        if begins:
            on_success()
        raise AnswerError(failure)


def open_up(breaker):
    for _ in range(3):
        fail(breaker)


def is_refused(breaker):
    try:
        with breaker.guard("ann"):
            return False
    except AnswerError as error:
        return error.failure.reason == "circuit_open"


@contextmanager
def running(breaker):
    """A call that has not had its first event; what ends it is no failure."""
    with breaker.guard("ann") as on_success:
        yield on_success


def test_it_opens_after_so_many_failures_in_a_row(breaker):
    fail(breaker)
    fail(breaker)
    assert not is_refused(breaker)
    fail(breaker)
    assert is_refused(breaker)


def test_a_success_starts_the_count_anew(breaker):
    fail(breaker)
    fail(breaker)
    succeed(breaker)
    fail(breaker)
    fail(breaker)
    assert not is_refused(breaker)
    fail(breaker)
    assert is_refused(breaker)


def test_a_refusal_that_makes_sense_is_a_success(breaker):
    fail(breaker)
    fail(breaker)
    fail(breaker, INVALID)
    fail(breaker)
    assert not is_refused(breaker)


def test_what_begins_and_then_fails_is_a_success(breaker):
    fail(breaker)
    fail(breaker)
    fail(breaker, begins=True)
    fail(breaker)
    assert not is_refused(breaker)


def test_what_began_before_says_nothing_of_now(breaker):
    with suppress(AnswerError), running(breaker) as on_success:
        on_success()
        open_up(breaker)
        raise AnswerError(INVALID)
    assert breaker.is_open


def test_what_may_be_a_question_s_fault_counts_where_several_callers_meet_it(breaker):
    for _ in range(9):
        fail(breaker, SERVER_ERROR)
        fail(breaker, STALLED)
    assert not is_refused(breaker)
    fail(breaker, SERVER_ERROR, user="bob")
    assert is_refused(breaker)


def test_one_caller_counts_for_no_more_than_half(clock):
    breaker = CircuitBreaker(failures=5, rest=10, clock=clock)
    for _ in range(9):
        fail(breaker, SERVER_ERROR)
    fail(breaker, SERVER_ERROR, user="bob")
    assert not is_refused(breaker)
    fail(breaker, BAD_GATEWAY, user="cem")
    assert is_refused(breaker)


def test_one_caller_opens_it_for_nobody_however_few_failures_are_enough(clock):
    breaker = CircuitBreaker(failures=1, rest=10, clock=clock)
    fail(breaker, SERVER_ERROR)
    assert not is_refused(breaker)
    fail(breaker, SERVER_ERROR, user="bob")
    assert is_refused(breaker)


def test_what_may_be_the_fault_of_inputs_counts_only_without_any(breaker):
    for user in "abcdefgh":
        fail(breaker, SERVER_ERROR, user=user, has_inputs=True)
    assert not is_refused(breaker)
    for user in "abc":
        fail(breaker, BAD_GATEWAY, user=user, has_inputs=True)
    assert is_refused(breaker)


def test_a_probe_that_may_have_failed_by_its_question_leaves_its_place_to_others(breaker, clock):
    open_up(breaker)
    clock.now = 10
    fail(breaker, STALLED, user="bob")
    assert breaker.is_open
    with pytest.raises(AnswerError), breaker.guard("bob"):
        pytest.fail("admitted again")
    succeed(breaker)
    assert not breaker.is_open


def test_its_caller_may_probe_again_after_a_rest(breaker, clock):
    open_up(breaker)
    clock.now = 10
    fail(breaker, STALLED)
    clock.now = 19.9
    assert is_refused(breaker)
    clock.now = 20
    succeed(breaker)
    assert not breaker.is_open


def test_it_counts_together_with_what_is_no_question_s_fault(breaker):
    fail(breaker)
    fail(breaker, SERVER_ERROR)
    assert not is_refused(breaker)
    fail(breaker, SERVER_ERROR, user="bob")
    assert is_refused(breaker)


def test_a_success_makes_the_users_forgotten_too(breaker):
    fail(breaker, SERVER_ERROR, user="bob")
    succeed(breaker)
    for _ in range(9):
        fail(breaker, SERVER_ERROR)
    assert not is_refused(breaker)


def test_after_its_rest_one_probe_passes_and_no_second(breaker, clock):
    open_up(breaker)
    clock.now = 9.9
    assert is_refused(breaker)
    clock.now = 10
    with running(breaker):
        assert is_refused(breaker)


def test_a_probe_that_succeeds_closes_it(breaker, clock):
    open_up(breaker)
    clock.now = 10
    succeed(breaker)
    assert not breaker.is_open
    with running(breaker):
        assert not is_refused(breaker)


def test_a_probe_that_fails_gives_it_another_rest(breaker, clock, events):
    open_up(breaker)
    clock.now = 10
    fail(breaker)
    clock.now = 19.9
    assert is_refused(breaker)
    clock.now = 20
    assert not is_refused(breaker)
    assert [event["event"] for event in events].count("circuit.still_open") == 1


def test_what_was_asked_before_it_opened_delays_no_probe_and_opens_it_only_once(breaker, clock, events):
    with suppress(AnswerError), running(breaker):
        with suppress(AnswerError), running(breaker):
            open_up(breaker)
            clock.now = 9.9
            raise AnswerError(UNREACHABLE)
        clock.now = 10
        with running(breaker):
            assert is_refused(breaker)
        clock.now = 19
        raise AnswerError(UNREACHABLE)
    assert not is_refused(breaker)
    assert [event["event"] for event in events].count("circuit.opened") == 1


def test_a_probe_that_ends_before_it_can_tell_leaves_its_place_to_the_next(breaker, clock):
    open_up(breaker)
    clock.now = 10
    with running(breaker):
        pass
    assert breaker.is_open
    assert not is_refused(breaker)


def test_a_probe_that_writes_long_does_not_end_another_probe(breaker, clock):
    open_up(breaker)
    clock.now = 10
    first = breaker.guard("ann")
    first.__enter__()()
    open_up(breaker)
    clock.now = 20
    with running(breaker):
        first.__exit__(None, None, None)
        assert is_refused(breaker)


def test_its_story_is_told_and_whether_it_is_open_now(breaker, clock, events):
    states = [breaker.is_open]
    open_up(breaker)
    states.append(breaker.is_open)
    clock.now = 10
    fail(breaker)
    clock.now = 20
    succeed(breaker)
    states.append(breaker.is_open)
    assert states == [False, True, False]
    assert [event["event"].removeprefix("circuit.") for event in events] == [
        "opened", "probing", "still_open", "probing", "closed"
    ]  # fmt: skip


def test_its_state_is_a_word(breaker, clock):
    states = [breaker.state]
    for _ in range(3):
        fail(breaker)
    states.append(breaker.state)
    clock.now += 10
    states.append(breaker.state)
    succeed(breaker)
    assert [*states, breaker.state] == ["closed", "open", "half_open", "closed"]
