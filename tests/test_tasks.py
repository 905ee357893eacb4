"""Tasks with an owner."""

import asyncio

import pytest

from service.tasks import Tasks, wait_within
from tests.conftest import PATIENCE_SECONDS


async def for_ever(ended):
    try:
        await asyncio.Event().wait()
    finally:
        ended.append(True)


async def test_what_ends_by_itself_in_time_is_waited_for():
    tasks, may_end = Tasks(), asyncio.Event()
    task = tasks.spawn(may_end.wait())
    finishing = asyncio.create_task(tasks.finish(within=PATIENCE_SECONDS))
    await asyncio.sleep(0)
    assert not finishing.done()
    may_end.set()
    await finishing
    assert task.result() is True


async def test_what_does_not_end_in_time_is_cancelled_and_awaited():
    tasks, ended = Tasks(), []
    for _ in range(2):
        tasks.spawn(for_ever(ended))
    await asyncio.sleep(0)
    await tasks.finish(within=0)
    assert ended == [True, True]


async def test_a_failure_stays_with_its_task_and_hinders_no_end():
    async def fail():
        raise ZeroDivisionError

    tasks, ended = Tasks(), []
    failing = tasks.spawn(fail())
    tasks.spawn(for_ever(ended))
    await asyncio.sleep(0)
    await tasks.finish(within=0.05)
    assert ended == [True]
    with pytest.raises(ZeroDivisionError):
        await failing


async def test_what_is_over_is_kept_no_longer():
    tasks = Tasks()
    await tasks.spawn(asyncio.sleep(0))
    await asyncio.sleep(0)
    assert not tasks._running
    await tasks.finish(within=PATIENCE_SECONDS)


async def test_what_comes_in_time_is_waited_for_and_what_is_late_is_cancelled():
    came, ended = asyncio.Event(), []
    waiting = asyncio.create_task(wait_within(PATIENCE_SECONDS, came.wait()))
    await asyncio.sleep(0)
    assert not waiting.done()
    came.set()
    await waiting
    await wait_within(0.01, for_ever(ended))
    assert ended == [True]
