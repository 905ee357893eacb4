"""The limiter: so many at once, so many that wait, none for ever."""

import asyncio

import pytest

from service.answers.base import AnswerError
from service.answers.resilience.limiter import Limiter
from tests.conftest import PATIENCE_SECONDS


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
