"""Limits over real sockets: who exceeds one is told so, and nobody else feels it."""

import aiohttp
import pytest

from service.cluster import multi_process
from tests import fake_dify
from tests.conftest import eventually

HOME = {"X-Forwarded-For": "203.0.113.7"}
PROXIES = {"forwarded_allow_ips": ("127.0.0.1",)}


def token_of(client):
    return client.greeting["resume_token"]


async def limits_hit(call, service):
    _, envelope = await call(service, "GET", "/health")
    return envelope["data"]["limits_hit"]


async def test_a_user_asks_so_often_a_minute_also_over_several_connections(start, connect, call):
    service = await start(user_questions_per_minute=4)
    first, second, neighbour = [await connect(service) for _ in range(3)]
    await second.say({"type": "resume", "token": token_of(first)})
    assert (await second.frame())["content"] == "Welcome back"
    ends = [await client.answer("Hello") for client in (first, second, first, second)]
    assert [end["type"] for end in ends] == ["chat"] * 4
    end = await second.answer("Hello", id="q5", stream=True)
    assert (end["type"], end["code"], end["id"], end["reason"]) == ("error", 429, "q5", "too_many_questions")
    assert 0 < end["retry_after"] <= 61_000
    assert (await neighbour.answer("Hello"))["status"] == "done"
    assert (await limits_hit(call, service))["user_questions_per_minute"] == 1


async def test_who_joins_or_resumes_a_turn_asks_no_new_question(with_dify, dify, connect):
    dify.plays(fake_dify.until_stopped("Some ", "words"))
    service = await with_dify(user_questions_per_minute=1)
    first, second = await connect(service), await connect(service)
    await first.ask("Hello", id="q1", stream=True)
    assert (await first.frame())["type"] == "chat_delta"
    await second.say({"type": "resume", "token": token_of(first), "id": "q1"})
    assert (await second.frame())["type"] == "chat_delta"
    await second.ask("Hello", id="q1", stream=True)
    dify.release()
    assert (await second.frames_until_end())[-1]["status"] == "done"
    assert (await first.frames_until_end())[-1]["status"] == "done"
    assert (await second.answer("Hello", id="q2"))["reason"] == "too_many_questions"


async def test_answers_at_once_of_an_address_end_with_their_source(with_dify, dify, connect):
    dify.plays(fake_dify.until_stopped("Some ", "words"))
    service = await with_dify(address_max_answers=2, dify_max_concurrency=10, **PROXIES)
    clients = [await connect(service, headers=HOME) for _ in range(3)]
    other = await connect(service, headers={"X-Forwarded-For": "203.0.113.8"})
    for client in (*clients[:2], other):
        await client.ask("Hello", stream=True)
        assert (await client.frame())["type"] == "chat_delta"
    assert (await clients[2].answer("Hello"))["reason"] == "address_answers"
    await clients[0].say({"type": "stop"})
    assert (await clients[0].frames_until_end())[-1]["status"] == "stopped"
    await eventually(lambda: dify.stops)

    async def is_asked():
        await clients[2].ask("Hello", stream=True)
        return (await clients[2].frame())["type"] == "chat_delta"

    while not await is_asked():
        pass


async def test_tokens_of_the_day_also_of_stopped_answers(with_dify, dify, connect):
    service = await with_dify(user_tokens_per_day=6, tokens_per_day=10)
    clients = [await connect(service) for _ in range(3)]
    ends = [await clients[0].answer("Hello") for _ in range(3)]  # 3 tokens each
    assert [end.get("reason") for end in ends] == [None, None, "daily_budget"]
    assert ends[-1]["retry_after"] > 0
    ends = [await client.answer("Hello") for client in (clients[1], clients[1], clients[2])]
    assert [end.get("reason") for end in ends] == [None, None, "total_budget"]


@pytest.mark.parametrize(
    ("limit", "reason"),
    [("address_max_connections", "address_connections"), ("address_handshakes_per_minute", "address_handshakes")],
)
async def test_a_refused_handshake_says_why_and_when_to_come_back(start, connect, http, limit, reason):
    service = await start(**{limit: 2}, **PROXIES)
    for _ in range(2):
        client = await connect(service, headers=HOME)
    async with http.get(f"{service.url}/ws/chat", headers=HOME | _HANDSHAKE) as response:
        assert (response.status, (await response.json())["data"]["reason"]) == (429, reason)
        assert int(response.headers["Retry-After"]) >= 1
    with pytest.raises(aiohttp.WSServerHandshakeError, match="429"):
        await http.ws_connect(f"{service.url}/ws/chat", headers=HOME)
    await connect(service, headers={"X-Forwarded-For": "2001:db8::7"})
    await connect(service)
    if limit == "address_max_connections":
        await client.leave()
        await connect(service, headers=HOME)


async def test_a_page_that_is_refused_is_told_over_an_open_connection(start, connect):
    """A browser tells its page nothing of a refused handshake."""
    service = await start(address_max_connections=1, **PROXIES)
    await connect(service, headers=HOME)
    page = await connect(service, headers=HOME | {"Origin": service.url})
    assert (page.greeting["type"], page.greeting["reason"]) == ("error", "address_connections")
    assert page.greeting["retry_after"] > 0
    assert await page.close_code() == 1013


_HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture
async def pair(with_dify, dify, redis, monkeypatch):
    """Two services at one Redis."""
    monkeypatch.setattr(multi_process, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr("service.admission.shared_redis.TIMEOUT_SECONDS", 5)
    limits = {"user_questions_per_minute": 4, "user_tokens_per_day": 9, "address_max_connections": 2}
    return [await with_dify(redis_url=redis.url, **limits, **PROXIES) for _ in range(2)]


async def test_two_processes_count_as_one_and_each_for_itself_while_redis_is_away(pair, connect, redis, http):
    clients = [await connect(service, headers=HOME) for service in pair]
    with pytest.raises(aiohttp.WSServerHandshakeError, match="429"):
        await http.ws_connect(f"{pair[0].url}/ws/chat", headers=HOME)
    await clients[1].say({"type": "resume", "token": token_of(clients[0])})
    await clients[1].frame()
    for client in (clients[0], clients[1], clients[0]):
        assert (await client.answer("Hello"))["type"] == "chat"
    refused = await clients[1].answer("Hello")
    while refused["type"] == "chat":  # its tokens were on their way
        refused = await clients[1].answer("Hello")
    assert refused["reason"] in ("daily_budget", "too_many_questions")
    await redis.stop()
    other = await connect(pair[0])
    assert (await other.answer("Hello"))["type"] == "chat"
