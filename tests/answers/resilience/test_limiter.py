"""The limiter: so many at once, so many that wait, none for ever."""

import asyncio

import pytest

from service.answers.base import AnswerError
from service.answers.resilience.limiter import INCREASE_SECONDS, Limiter
from service.tally import Tally
from tests.conftest import PATIENCE_SECONDS, logged


def limiter(slots=1, max_waiting=2, timeout=PATIENCE_SECONDS):
    return Limiter(slots, max_waiting, timeout)


async def wait_in_line(line, *names):
    """A task for each, which waits for a slot; returns them, and the names of those who got one, in order."""
    got = []

    async def acquire(name):
        await line.acquire()
        got.append(name)

    tasks = [asyncio.create_task(acquire(name)) for name in names]
    await asyncio.sleep(0)  # all wait
    return tasks, got


async def cancel(*tasks):
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_as_many_as_there_are_slots_get_one_at_once():
    line = limiter(slots=2)
    assert [line.try_acquire() for _ in range(3)] == [True, True, False]
    line.release()
    assert line.try_acquire()


async def test_a_slot_that_is_given_back_goes_to_who_waits_longest():
    line = limiter()
    await line.acquire()
    tasks, got = await wait_in_line(line, "first", "second")
    assert got == []
    for expected in (["first"], ["first", "second"]):
        line.release()
        await tasks[len(expected) - 1]
        assert got == expected


async def test_nobody_overtakes_who_waits():
    line = limiter()
    await line.acquire()
    (task,), _ = await wait_in_line(line, "first")
    line.release()
    assert not line.try_acquire()
    await task


async def test_more_than_may_wait_are_refused_at_once():
    line = limiter(max_waiting=1)
    await line.acquire()
    (task,), _ = await wait_in_line(line, "first")
    with pytest.raises(AnswerError) as refused:
        await line.acquire()
    assert refused.value.failure.reason == "overloaded"
    await cancel(task)


async def test_who_waits_too_long_is_told_so_and_leaves_the_line():
    line = limiter(max_waiting=1, timeout=0.01)
    await line.acquire()
    for _ in range(2):
        with pytest.raises(AnswerError) as refused:
            await line.acquire()
        assert refused.value.failure.reason == "waited_too_long"
    line.release()
    assert line.try_acquire()


async def test_who_gives_up_waiting_leaves_the_line_to_the_others():
    line = limiter(max_waiting=2)
    await line.acquire()
    (first, second), got = await wait_in_line(line, "first", "second")
    await cancel(first)
    (third,), _ = await wait_in_line(line, "third")
    line.release()
    await second
    assert got == ["second"]
    await cancel(third)


async def test_a_slot_that_comes_in_the_moment_in_which_the_wait_is_given_up_goes_back():
    line = limiter()
    await line.acquire()
    (task,), _ = await wait_in_line(line, "first")
    line.release()
    await cancel(task)
    assert line.try_acquire()
    assert not line.try_acquire()


async def test_a_slot_goes_past_who_has_just_given_up():
    line = limiter()
    await line.acquire()
    (first, second), got = await wait_in_line(line, "first", "second")
    first.cancel()
    line.release()
    await asyncio.gather(first, second, return_exceptions=True)
    assert got == ["second"]


async def test_processes_divide_the_slots_and_each_has_one_at_least():
    line = limiter(slots=5)
    for processes, slots in ((2, 2), (10, 1), (1, 5), (0, 5)):
        line.divide(processes)
        assert [line.try_acquire() for _ in range(slots + 1)] == [True] * slots + [False]
        for _ in range(slots):
            line.release()


async def test_who_has_taken_too_many_slots_keeps_them_until_they_are_given_back():
    line = limiter(slots=4)
    for _ in range(4):
        await line.acquire()
    line.divide(2)
    for _ in range(2):
        line.release()
        assert not line.try_acquire()
    line.release()
    assert line.try_acquire()


async def test_slots_that_are_added_go_to_who_waits():
    line = limiter(slots=2)
    line.divide(2)
    await line.acquire()
    (task,), got = await wait_in_line(line, "first")
    line.divide(1)
    await task
    assert got == ["first"]


# What it learns.


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def learner(slots=8, taken=8, **options):
    """A limiter of which so many slots are taken, and its clock."""
    clock = Clock()
    line = Limiter(slots, 2, options.pop("timeout", PATIENCE_SECONDS), clock=clock, **options)
    assert all(line.try_acquire() for _ in range(taken))
    return line, clock


def overload(line, clock):
    clock.now += 1
    line.decrease(clock.now)


async def test_an_overload_halves_what_was_taken_down_to_one(events):
    line, clock = learner(slots=200, taken=9)
    limits = []
    for _ in range(5):
        overload(line, clock)
        limits.append(line.limit)
    assert limits == [4, 2, 1, 1, 1]
    told = [(event["limit"], event["before"], event["taken"]) for event in logged(events, "limiter.decreased")]
    assert told == [(4, 200, 9), (2, 4, 9), (1, 2, 9)]


