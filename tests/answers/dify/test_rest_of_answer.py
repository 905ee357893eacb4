"""Answers whose stream breaks off while Dify writes on, over real sockets."""

import asyncio

import pytest

from service.answers import failures
from service.answers.base import AnswerError, BrokenAnswer, Identity
from service.answers.dify import rest_of_answer
from service.answers.dify.app_files import FileFinder
from service.answers.dify.client import DifyClient
from service.answers.dify.rest_of_answer import Healing
from service.answers.dify.upstream_call import Upstream
from tests import fake_dify
from tests.broken_streams import Break, ask, hurry, rest
from tests.conftest import eventually, logged

CONVERSATION = "45701982-8118-4bc5-8e9b-64562b4555f2"


@pytest.fixture(autouse=True)
def _hurry(monkeypatch):
    hurry(monkeypatch)


@pytest.mark.parametrize("cleanly", [False, True])
async def test_a_chatflow_is_taken_up_again_and_its_text_goes_on_exactly(with_dify, dify, connect, events, cleanly):
    flow = Break(dify, ["Once upon ", "a "], ["time, ", "there was."], cleanly=cleanly)
    client = await connect(await with_dify())
    frames = await ask(client)
    flow.cut.set()
    await eventually(lambda: flow.run._subscribers and logged(events, "dify.failed"))
    flow.may_go_on.set()
    end = await rest(client, frames)
    assert (end["status"], end["content"], end["source"]) == ("done", "Once upon a time, there was.", "dify")
    assert end["usage"] == {"total_tokens": 3}
    assert not any(frame.get("replace") for frame in frames)
    assert (len(dify.questions), dify.stops) == (1, [])
    (line,) = logged(events, "dify.healed")
    assert (line["how"], line["run_id"], line["message_id"]) == ("continued", flow.run.id, flow.run.message_id)


async def test_a_run_that_is_cut_off_before_its_first_word_is_taken_up_too(with_dify, dify, connect):
    flow = Break(dify, [], ["All of it."])
    client = await connect(await with_dify())
    await client.ask("Hello", stream=True, events=True)
    frames = [await client.frame()]
    assert frames[0]["event"] == "workflow_started"
    flow.cut.set()
    flow.may_go_on.set()
    end = await rest(client, frames)
    assert (end["status"], end["content"], end["source"], len(dify.questions)) == ("done", "All of it.", "dify", 1)


async def test_who_comes_back_meanwhile_gets_all_of_it(with_dify, dify, connect, events):
    flow = Break(dify, ["One "], ["two."])
    service = await with_dify()
    first, second = await connect(service), await connect(service)
    await ask(first)
    flow.cut.set()
    await eventually(lambda: logged(events, "dify.failed"))
    await first.leave()
    await second.say({"type": "resume", "token": first.greeting["resume_token"], "id": "q1"})
    frames = [await second.frame()]
    flow.may_go_on.set()
    assert (await rest(second, frames))["content"] == "One two."


async def test_whose_client_stays_away_is_stopped(with_dify, dify, connect, events):
    flow = Break(dify, ["One "], ["two."])
    client = await connect(await with_dify(orphan_grace=0.1))
    await ask(client)
    flow.cut.set()
    await eventually(lambda: logged(events, "dify.failed"))
    await client.leave()
    await eventually(lambda: [task for task, _ in dify.stops] == [flow.run.task_id])


async def test_while_dify_restarts_it_is_waited_for(with_dify, dify, connect):
    flow = Break(dify, ["One "], ["two."])
    client = await connect(await with_dify())
    frames = await ask(client)
    dify.is_down = True
    flow.cut.set()
    await eventually(lambda: dify.turned_away > 3)
    dify.is_down = False
    await eventually(lambda: flow.run._subscribers)
    flow.may_go_on.set()
    assert (await rest(client, frames))["content"] == "One two."


async def test_a_run_that_ended_before_it_was_looked_for_is_found(with_dify, dify, connect):
    flow = Break(dify, ["One "], ["two."])
    client = await connect(await with_dify())
    frames = await ask(client)
    dify.is_down = True
    flow.cut.set()
    flow.may_go_on.set()
    await eventually(lambda: flow.run.is_over)
    dify.is_down = False
    end = await rest(client, frames)
    assert (end["status"], end["content"]) == ("done", "One two.")


async def test_text_that_is_stored_otherwise_is_replaced(with_dify, dify, connect, events):
    flow = Break(dify, ["Bad "], ["words."])
    client = await connect(await with_dify())
    frames = await ask(client)
    flow.cut.set()
    flow.run.answer = "Good "
    flow.may_go_on.set()
    end = await rest(client, frames)
    assert (end["status"], end["content"]) == ("done", "Good words.")
    assert [frame["content"] for frame in frames if frame.get("replace")] == ["Good words."]
    assert [line["how"] for line in logged(events, "dify.healed")] == ["replaced"]


