"""What is counted for /metrics alone."""

from collections import Counter

import pytest

from service import counts
from tests import fake_dify
from tests.conftest import eventually


@pytest.fixture(autouse=True)
def from_nothing(monkeypatch):
    for name in ("dify_errors", "dify_tries", "closes"):
        monkeypatch.setattr(counts, name, Counter())


async def test_each_failed_call_of_dify_is_counted_by_reason_and_each_try(with_dify, connect, dify, quick_retries):
    client = await connect(await with_dify())
    dify.plays(fake_dify.raw(b"", 503), fake_dify.say("Hello"))
    assert (await client.answer("Hi"))["source"] == "dify"
    assert sum(counts.dify_errors.values()) == 1
    assert counts.dify_tries == {"first": 1, "again": 1}


async def test_who_is_closed_for_silence_is_counted_by_the_close_code_and_who_leaves_is_not(start, connect):
    service = await start(websocket_heartbeat_interval=0.2, websocket_heartbeat_timeout=0.6)
    await (await connect(service)).leave()
    assert await (await connect(service)).close_code() == 4000
    await eventually(lambda: counts.closes)
    assert counts.closes == {4000: 1}
