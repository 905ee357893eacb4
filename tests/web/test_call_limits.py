"""Calls of /api, and their bytes, by address."""

import io

import pytest

from tests.api import OTHER_TOKEN, speech
from tests.conftest import logged
from tests.fake_proxy import buffering_proxy

HOME = {"X-Forwarded-For": "203.0.113.7"}
SPEECH = {"json": {"text": "Hello!"}}


@pytest.fixture
async def public(start):
    """A service whose tests come from public addresses, through a proxy on the same host."""

    async def start_public(**settings):
        return await start(**{"forwarded_allow_ips": ("127.0.0.1",)} | settings)

    return start_public


async def statuses(http, service, count, headers=HOME, path="/api/app"):
    replies = []
    for _ in range(count):
        async with http.get(f"{service.url}{path}", headers=headers) as response:
            replies.append((response.status, response.headers.get("Retry-After"), await response.read()))
    return replies


async def test_too_many_calls_are_refused_with_the_time_to_wait(public, http, call, events):
    service = await public(address_calls_per_minute=3)
    replies = await statuses(http, service, 5)
    assert [status for status, _, _ in replies] == [200, 200, 200, 429, 429]
    status, envelope = await call(service, "GET", "/api/app", headers=HOME)
    assert (status, envelope["code"], envelope["data"]["reason"]) == (429, 429, "address_calls")
    assert 0 < envelope["data"]["retry_after"] <= 60_000
    assert 1 <= int(replies[-1][1]) <= 60
    assert len(logged(events, "quotas.exceeded")) == 1


async def test_only_api_is_counted_and_only_for_the_address(public, http, call):
    service = await public(address_calls_per_minute=1)
    for path in ("/health", "/chat", "/static/js/chat.js"):
        assert {status for status, _, _ in await statuses(http, service, 3, path=path)} == {200}
    for number in range(5):
        headers = {"X-Forwarded-For": f"198.51.100.1, 203.0.113.{number}"}
        assert [status for status, _, _ in await statuses(http, service, 2, headers)] == [200, 429]
    _, health = await call(service, "GET", "/health")
    assert health["data"]["limits_hit"]["address_calls_per_minute"] == 5


async def test_an_address_cannot_be_shed_by_claiming_others(public, http):
    service = await public(address_calls_per_minute=3)
    claims = [{"X-Forwarded-For": f"198.51.100.{number}, 203.0.113.7"} for number in range(5)]
    replies = [(await statuses(http, service, 1, headers))[0][0] for headers in claims]
    assert replies == [200, 200, 200, 429, 429]


async def test_recordings_of_one_utterance_are_one_call_of_who_sends_them(public, call):
    service = await public(address_calls_per_minute=2)

    async def send(utterance, times, **options):
        path = f"/api/audio-to-text?utterance={utterance}"
        return [(await call(service, "POST", path, data=speech(), headers=HOME, **options))[0] for _ in range(times)]

    assert await send("one-A_9", 4) == [200] * 4
    assert await send("one-A_9", 1, token=OTHER_TOKEN) == [200]
    assert await send("one-A_9", 1) == [429]
    assert await send("two", 1) == [429]


@pytest.mark.parametrize("trusted", [(), ("10.0.0.1",), ("*",)])
async def test_nobody_is_counted_by_a_claim_that_the_last_proxy_did_not_make(start, http, aiohttp_server, trusted):
    service = await start(address_calls_per_minute=1, forwarded_allow_ips=trusted)
    proxy = await aiohttp_server(buffering_proxy(service.url))
    for _ in range(3):
        async with http.get(proxy.make_url("/api/app"), headers=HOME) as response:
            assert response.status == 200


async def test_bytes_of_bodies_and_replies_are_counted(public, http, call):
    service = await public(address_bytes_per_minute=6_000)
    for limit, options in ((200, SPEECH), (429, SPEECH)):
        async with http.post(
            f"{service.url}/api/text-to-audio", headers=HOME | {"Authorization": f"Bearer {'0' * 32}"}, **options
        ) as response:
            assert response.status == limit
            received = await response.read()
    assert b"address_bytes" in received
    other = {"X-Forwarded-For": "203.0.113.8"}
    body = {"rating": "like", "content": "x" * 2_900}
    path = "/api/messages/96fc2a13-4564-436c-a852-ede12dce3d16/feedback"
    assert [(await call(service, "POST", path, json=body, headers=other))[0] for _ in range(4)] == [200, 200, 200, 429]


async def test_a_long_body_counts_while_it_is_passed_on(public, call, monkeypatch):
    monkeypatch.setattr("service.web.call_limits.COUNTED_AT_ONCE_BYTES", 1000)
    service = await public(address_bytes_per_minute=5_000)
    data = {"file": io.BytesIO(b"x" * 9_000)}
    assert (await call(service, "POST", "/api/files", data=data, headers=HOME))[0] != 429
    assert (await call(service, "GET", "/api/app", headers=HOME))[0] == 429