async def test_one_overload_counts_once_whoever_tells_of_it():
    line, clock = learner()
    clock.now = 103.0
    for admitted_at in (100.0, 101.0, 102.0, 103.0):
        line.decrease(admitted_at)
    assert line.limit == 4
    line.decrease(103.5)
    assert line.limit == 2


async def test_a_refusal_says_how_many_the_source_takes():
    line, clock = learner(slots=20, taken=20)
    for _ in range(19):
        line.reject(clock.now)
    assert (line.limit, line.try_acquire()) == (1, False)
    line.release()
    assert line.try_acquire()


async def test_where_all_are_refused_one_is_tried_again():
    line, clock = learner(taken=2)
    for _ in range(2):
        line.reject(clock.now)
    assert (line.limit, line.try_acquire(), line.try_acquire()) == (1, True, False)


async def test_what_is_over_the_limit_goes_on_and_nothing_more_is_granted():
    line, clock = learner()
    line.decrease(clock.now)
    for _ in range(4):
        line.release()
        assert not line.try_acquire()
    line.release()
    assert line.try_acquire()


async def test_it_grows_by_one_in_each_interval_in_which_as_many_as_may_be_are_taken(events):
    line, clock = learner()
    line.decrease(clock.now)
    for _ in range(4):
        line.release()
    for expected in (5, 6, 7, 8, 8):
        clock.now += INCREASE_SECONDS
        line.release()
        line.release()
        assert line.limit == expected
        while line.try_acquire():
            pass
    assert [event["limit"] for event in logged(events, "limiter.increased")] == [5, 6, 7, 8]


async def test_it_does_not_grow_before_the_time_nor_where_nobody_needs_more():
    line, clock = learner()
    line.decrease(clock.now)
    for _ in range(4):
        line.release()
    clock.now += INCREASE_SECONDS - 0.1
    line.release()
    clock.now += INCREASE_SECONDS
    line.release()
    assert line.limit == 4


async def test_another_overload_puts_growth_off():
    line, clock = learner(taken=2)
    line.decrease(clock.now)
    clock.now += INCREASE_SECONDS - 1
    line.decrease(clock.now)
    clock.now += 1
    line.release()
    assert line.limit == 1


async def test_processes_divide_what_was_learned():
    line, clock = learner(slots=16, taken=16)
    line.decrease(clock.now)
    for processes, limit in ((2, 4), (3, 2), (20, 1), (1, 8)):
        line.divide(processes)
        assert line.limit == limit


async def test_what_a_process_learns_of_its_share_holds_for_the_share():
    line, clock = learner(slots=16, taken=0)
    line.divide(4)
    assert all(line.try_acquire() for _ in range(4))
    line.decrease(clock.now)
    assert line.limit == 2
    line.divide(2)
    assert line.limit == 4


async def test_where_there_are_more_processes_than_slots_none_learns_of_more():
    line, clock = learner(slots=2, taken=0)
    line.divide(4)
    assert line.try_acquire()
    line.decrease(clock.now)
    line.divide(1)
    assert line.limit == 2


async def test_who_waits_for_what_was_learned_waits_for_longer():
    line, clock = learner(slots=2, taken=2, timeout=0.01, patience=PATIENCE_SECONDS)
    line.decrease(clock.now)
    (task,), got = await wait_in_line(line, "first")
    await asyncio.sleep(0.05)
    line.release()
    assert got == []
    line.release()
    await task
    assert got == ["first"]


async def test_that_wait_has_an_end_too():
    line, clock = learner(slots=2, taken=2, timeout=0.01, patience=0.03)
    line.decrease(clock.now)
    with pytest.raises(AnswerError) as refused:
        await line.acquire()
    assert refused.value.failure.reason == "waited_too_long"


async def test_it_says_how_many_there_are():
    line, clock = learner()
    line.decrease(clock.now)
    assert line.counts() == {"answers_at_once": 4, "answers_taken": 8, "answers_waiting": 0}


async def test_the_operator_is_told_that_questions_wait_and_where_to_look(monkeypatch, events):
    monkeypatch.setattr("service.answers.resilience.limiter.waits", Tally("limiter.waits", see="DIFY_MAX_CONCURRENCY"))
    line = limiter(timeout=0.01)
    await line.acquire()
    with pytest.raises(AnswerError):
        await line.acquire()
    assert [(event["times"], event["see"]) for event in logged(events, "limiter.waits")] == [
        (1, "DIFY_MAX_CONCURRENCY")
    ]


async def test_while_the_operator_s_own_limit_holds_nobody_waits_longer_than_the_operator_said():
    line = Limiter(1, 1, timeout=0.01, patience=PATIENCE_SECONDS)
    await line.acquire()
    with pytest.raises(AnswerError):
        await asyncio.wait_for(line.acquire(), PATIENCE_SECONDS / 2)