async def test_files_of_the_rest_are_told_too(with_dify, dify, connect):
    flow = Break(dify, ["See ![x](/files/a"], [".png) and [y](/files/b.pdf)."])
    client = await connect(await with_dify())
    frames = await ask(client)
    flow.cut.set()
    flow.may_go_on.set()
    end = await rest(client, frames)
    assert [file["link"] for file in end["files"]] == ["/files/a.png", "/files/b.pdf"]


async def test_a_run_that_fails_meanwhile_is_not_healed(with_dify, dify, connect, events):
    may_fail = asyncio.Event()

    async def program(run):
        run.start()
        await run.say("One ")
        await may_fail.wait()
        run.finish("failed", "Traceback")

    flow = Break(dify, [], program=program)
    client = await connect(await with_dify())
    frames = await ask(client)
    flow.cut.set()
    may_fail.set()
    end = await rest(client, frames)
    assert (end["status"], end["reason"] in {"broken_off", "lost"}, end["content"]) == ("incomplete", True, "One ")
    assert [line["why"] for line in logged(events, "dify.not_healed")] == ["run_failed"]
    assert (len(dify.questions), dify.stops) == (1, [])


async def test_a_run_that_is_stopped_meanwhile_is_stopped(with_dify, dify, connect, events):
    """Where two processes heal the same answer, and its client stops it through one."""
    flow = Break(dify, ["One "], ["two."])
    client = await connect(await with_dify())
    frames = await ask(client)
    flow.cut.set()
    await flow.taken_up()
    dify.stop_of(flow.run.task_id).set()
    end = await rest(client, frames)
    assert (end["status"], end["reason"], end["content"]) == ("stopped", "stopped_elsewhere", "One ")
    assert logged(events, "dify.not_healed") == []


async def test_a_stop_ends_it_at_once_and_stops_the_run(with_dify, dify, connect, events):
    flow = Break(dify, ["One "], ["two."])
    client = await connect(await with_dify())
    frames = await ask(client)
    flow.cut.set()
    await eventually(lambda: logged(events, "dify.failed"))
    await client.say({"type": "stop", "id": "q1"})
    end = await rest(client, frames)
    assert (end["status"], end["reason"], end["content"]) == ("stopped", "client_stopped", "One ")
    await eventually(lambda: [task for task, _ in dify.stops] == [flow.run.task_id])
    await eventually(lambda: [line["why"] for line in logged(events, "dify.not_healed")] == ["stopped"])
    await eventually(lambda: flow.run.is_over)
    assert dify.stops[0][1] == flow.run.user


@pytest.mark.parametrize("statuses", [[503], [503, 503]])
async def test_a_stop_that_does_not_get_through_is_tried_once_more(with_dify, dify, connect, events, statuses):
    flow = Break(dify, ["One "], ["two."])
    dify.stop_statuses = statuses
    client = await connect(await with_dify())
    await ask(client)
    flow.cut.set()
    await eventually(lambda: logged(events, "dify.failed"))
    await client.say({"type": "stop", "id": "q1"})
    await eventually(lambda: len(dify.stops) == 2)


async def test_what_its_client_has_stopped_is_not_healed(with_dify, dify, connect, events):
    flow = Break(dify, ["One "], ["two."])
    dify.ignores_stops = True
    client = await connect(await with_dify())
    frames = await ask(client)
    await client.say({"type": "stop", "id": "q1"})
    assert (await rest(client, frames))["status"] == "stopped"
    await eventually(lambda: dify.stops)
    flow.cut.set()
    await eventually(lambda: logged(events, "dify.failed") or logged(events, "dify.answered"))
    assert logged(events, "dify.healed") + logged(events, "dify.not_healed") == []
    assert dify.workflows.asked_for_messages == 0


async def test_it_is_bounded_in_time(with_dify, dify, connect, events, monkeypatch):
    monkeypatch.setattr(rest_of_answer, "HEALING_SECONDS", 0.3)
    flow = Break(dify, ["One "], ["two."])
    client = await connect(await with_dify())
    frames = await ask(client)
    flow.cut.set()
    end = await rest(client, frames)
    assert (end["status"], end["content"]) == ("incomplete", "One ")
    assert [line["why"] for line in logged(events, "dify.not_healed")] == ["timeout"]
    assert dify.stops == []


# Apps without a workflow.


def cut_basic(dify, *words, cut=None):
    """A basic chat that is cut off after the words; `dify.workflows.store` stores what became of it."""
    told = []

    async def scene(stage):
        await stage.open()
        for word in words:
            await stage.event("message", answer=word)
        told.append((stage.ids, (await stage.request.json())["user"]))
        if cut is not None:
            await cut.wait()
        stage.request.transport.abort()

    dify.plays(scene, fake_dify.say("Asked again!"))
    return told


