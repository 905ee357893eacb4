"""What one caller fills, others do not feel: places at Dify, and the queue before it. Over real sockets."""

import asyncio
import secrets

import pytest

from service.answers.resilience import limiter
from service.chat.client_identity import owner_of
from service.tally import Tally
from tests import fake_dify
from tests.api import MESSAGE, TOKEN
from tests.conftest import eventually, logged

CONNECTIONS, AT_ONCE, MAX_WAITING = 5, 8, 20
SOON_SECONDS = 5


async def fill(connect, service, leave, *, named=False):
    """Connections one after the other, each with eight questions; all are closed by `leave`."""
    for _ in range(CONNECTIONS):
        client = await connect(service)
        for _ in range(AT_ONCE):
            await client.ask("Attack", stream=True, **({"id": secrets.token_hex(4)} if named else {}))
        await client.say({"type": "ping"})
        while (await client.frame())["type"] != "pong":
            pass
        await leave(client)


async def lose(client):
    client.socket._response.connection.transport.abort()


async def say_goodbye(client):
    await client.socket.close()


def only_the_neighbour_is_answered(dify):
    async def scene(stage):
        question = (await stage.request.json())["query"]
        await (fake_dify.say("Here.") if question == "Hello" else fake_dify.until_stopped("Some "))(stage)

    dify.plays(scene)


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("leave", [say_goodbye, lose])
async def test_who_fills_the_queue_and_leaves_keeps_nobody_waiting(with_dify, dify, connect, monkeypatch, leave, named):
    monkeypatch.setattr(limiter, "RETURN_SECONDS", 0.1)
    only_the_neighbour_is_answered(dify)
    service = await with_dify(dify_max_waiting=MAX_WAITING)
    await fill(connect, service, leave, named=named)
    neighbour = await connect(service)
    async with asyncio.timeout(SOON_SECONDS):
        assert (await neighbour.answer("Hello"))["content"] == "Here."


async def test_who_takes_ever_new_tokens_and_stops_what_was_asked_has_no_more_at_once(with_dify, dify, connect):
    dify.ignores_stops = True
    dify.plays(fake_dify.until_stopped("Some "))
    client, ends = await connect(await with_dify(dify_max_concurrency=20)), []
    for _ in range(AT_ONCE + 4):
        await client.say({"type": "resume", "token": secrets.token_hex(16)})
        await client.frame()
        await client.ask("Attack", stream=True)
        if (frame := await client.frame())["type"] == "chat_delta":
            await client.say({"type": "stop"})
            frame = await client.frame()
        ends.append(frame.get("reason"))
    assert ends == ["client_stopped"] * AT_ONCE + ["too_many_turns"] * 4
    assert len(dify.questions) == AT_ONCE
    dify.release()


async def counts(http, service):
    async with http.get(f"{service.url}/health") as response:
        data = (await response.json())["data"]
    return [data[f"answers_{name}"] for name in ("taken", "waiting", "displaced")]


async def until_counts(http, service, expected):
    async with asyncio.timeout(SOON_SECONDS):
        while await counts(http, service) != expected:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("new_tokens", [False, True])
@pytest.mark.parametrize("max_waiting", [5, 200])
async def test_who_has_most_in_the_queue_waits_longest_and_is_pushed_out_first(
    with_dify, dify, connect, max_waiting, new_tokens
):
    """Whoever it says it is: one connection may have a token for each question."""
    only_the_neighbour_is_answered(dify)
    service = await with_dify(dify_max_concurrency=2, dify_max_waiting=max_waiting, degrade_to_mock=False)
    attackers = [await connect(service) for _ in range(3)]
    for attacker in attackers:
        for number in range(AT_ONCE):
            if new_tokens:
                await attacker.say({"type": "resume", "token": secrets.token_hex(16)})
            await attacker.ask("Attack", id=f"q{number}")
    await eventually(lambda: len(dify.questions) == 2)
    neighbour = await connect(service)
    await neighbour.ask("Hello")
    await neighbour.say({"type": "ping"})
    assert (await neighbour.frame())["type"] == "pong"
    await attackers[0].say({"type": "stop", "id": "q0"})
    assert (await neighbour.frame())["content"] == "Here."
    assert [question["query"] for question in dify.questions[:3]] == ["Attack", "Attack", "Hello"]


