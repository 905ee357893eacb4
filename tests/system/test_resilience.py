"""Limiter, circuit breaker, retry and fallback between a client and Dify, over real sockets."""

import asyncio

import pytest

from tests import fake_dify
from tests.conftest import eventually, logged

pytestmark = pytest.mark.usefixtures("quick_retries")


async def test_a_passing_trouble_is_tried_again_and_nobody_notices(with_dify, dify, connect, events):
    dify.plays(fake_dify.raw(b"", 502), fake_dify.reset_at_once(), fake_dify.say("Here I am."))
    client = await connect(await with_dify())
    answer = await client.answer("Hello")
    assert (answer["content"], answer["source"]) == ("Here I am.", "dify")
    assert "reason" not in answer
    assert [event["reason"] for event in logged(events, "dify.retried")] == ["bad_gateway", "lost"]


async def test_a_stop_between_two_tries_ends_them(with_dify, dify, connect, monkeypatch, events):
    monkeypatch.setattr("service.answers.resilience.retry.FIRST_PAUSE_SECONDS", 60)
    dify.plays(fake_dify.raw(b"", 502))
    service = await with_dify(dify_retry_budget=600)
    client = await connect(service)
    await client.ask("Hello")
    await eventually(lambda: logged(events, "dify.retried"))
    await client.say({"type": "stop"})
    assert (await client.frames_until_end())[-1]["status"] == "stopped"
    assert len(dify.questions) == 1
    assert dify.stops == []


async def test_after_repeated_failures_dify_is_left_alone_and_one_probe_reopens_it(with_dify, dify, connect, events):
    dify.plays(fake_dify.raw(b"", 500))
    service = await with_dify(dify_breaker_failures=3, dify_breaker_rest=0.3, degrade_to_mock=False)
    other, client = await connect(service), await connect(service)
    for who in (other, client, client):
        assert (await who.answer("Hello"))["reason"] == "server_error"
    assert (await client.answer("Hello"))["reason"] == "circuit_open"
    assert len(dify.questions) == 3
    dify.plays(fake_dify.say("Back."))
    async with asyncio.timeout(10):
        while (answer := await client.answer("Hello")).get("reason") == "circuit_open":
            await asyncio.sleep(0.02)
    assert (answer["source"], len(dify.questions)) == ("dify", 4)
    story = [event["event"] for event in events if event["event"].startswith("circuit.")]
    assert story == ["circuit.opened", "circuit.probing", "circuit.closed"]


async def test_what_dify_says_of_one_user_s_questions_opens_no_circuit(with_dify, dify, connect):
    dify.plays(fake_dify.raw(b"", 500))
    service = await with_dify(dify_breaker_failures=2, degrade_to_mock=False)
    client, other = await connect(service), await connect(service)
    for _ in range(4):
        assert (await client.answer("Hello"))["reason"] == "server_error"
    assert (await other.answer("Hello"))["reason"] == "server_error"
    assert (await other.answer("Hello"))["reason"] == "circuit_open"


async def test_answers_that_break_off_together_are_no_reason_not_to_ask(with_dify, dify, connect, events):
    release = asyncio.Event()

    async def dies(stage):
        await stage.open()
        await stage.event("message", answer="Some words")
        await release.wait()
        stage.request.transport.abort()

    dify.plays(*[dies] * 5, fake_dify.say("Here."))
    service = await with_dify(dify_breaker_failures=1)
    clients = [await connect(service) for _ in range(5)]
    for client in clients:
        await client.ask("Hello", stream=True)
        await client.frame()
    release.set()
    ends = [(await client.frames_until_end())[-1] for client in clients]
    assert {(end["status"], end["reason"]) for end in ends} == {("incomplete", "broken_off")}
    assert (await clients[0].answer("Hello"))["content"] == "Here."
    assert logged(events, "circuit.opened") == []


async def test_questions_wait_in_line_first_come_first_served(with_dify, dify, connect):
    dify.plays(fake_dify.until_stopped("one"), fake_dify.say("two"), fake_dify.say("three"))
    client = await connect(await with_dify(dify_max_concurrency=1))
    for name in ("q1", "q2", "q3"):
        await client.ask(name, id=name, stream=True)
    await client.frame()
    assert [question["query"] for question in dify.questions] == ["q1"]
    await client.say({"type": "stop", "id": "q1"})
    ends = [(await client.frames_until_end())[-1] for _ in range(3)]
    assert [(end["id"], end["content"]) for end in ends] == [("q1", "one"), ("q2", "two"), ("q3", "three")]


async def test_a_full_line_is_said_so_and_who_waits_too_long_too(with_dify, dify, connect):
    dify.plays(fake_dify.until_stopped("one"))
    settings = {"dify_max_concurrency": 1, "dify_max_waiting": 1, "dify_wait_timeout": 0.2, "degrade_to_mock": False}
    client = await connect(await with_dify(**settings))
    for name in ("q1", "q2", "q3"):
        await client.ask(name, id=name)
    ends = [await client.frame() for _ in range(2)]
    assert [(end["id"], end["reason"], end["code"]) for end in ends] == [
        ("q3", "overloaded", 503),
        ("q2", "waited_too_long", 503),
    ]
    await client.say({"type": "stop"})


async def test_a_stop_in_the_line_leaves_it(with_dify, dify, connect):
    dify.plays(fake_dify.until_stopped("one"), fake_dify.say("three"))
    client = await connect(await with_dify(dify_max_concurrency=1))
    for name in ("q1", "q2", "q3"):
        await client.ask(name, id=name)
    await client.say({"type": "stop", "id": "q2"})
    assert (await client.frame())["id"] == "q2"
    await eventually(lambda: dify.questions)
    await client.say({"type": "stop", "id": "q1"})
    assert {(await client.frame())["id"] for _ in range(2)} == {"q1", "q3"}
    assert [question["query"] for question in dify.questions] == ["q1", "q3"]


async def test_inputs_that_dify_fails_on_close_it_to_nobody(with_dify, dify, connect, events):
    dify.plays(fake_dify.raw(b"", 500))
    service = await with_dify(dify_breaker_failures=2, degrade_to_mock=False)
    for _ in range(4):  # each with a token of its own
        stranger = await connect(service)
        assert (await stranger.answer("Hello", inputs={"x": "y"}))["reason"] == "server_error"
    dify.plays(fake_dify.say("Well."))
    assert (await (await connect(service)).answer("Hello"))["source"] == "dify"
    assert logged(events, "circuit.opened") == []
