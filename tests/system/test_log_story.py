"""What the log says of questions to which everything happens: each line names its turn, one says how it went."""

import asyncio

import pytest

from service.answers.dify import rest_of_answer
from tests import fake_dify
from tests.conftest import eventually, logged

pytestmark = pytest.mark.usefixtures("quick_retries")
NOT_OF_A_TURN = ("service.", "connection.", "drain.", "dify.ready", "limiter.waits", "quotas.")


def nameless(events):
    """Events of a turn that do not say of which."""
    return [event for event in events if "turn_id" not in event and not event["event"].startswith(NOT_OF_A_TURN)]


async def test_every_line_of_a_turn_names_it_whatever_happens_to_it(with_dify, dify, connect, events, monkeypatch):
    monkeypatch.setattr(rest_of_answer, "STORED_SECONDS", 0.1)
    dify.plays(
        fake_dify.raw(b"", 502), fake_dify.reset_at_once(), fake_dify.say("Tried again."),
        fake_dify.reset_after("Half "), fake_dify.raw(b"", 401), fake_dify.until_stopped("Some "),
    )  # fmt: skip
    service = await with_dify(dify_max_concurrency=1, dify_breaker_failures=100, orphan_grace=0)
    client, other = await connect(service), await connect(service)
    for number in range(3):
        await client.answer("Hello", id=f"q{number}")
    await client.ask("Hello", id="stopped", stream=True)
    while (await client.frame())["type"] != "chat_delta":
        pass
    await other.ask("Hello", id="waits")
    await eventually(lambda: len(logged(events, "turn.started")) == 5)
    await client.say({"type": "stop"})
    await client.frames_until_end()
    await eventually(lambda: len(dify.questions) == 7)
    await other.leave()
    await eventually(lambda: len(logged(events, "dify.stop_sent")) == 2)
    await service.stop()
    names = {event["event"] for event in events}
    assert {
        "dify.retried",
        "dify.failed",
        "answer.degraded",
        "dify.stop_sent",
        "dify.answered",
        "turn.finished",
    } <= names
    assert nameless(events) == []


async def test_one_line_says_how_long_an_answer_waited_and_took_and_how_often_it_was_tried(
    with_dify, dify, connect, events
):
    dify.plays(fake_dify.until_stopped("Some "), fake_dify.raw(b"", 502), fake_dify.replay("1s_basic_short"))
    service = await with_dify(dify_max_concurrency=1)
    client, other = await connect(service), await connect(service)
    await client.ask("Hello", stream=True)
    while (await client.frame())["type"] != "chat_delta":
        pass
    await other.ask("Hello", id="waits")
    await eventually(lambda: len(logged(events, "turn.started")) == 2)
    await asyncio.sleep(0.1)
    await client.say({"type": "stop"})
    answer = (await other.frames_until_end())[-1]
    (line,) = [event for event in logged(events, "dify.answered") if event["turn_id"] == "waits"]
    assert (line["tries"], line["usage"]) == (2, answer["usage"])
    assert line["waited_ms"] >= 90
    assert 0 <= line["first_event_ms"] <= line["first_text_ms"] <= line["total_ms"]


async def test_who_connects_is_told_by_page_browser_and_address(start, connect, events):
    service = await start(forwarded_allow_ips=("127.0.0.1",))
    chrome = "Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
    headers = {"Origin": service.url, "User-Agent": chrome, "X-Forwarded-For": "203.0.113.7"}
    await connect(service, headers=headers)
    (opened,) = logged(events, "connection.opened")
    assert (opened["origin"], opened["browser"], opened["client_address"]) == (service.url, "Chrome 126", "203.0.113.7")
