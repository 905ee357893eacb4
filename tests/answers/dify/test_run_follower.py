"""The run of an answer whose stream broke off, followed over real sockets."""

import asyncio

import pytest

from service.answers.dify import run_follower
from tests.broken_streams import Break, ask, hurry, rest
from tests.conftest import eventually, logged


@pytest.fixture(autouse=True)
def _hurry(monkeypatch):
    hurry(monkeypatch)


def drafting(may_ask, *more):
    """A chatflow that says a draft, asks a person when it may, and says that it is done."""

    async def program(run):
        run.start()
        await run.say("Draft: ")
        await may_ask.wait()
        for text in more:
            await run.say(text)
        await run.ask_human(token="t0")
        await run.say("done.")
        run.sum_up()
        run.finish()

    return program


async def test_a_run_that_pauses_meanwhile_is_paused(with_dify, dify, connect):
    may_ask = asyncio.Event()
    flow = Break(dify, [], program=drafting(may_ask, "so far."))
    client = await connect(await with_dify())
    frames = await ask(client)
    flow.cut.set()
    await flow.taken_up()
    may_ask.set()
    end = await rest(client, frames)
    assert (end["status"], end["reason"], end["content"]) == ("paused", "waiting_for_human", "Draft: so far.")
    assert dify.stops == []


async def test_a_run_that_paused_before_it_was_taken_up_is_paused(with_dify, dify, connect):
    may_ask = asyncio.Event()
    flow = Break(dify, [], program=drafting(may_ask, "so far."))
    client = await connect(await with_dify())
    frames = await ask(client)
    dify.is_down = True
    flow.cut.set()
    may_ask.set()
    await eventually(lambda: flow.run.status == "paused")
    dify.is_down = False
    end = await rest(client, frames)
    assert (end["status"], end["content"], "form" in end) == ("paused", "Draft: so far.", True)


async def test_what_was_decided_meanwhile_and_waits_for_the_worker_goes_on(with_dify, dify, connect):
    may_ask = asyncio.Event()
    flow = Break(dify, [], program=drafting(may_ask))
    client = await connect(await with_dify())
    frames = await ask(client)
    dify.is_down = True
    flow.cut.set()
    may_ask.set()
    await eventually(lambda: flow.run.status == "paused")
    await dify.workflows.worker.acquire()
    dify.workflows.forms["t0"].submitted.set_result(("approve", {}))
    dify.is_down = False
    await eventually(lambda: len(dify.workflows.events_asked) > 2)
    dify.workflows.worker.release()
    end = await rest(client, frames)
    assert (end["status"], end["content"]) == ("done", "Draft: done.")


async def test_steps_that_come_meanwhile_are_told_to_who_asked(with_dify, dify, connect):
    may_go_on = asyncio.Event()

    async def program(run):
        run.start()
        await run.say("One ")
        await may_go_on.wait()
        run.publish("node_started", data={"id": "n", "title": "LLM", "node_type": "llm"})
        await run.say("two.")
        run.sum_up()
        run.finish()

    flow = Break(dify, [], program=program)
    client = await connect(await with_dify())
    await client.ask("Hello", stream=True, events=True)
    frames = [await client.frame(), await client.frame()]
    flow.cut.set()
    await flow.taken_up()
    may_go_on.set()
    end = await rest(client, frames)
    assert end["content"] == "One two."
    told = [(frame["event"], frame.get("name")) for frame in frames if frame["type"] == "chat_event"]
    assert ("node_started", "LLM") in told


async def test_a_run_of_which_nothing_is_heard_is_given_up(with_dify, dify, connect, events, monkeypatch):
    """As when Dify's worker died with it: pings go on, and its place is wanted."""
    monkeypatch.setattr(run_follower, "LOOK_AGAIN_SECONDS", 0.1)
    monkeypatch.setattr(run_follower, "QUIET_SECONDS", 0.3)
    flow = Break(dify, ["One "], ["two."])
    client = await connect(await with_dify(dify_max_concurrency=1))
    frames = await ask(client)
    flow.cut.set()
    end = await rest(client, frames)
    assert (end["status"], end["content"]) == ("incomplete", "One ")
    assert [line["why"] for line in logged(events, "dify.not_healed")] == ["silent"]
    assert (await client.answer("Hello again"))["content"] == "Asked again!"


async def test_a_run_is_looked_for_anew_where_nothing_is_heard_of_it(with_dify, dify, connect, monkeypatch):
    monkeypatch.setattr(run_follower, "LOOK_AGAIN_SECONDS", 0.1)
    flow = Break(dify, ["One "], ["two."])
    client = await connect(await with_dify())
    frames = await ask(client)
    flow.cut.set()
    await flow.taken_up()
    monkeypatch.setattr(flow.run, "publish", lambda *_, **__: None)  # as if its end had been told before
    flow.may_go_on.set()
    end = await rest(client, frames)
    assert (end["status"], end["content"]) == ("done", "One two.")


async def test_where_dify_tells_no_events_the_stored_message_is_waited_for(with_dify, dify, connect):
    flow = Break(dify, ["One "], ["two."])
    dify.workflows.tells_events = False
    client = await connect(await with_dify())
    frames = await ask(client)
    flow.cut.set()
    await eventually(lambda: dify.workflows.asked_for_messages > 2)
    flow.may_go_on.set()
    assert (await rest(client, frames))["content"] == "One two."
