"""A Redis that may be away."""

import asyncio
import time

import pytest

from service.admission import shared_redis
from service.admission.shared_redis import SharedRedis
from tests.conftest import logged


@pytest.fixture
async def shared(redis):
    shared = SharedRedis(redis.url, "test")
    yield shared
    await shared.close()


async def test_what_it_says_is_returned(shared):
    assert await shared.ask(shared.client.ping, "away") is True
    assert shared.key("held", "ann") == "test:held:ann"


async def test_where_it_is_away_it_is_left_alone_for_a_while_and_that_is_told_once(shared, redis, monkeypatch, events):
    monkeypatch.setattr(shared_redis, "REST_SECONDS", 0)
    await redis.stop()
    assert [await shared.ask(shared.client.ping, "away") for _ in range(3)] == ["away"] * 3
    (lost,) = logged(events, "quotas.redis_lost")
    assert lost["log_level"] == "warning"
    await redis.start()
    assert await shared.ask(shared.client.ping, "away") is True
    assert len(logged(events, "quotas.redis_found")) == 1
    monkeypatch.setattr(shared_redis, "REST_SECONDS", 60)
    await redis.stop()
    await shared.ask(shared.client.ping, "away")
    await redis.start()
    assert await shared.ask(shared.client.ping, "away") == "away"


async def test_a_burst_of_which_some_is_not_replied_to_in_time_is_one_loss(shared, events):
    replies = [asyncio.get_running_loop().create_future() for _ in range(6)]
    asked = [asyncio.create_task(shared.ask(lambda reply=reply: reply, "away")) for reply in replies]
    await asyncio.sleep(0)
    for number, (reply, task) in enumerate(zip(replies, asked, strict=True)):
        if number % 2:
            reply.set_result("replied")
        else:
            reply.set_exception(TimeoutError())
        await task
    assert len(logged(events, "quotas.redis_lost")) == 1
    assert logged(events, "quotas.redis_found") == []


async def test_one_that_does_not_reply_keeps_nobody_for_longer_than_a_moment(shared, monkeypatch):
    monkeypatch.setattr(shared_redis, "TIMEOUT_SECONDS", 0.05)
    began = time.monotonic()
    assert await shared.ask(lambda: asyncio.sleep(60), "away") == "away"
    for _ in range(100):
        assert await shared.ask(lambda: asyncio.sleep(60), "away") == "away"
    assert time.monotonic() - began < 5
