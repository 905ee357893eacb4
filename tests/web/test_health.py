"""What an operator's tools are told."""

import asyncio

import pytest

from tests import fake_dify
from tests.conftest import eventually


@pytest.fixture
async def service(start):
    return await start()


async def test_health_answers_with_what_is_alive(service, http, connect):
    client = await connect(service)
    await client.ask("Hello", stream=True)
    await client.frame()
    async with http.get(f"{service.url}/health") as response:
        data = (await response.json())["data"]
    assert (data["status"], data["connections"], data["turns"]) == ("up", 1, 1)


async def ready(http, service):
    async with http.get(f"{service.url}/ready") as response:
        return response.status, await response.json()


async def test_it_is_ready_when_dify_is(with_dify, http):
    status, reply = await ready(http, await with_dify())
    assert (status, reply["data"]) == (200, {"status": "ready", "mode": "dify", "trouble": None})


async def test_in_mock_mode_it_is_always_ready(start, http):
    status, reply = await ready(http, await start())
    assert (status, reply["data"]["mode"]) == (200, "mock")


TROUBLES = [
    ("server_error", fake_dify.raw(b"", 500)),
    ("not_dify", fake_dify.raw(b"<html></html>", 200, "text/html")),
    ("lost", fake_dify.reset_at_once()),
]


@pytest.mark.parametrize(("reason", "scene"), TROUBLES)
async def test_while_it_degrades_it_is_ready_and_says_what_is_wrong(with_dify, dify, http, reason, scene):
    dify.info = scene
    status, reply = await ready(http, await with_dify())
    assert (status, reply["data"]["trouble"]["reason"]) == (200, reason)


@pytest.mark.parametrize(("reason", "scene"), TROUBLES)
async def test_without_a_mock_to_stand_in_it_is_not_ready(with_dify, dify, http, reason, scene):
    dify.info = scene
    status, reply = await ready(http, await with_dify(degrade_to_mock=False))
    assert (status, reply["code"]) == (503, 503)
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
    monkeypatch.setattr("service.web.health.READY_FOR_SECONDS", 0)
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