async def test_who_is_lost_while_queued_queues_anew_on_its_return(with_dify, dify, connect, http):
    only_the_neighbour_is_answered(dify)
    service = await with_dify(dify_max_concurrency=1)
    first, lost, other = [await connect(service) for _ in range(3)]
    await first.ask("Attack", id="q", stream=True)
    await first.frame()
    await lost.ask("Hello", id="q")
    await until_counts(http, service, [1, 1, 0])
    await lose(lost)
    await until_counts(http, service, [1, 0, 0])
    await other.ask("Attack", id="q")
    await until_counts(http, service, [1, 1, 0])
    returned = await connect(service)
    await returned.say({"type": "resume", "token": lost.greeting["resume_token"], "id": "q", "offset": 0})
    await until_counts(http, service, [1, 2, 0])
    await first.say({"type": "stop"})
    await eventually(lambda: len(dify.questions) == 2)
    await other.say({"type": "stop"})
    assert (await returned.frames_until_end())[-1]["content"] == "Here."
    assert [question["query"] for question in dify.questions] == ["Attack", "Attack", "Hello"]


async def test_who_is_away_while_others_wait_is_told_why_the_answer_ends(
    with_dify, dify, connect, http, events, monkeypatch
):
    monkeypatch.setattr(limiter, "RETURN_SECONDS", 0.1)
    monkeypatch.setattr(limiter, "displacements", Tally("limiter.displaced"))
    only_the_neighbour_is_answered(dify)
    service = await with_dify(dify_max_concurrency=1)
    lost, neighbour = [await connect(service) for _ in range(2)]
    await lost.ask("Attack", id="q", stream=True)
    await lost.frame()
    await lose(lost)
    assert (await neighbour.answer("Hello"))["content"] == "Here."
    returned = await connect(service)
    await returned.say({"type": "resume", "token": lost.greeting["resume_token"], "id": "q", "offset": 0})
    end = (await returned.frames_until_end())[-1]
    assert (end["status"], end["reason"], end["content"]) == ("stopped", "displaced", "Some ")
    assert (len(dify.stops), (await counts(http, service))[2]) == (1, 1)
    assert logged(events, "limiter.displaced")


async def test_calls_of_the_api_are_fair_between_addresses_too_whatever_tokens_they_have(with_dify, dify, http):
    may_reply = asyncio.Semaphore(0)

    async def scene(stage):
        await may_reply.acquire()
        await fake_dify.raw(b'{"result":"success"}', 200, "application/json")(stage)

    dify.app_api.scenes["feedbacks"] = scene
    service = await with_dify(forwarded_allow_ips=("127.0.0.1",))

    async def rate(address, token):
        headers = {"Authorization": f"Bearer {token}", "X-Forwarded-For": address}
        path = f"/api/messages/{MESSAGE}/feedback"
        async with http.post(f"{service.url}{path}", json={"rating": "like"}, headers=headers) as response:
            return response.status

    attack = [asyncio.create_task(rate("203.0.113.9", secrets.token_hex(16))) for _ in range(20)]
    await eventually(lambda: len(dify.app_api.calls) == 2)
    neighbour = asyncio.create_task(rate("198.51.100.7", TOKEN))
    for called in range(2, 21):
        may_reply.release()
        await eventually(lambda called=called: len(dify.app_api.calls) == called + 1)
    for _ in range(2):
        may_reply.release()
    assert {await neighbour, *await asyncio.gather(*attack)} == {200}
    users = [fields["user"] for fields in dify.app_api.called("feedbacks")]
    assert owner_of(TOKEN).user in users[2:10]