@pytest.mark.parametrize(
    ("written", "stored", "content"),
    [
        (["One "], "One two.", "One two."),
        (["One ", "two."], "One two.", "One two."),
        ([" One "], "One two.", " One two."),
        (["One two.\n"], "One two.", "One two.\n"),
        (["One "], "Two.", "Two."),
        (["\U0001f642 "], "\U0001f642 é", "\U0001f642 é"),
    ],
)
async def test_the_stored_message_of_a_basic_chat_has_the_rest(with_dify, dify, connect, written, stored, content):
    cut = asyncio.Event()
    told = cut_basic(dify, *written, cut=cut)
    client = await connect(await with_dify())
    frames = await ask(client)
    await eventually(lambda: told)
    dify.workflows.store(*told[0], "")
    cut.set()
    await eventually(lambda: dify.workflows.asked_for_messages > 1)
    dify.workflows.messages.clear()
    files = [{"type": "image", "url": "/files/1.png", "belongs_to": "assistant", "filename": "1.png"}, "odd"]
    sources = [{"document_name": "a"}]
    dify.workflows.store(*told[0], stored, message_files=files, retriever_resources=sources)
    end = await rest(client, frames)
    assert (end["status"], end["content"], end["citations"]) == ("done", content, sources)
    assert [file["name"] for file in end["files"]] == ["1.png"]
    assert (len(dify.questions), dify.stops) == (1, [])


async def test_the_stored_message_is_asked_for_again_while_dify_restarts(with_dify, dify, connect):
    cut = asyncio.Event()
    told = cut_basic(dify, "One ", cut=cut)
    client = await connect(await with_dify())
    frames = await ask(client)
    await eventually(lambda: told)
    dify.workflows.store(*told[0], "One two.")
    dify.is_down = True
    cut.set()
    await eventually(lambda: dify.turned_away > 2)
    dify.is_down = False
    assert (await rest(client, frames))["content"] == "One two."


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"answer": ""}, "timeout"),
        ({"answer": "On"}, "timeout"),
        ({"answer": None}, "timeout"),
        ({"answer": "One two.", "id": "another"}, "timeout"),
        ({"answer": "One two.", "status": "paused"}, "timeout"),
        ({"answer": "One two.", "status": "error"}, "run_failed"),
        ({"answer": "One two.", "error": "No credits."}, "run_failed"),
        ({"answer": "One two.", "conversation_id": "another"}, "conversation_not_found"),
    ],
)
async def test_what_is_not_stored_whole_is_incomplete(with_dify, dify, connect, events, monkeypatch, fields, why):
    monkeypatch.setattr(rest_of_answer, "STORED_SECONDS", 0.3)
    cut = asyncio.Event()
    told = cut_basic(dify, "One ", cut=cut)
    client = await connect(await with_dify())
    frames = await ask(client)
    await eventually(lambda: told)
    ids = told[0][0] | {"message_id": fields.get("id", told[0][0]["message_id"])}
    dify.workflows.store(ids, told[0][1], **{name: value for name, value in fields.items() if name != "id"})
    cut.set()
    end = await rest(client, frames)
    assert (end["status"], end["content"]) == ("incomplete", "One ")
    assert [line["why"] for line in logged(events, "dify.not_healed")] == [why]
    assert (len(dify.questions), dify.stops) == (1, [])


async def test_what_had_hardly_begun_is_not_healed(with_dify, dify, connect, events):
    dify.plays(fake_dify.reset_at_once())
    client = await connect(await with_dify(dify_retry_budget=0))
    assert (await client.answer("Hello"))["source"] == "mock"
    assert logged(events, "dify.not_healed") == []


async def test_an_answer_that_failed_by_itself_is_not_healed(with_dify, dify, connect, events):
    dify.plays(fake_dify.events(("message", {"answer": "One "}), ("error", {"message": "No."})))
    client = await connect(await with_dify())
    assert (await client.answer("Hello"))["status"] == "incomplete"
    assert dify.workflows.asked_for_messages == 0


async def test_a_pause_without_a_stored_message_is_one_all_the_same(with_dify, dify, connect, monkeypatch):
    monkeypatch.setattr(rest_of_answer, "STORED_SECONDS", 0.2)
    may_ask = asyncio.Event()

    async def program(run):
        run.start()
        await run.say("Draft.")
        await may_ask.wait()
        run.answer = ""  # as it is stored
        await run.ask_human(token="t0")

    flow = Break(dify, [], program=program)
    client = await connect(await with_dify())
    frames = await ask(client)
    flow.cut.set()
    await flow.taken_up()
    may_ask.set()
    end = await rest(client, frames)
    assert (end["status"], end["content"]) == ("paused", "Draft.")


@pytest.mark.parametrize(("task_id", "stops"), [("t", ["t"]), (None, [])])
async def test_a_stop_that_comes_when_it_is_over_harms_nothing(dify, task_id, stops):
    client = DifyClient(dify.url, fake_dify.KEY, 5, 5)
    broken = BrokenAnswer(Identity("dify", CONVERSATION, "m", task_id=task_id), "user", "One ", failures.LOST)
    late = Healing(Upstream(client, 5), broken, FileFinder())
    with pytest.raises(AnswerError) as failed:
        await late.stream(lambda _: None)
    await late.stop()
    await client.close()
    assert (failed.value.failure, failed.value.is_midway) == (failures.LOST, True)
    assert [task for task, _ in dify.stops] == stops
