"""Redis comes and goes."""

import asyncio
import time

from service.cluster import availability
from service.cluster.availability import Availability
from tests.conftest import logged

AWAY = ConnectionError("away")


def test_what_is_found_for_the_first_time_is_settled_and_no_news(events):
    redis = Availability()
    assert (redis.is_connected, redis.is_settled) == (False, True)
    redis.regain(processes=1)
    assert (redis.is_connected, redis.is_settled, events) == (True, True, [])


def test_a_loss_is_told_once_and_so_is_the_return(events):
    redis = Availability()
    redis.regain()
    for _ in range(3):
        redis.lose(AWAY)
    assert not redis.is_connected
    redis.regain(processes=2)
    redis.regain(processes=2)
    (lost,), (back,) = logged(events, "redis.lost"), logged(events, "redis.back")
    assert (lost["log_level"], lost["error"], back["processes"]) == ("error", "ConnectionError: away", 2)


def test_each_loss_and_each_return_begins_an_epoch():
    redis, epochs = Availability(), []
    for step in (redis.regain, redis.regain, lambda: redis.lose(AWAY), lambda: redis.lose(AWAY), redis.regain):
        step()
        epochs.append(redis.epoch)
    assert epochs == [1, 1, 2, 2, 3]


def test_for_a_while_after_the_return_others_may_have_something_to_store(monkeypatch):
    redis = Availability()
    redis.regain()
    redis.lose(AWAY)
    redis.regain()
    assert not redis.is_settled
    later = time.monotonic() + availability.SETTLE_SECONDS
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert redis.is_settled


async def test_who_needs_it_waits_until_it_is_there():
    redis = Availability()
    waiting = asyncio.create_task(redis.wait_connected())
    await asyncio.sleep(0)
    assert not waiting.done()
    redis.regain()
    await waiting
