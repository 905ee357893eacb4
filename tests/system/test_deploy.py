"""A deploy: nobody loses an answer that can be finished, and nobody is left without a word."""

import asyncio
import time

import aiohttp
import pytest

from service.chat import drain as drain_module
from tests import fake_dify
from tests.conftest import PATIENCE_SECONDS, eventually


@pytest.fixture
async def service(with_dify, dify):
    dify.plays(fake_dify.until_stopped("Some ", "words"))
    return await with_dify(drain_timeout=10)


async def ask(client):
    """Ask, and read all that Dify says before it waits."""
    await client.ask("Hello", id="q1", stream=True)
    text = ""
    while text != "Some words":
        text += (await client.frame())["content"]


async def until_draining(http, service):
    service.server.should_exit = True
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await _ready(http, service))[0] == 200:
            await asyncio.sleep(0.01)


async def _ready(http, service):
    async with http.get(f"{service.url}/ready") as response:
        return response.status, (await response.json())["message"]


async def frames_until_close(client):
    return [message.json() async for message in client.socket]


async def test_a_running_answer_is_finished_before_its_client_is_sent_away(service, connect, http, dify):
    client = await connect(service)
    await ask(client)
    await until_draining(http, service)
    dify.release()
    frames = await frames_until_close(client)
    assert [frame["type"] for frame in frames if frame["type"] != "chat_delta"] == ["system", "chat"]
    (answer,) = [frame for frame in frames if frame["type"] == "chat"]
    assert (answer["status"], answer["content"]) == ("done", "Some words")
    assert client.socket.close_code == 1012
    assert dify.stops == []


async def test_an_idle_client_is_told_when_to_come_back_and_closed_at_once(service, connect, http, dify):
    busy, idle = await connect(service), await connect(service)
    await ask(busy)
    await until_draining(http, service)
    frames = await frames_until_close(idle)
    assert 1000 <= frames[0]["retry_after"] <= 3000
    assert idle.socket.close_code == 1012
    dify.release()
    await frames_until_close(busy)


async def test_while_it_drains_it_takes_no_connection_and_no_question_and_is_not_ready(service, connect, http, dify):
    client = await connect(service)
    await ask(client)
    await until_draining(http, service)
    assert await _ready(http, service) == (503, "The service is restarting.")
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await connect(service)
    assert refused.value.status == 503
    assert 1 <= int(refused.value.headers["Retry-After"]) <= 3
    await client.ask("And now?", id="q2")
    dify.release()
    (refusal,) = [frame for frame in await frames_until_close(client) if frame["type"] == "error"]
    assert (refusal["id"], refusal["code"], refusal["reason"]) == ("q2", 503, "restarting")
    assert len(dify.questions) == 1


async def test_an_answer_that_takes_too_long_breaks_off_in_words_and_dify_is_told(with_dify, connect, dify):
    dify.plays(fake_dify.until_stopped("Some ", "words"))
    service = await with_dify(drain_timeout=0.1)
    client = await connect(service)
    await ask(client)
    service.server.should_exit = True
    (answer,) = [frame for frame in await frames_until_close(client) if frame["type"] == "chat"]
    assert (answer["status"], answer["reason"], answer["content"]) == ("incomplete", "restarting", "Some words")
    assert client.socket.close_code == 1012
    await eventually(lambda: len(dify.stops) == 1)


async def test_an_answer_that_nobody_can_come_back_for_is_stopped_at_once(service, connect, dify):
    client = await connect(service)
    await ask(client)
    await client.leave()
    service.server.should_exit = True
    await eventually(lambda: len(dify.stops) == 1)


async def test_idle_clients_are_closed_a_few_at_a_time(service, connect, monkeypatch):
    monkeypatch.setattr(drain_module, "CLOSES_PER_SECOND", 50)
    clients = [await connect(service) for _ in range(10)]
    started_at = time.monotonic()
    service.server.should_exit = True
    await asyncio.gather(*(frames_until_close(client) for client in clients))
    assert time.monotonic() - started_at >= 9 / 50


async def test_who_leaves_while_it_drains_does_not_hold_it_up(service, connect, http, dify):
    client = await connect(service)
    await ask(client)
    await until_draining(http, service)
    await client.leave()
    await eventually(lambda: len(dify.stops) == 1)
    await asyncio.wait_for(asyncio.shield(service.task), PATIENCE_SECONDS)
