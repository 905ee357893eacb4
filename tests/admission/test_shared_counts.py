"""Processes at one Redis count as one."""

import asyncio
import signal
import time

import pytest

from service import redis_link
from service.admission import shared_counts, shared_redis
from service.admission.counters import BoundedMemory, Counters
from service.admission.shared_counts import SharedCounters, SharedLeases
from service.admission.shared_redis import SharedRedis
from tests.conftest import PATIENCE_SECONDS


@pytest.fixture
async def process(redis, monkeypatch):
    """Each is one of several processes."""
    monkeypatch.setattr(shared_redis, "TIMEOUT_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr(shared_redis, "REST_SECONDS", 0)
    started = []

    class Process:
        def __init__(self):
            self.redis = SharedRedis(redis.url, "test")
            self.used = SharedCounters(self.redis, Counters(BoundedMemory()))
            self.leases = SharedLeases(self.redis)
            self.task = asyncio.create_task(self.leases.run())
            started.append(self)

        async def die(self):
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
            await self.redis.close()

    yield Process
    for each in started:
        await each.die()


async def held(process, name="ann"):
    """By the other processes, too."""
    return await process.redis.client.zcard(process.redis.key("held", name))


async def until(condition):
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await condition():
            await asyncio.sleep(0.005)


async def test_what_two_processes_let_in_is_counted_together(process):
    one, other = process(), process()
    assert [await each.used.hit("ann", 4) for each in (one, other, one, other)] == [0.0] * 4
    assert 0 < await one.used.hit("ann", 4) <= 61
    assert 0 < await other.used.wait("ann", 4) <= 61
    assert await other.used.wait("bob", 4) == 0


async def test_amounts_and_sums_are_those_of_both(process):
    one, other = process(), process()
    await one.used.add("ann", 100, 150)
    assert await other.used.wait("ann", 100) > 60
    await one.used.spend("ann", 30)
    await other.used.spend("ann", 12)
    assert [await each.used.spent("ann") for each in (one, other)] == [42, 42]


async def test_a_sum_may_be_forgotten_sooner_than_after_a_day(process):
    one, other = process(), process()
    await one.used.spend("ann", 1, 2)
    await other.used.spend("ann", 1, 2)
    assert await other.used.spent("ann") == 2

    async def is_forgotten():
        return await other.used.spent("ann") == 0

    await until(is_forgotten)


async def test_where_redis_is_away_each_counts_for_itself(process, redis):
    one, other = process(), process()
    await one.used.spend("ann", 30)
    await other.used.spend("ann", 12)
    lease = await one.leases.take({"ann": 1})
    await redis.stop()
    for each, spent in ((one, 30), (other, 12)):
        assert [bool(await each.used.hit("ann", 2)) for _ in range(3)] == [False, False, True]
        await each.used.add("ann", 100, 150)
        assert await each.used.wait("ann", 100) > 0
        assert await each.used.spent("ann") == spent
    assert await one.leases.take({"ann": 1}) == "ann"
    assert (await other.leases.take({"ann": 1})).names == ("ann",)
    lease.give_back()
    assert (await one.leases.take({"ann": 1})).names == ("ann",)


async def test_what_one_process_holds_the_other_cannot_take_until_it_is_given_back(process):
    one, other = process(), process()
    lease = await one.leases.take({"ann": 1, "home": 2})
    assert await other.leases.take({"ann": 1, "home": 2}) == "ann"
    assert await other.leases.take({"home": 1}) == "home"
    assert other.leases._held == {}
    lease.give_back()

    async def is_free():
        return not await held(one)

    await until(is_free)
    assert (await other.leases.take({"ann": 1, "home": 2})).names == ("ann", "home")


async def test_what_a_dead_process_held_is_free_after_a_while_and_what_a_living_one_holds_is_not(process, monkeypatch):
    monkeypatch.setattr(shared_counts, "LEASE_SECONDS", 1)
    monkeypatch.setattr(shared_counts, "BEAT_SECONDS", 0.05)
    dead, living, newcomer = process(), process(), process()
    await dead.leases.take({"ann": 1})
    await living.leases.take({"bob": 1})
    await dead.die()

    async def is_free():
        return not isinstance(await newcomer.leases.take({"ann": 1}), str)

    assert await newcomer.leases.take({"ann": 1}) == "ann"
    await until(is_free)
    assert await newcomer.leases.take({"bob": 1}) == "bob"


async def test_a_redis_that_lost_its_memory_is_told_again_what_is_held(process, redis, monkeypatch):
    monkeypatch.setattr(shared_counts, "BEAT_SECONDS", 0.05)
    one = process()
    await one.leases.take({"ann": 1})
    await redis.stop()
    await redis.start()

    async def is_told():
        return await one.redis.ask(lambda: held(one), 0) == 1

    await until(is_told)


async def test_at_the_end_everything_is_given_back(process):
    one, other = process(), process()
    (await one.leases.take({"ann": 1})).give_back()
    one.task.cancel()
    await one.leases.close()
    assert await held(other) == 0


async def test_who_is_cancelled_while_redis_is_asked_holds_nothing(process, redis, monkeypatch):
    one = process()

    monkeypatch.setattr(one.redis.queue, "ask", lambda _: asyncio.get_running_loop().create_future())
    taking = asyncio.create_task(one.leases.take({"ann": 1}))
    await asyncio.sleep(0)
    assert one.leases._held != {}
    taking.cancel()
    await asyncio.gather(taking, return_exceptions=True)
    assert one.leases._held == {}


async def test_a_redis_that_hangs_does_not_hold_up_the_end(process, redis, monkeypatch):
    monkeypatch.setattr(shared_counts, "CLOSE_TIMEOUT_SECONDS", 0.05)
    monkeypatch.setattr(redis_link, "TIMEOUT_SECONDS", PATIENCE_SECONDS)
    one = process()
    lease = await one.leases.take({"ann": 1})
    redis._process.send_signal(signal.SIGSTOP)
    try:
        lease.give_back()
        began = time.monotonic()
        await one.leases.close()
        assert time.monotonic() - began < PATIENCE_SECONDS / 2
    finally:
        redis._process.send_signal(signal.SIGCONT)
