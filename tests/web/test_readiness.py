"""Whether questions get answers, as a platform asks."""

import asyncio
import time

import pytest

from service import open_files
from tests import fake_dify
from tests.conftest import eventually

TOKEN, ADMIN_TOKEN = "metrics-token-of-the-tests", "admin-token-of-the-tests"
ALL_WELL = {"dify": "up", "redis": "unused", "breaker": "closed", "sockets": "free", "drain": "none"}


async def ready(http, service, token=None):
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    async with http.get(f"{service.url}/ready", headers=headers) as response:
        return response.status, await response.json()


async def test_it_is_ready_when_dify_is(with_dify, http):
    status, reply = await ready(http, await with_dify())
    data = {"status": "ready", "mode": "dify", "trouble": None, "checks": ALL_WELL}
    assert (status, reply["data"]) == (200, data)


async def test_in_mock_mode_it_is_always_ready(start, http):
    status, reply = await ready(http, await start())
    assert (status, reply["data"]["mode"], reply["data"]["checks"]["dify"]) == (200, "mock", "unused")


TROUBLES = [
    ("server_error", fake_dify.raw(b"", 500)),
    ("not_dify", fake_dify.raw(b"<html></html>", 200, "text/html")),
    ("lost", fake_dify.reset_at_once()),
]


@pytest.mark.parametrize(("reason", "scene"), TROUBLES)
async def test_while_it_degrades_it_is_ready_and_says_what_is_wrong(with_dify, dify, http, reason, scene):
    dify.info = scene
    status, reply = await ready(http, await with_dify())
    assert (status, reply["data"]["trouble"]["reason"], reply["data"]["checks"]["dify"]) == (200, reason, "failing")


@pytest.mark.parametrize(("reason", "scene"), TROUBLES)
async def test_without_a_mock_to_stand_in_it_is_not_ready(with_dify, dify, http, reason, scene):
    dify.info = scene
    status, reply = await ready(http, await with_dify(degrade_to_mock=False))
    assert (status, reply["code"], reply["data"]["status"]) == (503, 503, "not_ready")
    assert reply["message"].startswith(f"{reason}: ")


async def test_a_wrong_key_is_said_at_start_and_when_asked(with_dify, http, events):
    service = await with_dify(dify_api_key="app-wrong")
    await eventually(lambda: "dify.not_ready" in [event["event"] for event in events])
    (said,) = [event for event in events if event["event"] == "dify.not_ready"]
    assert (said["reason"], said["cause"]) == ("unauthorized", "HTTP 401: DIFY_API_KEY is wrong")
    _, reply = await ready(http, service)
    assert reply["data"]["trouble"]["reason"] == "unauthorized"
    assert "app-wrong" not in f"{events} {reply}"


async def test_dify_is_not_asked_each_time(with_dify, dify, http, monkeypatch):
    service = await with_dify()
    for _ in range(5):
        await ready(http, service)
    assert dify.checks == 2  # at start, and once since
    monkeypatch.setattr("service.web.readiness.READY_FOR_SECONDS", 0)
    await ready(http, service)
    assert dify.checks == 3


async def test_a_dify_that_does_not_answer_the_check_is_given_up(with_dify, dify, http, monkeypatch):
    monkeypatch.setattr("service.answers.dify.client.CHECK_TIMEOUT_SECONDS", 0.5)

    async def silent(stage):
        await dify.released.wait()

    dify.info = silent
    service = await with_dify(dify_connect_timeout=0.5)
    replies = await asyncio.gather(*(ready(http, service) for _ in range(5)))
    assert {reply["data"]["trouble"]["reason"] for _, reply in replies} == {"silent"}
    assert dify.checks == 2  # at start, and once for the five
    dify.released.set()


@pytest.mark.parametrize(("degrades", "status"), [(True, 200), (False, 503)])
async def test_an_open_breaker_makes_it_unready_unless_a_mock_stands_in(
    with_dify, dify, http, connect, degrades, status
):
    service = await with_dify(dify_breaker_failures=1, dify_retry_budget=0, degrade_to_mock=degrades)
    dify.plays(*[fake_dify.reset_at_once()] * 2)
    for _ in range(2):
        await (await connect(service)).answer("Hi")
    said, reply = await ready(http, service)
    assert (said, reply["data"]["checks"]["breaker"]) == (status, "open")


async def test_after_its_rest_it_is_ready_since_a_question_has_to_probe(with_dify, dify, http, connect):
    service = await with_dify(
        dify_breaker_failures=1, dify_retry_budget=0, degrade_to_mock=False, dify_breaker_rest=0.01
    )
    dify.plays(*[fake_dify.reset_at_once()] * 2)
    for _ in range(2):
        await (await connect(service)).answer("Hi")
    await asyncio.sleep(0.02)
    status, reply = await ready(http, service)
    assert (status, reply["data"]["checks"]["breaker"]) == (200, "half_open")


async def test_without_redis_each_process_goes_on_alone_and_is_ready(start, http, redis):
    service = await start(redis_url=redis.url)
    assert (await ready(http, service))[1]["data"]["checks"]["redis"] == "up"
    without = await start(redis_url="unix:///nowhere/redis.sock")
    status, reply = await ready(http, without)
    assert (status, reply["data"]["checks"]["redis"]) == (200, "down")


async def test_with_as_many_sockets_as_may_be_it_is_not_ready(start, http, monkeypatch):
    service = await start()
    monkeypatch.setattr(open_files.Sockets, "are_full", True)
    status, reply = await ready(http, service)
    assert (status, reply["data"]["checks"]["sockets"]) == (503, "full")


@pytest.mark.parametrize("token", [TOKEN, ADMIN_TOKEN])
async def test_to_an_operator_it_says_since_when_and_what_to_do(start, http, token):
    service = await start(redis_url="unix:///nowhere/redis.sock", metrics_token=TOKEN, admin_token=ADMIN_TOKEN)
    _, first = await ready(http, service, token)
    detail = first["data"]["details"]["redis"]
    assert abs(detail["since"] - time.time() * 1000) < 60_000
    assert "REDIS_URL" in detail["advice"]
    _, second = await ready(http, service, token)
    assert second["data"]["details"] == first["data"]["details"]


@pytest.mark.parametrize("token", [None, "a-wrong-token-of-tests"])
async def test_to_nobody_else_it_does(start, http, token):
    _, reply = await ready(http, await start(metrics_token=TOKEN), token)
    assert "details" not in reply["data"]
