"""How a paused run goes on, asked of the fake Dify without the rest of the service."""

import asyncio
import zlib

import pytest

from service.answers import failures
from service.answers.base import AnswerError, Identity, Replacement, Summary, Text
from service.answers.dify import stored_message
from service.answers.dify.answerer import DifyAnswerer
from service.answers.dify.client import DifyClient
from service.answers.dify.timeouts import Timeouts
from service.answers.pauses import Continuation, Pause
from tests.conftest import PATIENCE_SECONDS, eventually, logged
from tests.continuing import DRAFT, YES, kept, parts_of
from tests.fake_dify import KEY
from tests.fake_workflows import Form, asking_human, failing, saying


def identity_of(run, *, is_decided=True):
    """Who may only look does not stop."""
    before = {"length": len(DRAFT), "checksum": zlib.crc32(DRAFT.encode())}
    task_id = run.task_id if is_decided else None
    return Identity("dify", run.conversation_id, run.message_id, task_id=task_id, run_id=run.id, **before)


async def test_what_follows_a_decision_are_parts_as_of_any_answer(answerer, begin):
    run = await begin(asking_human(DRAFT, token="t0", after=("Yes.",)))
    parts = await parts_of(answerer, kept(run), YES)
    summary = Summary({"total_tokens": 3}, [])
    assert parts == [identity_of(run), identity_of(run), Text("Yes."), summary]


async def test_a_next_pause_says_what_was_written_before_it(answerer, begin):
    run = await begin(asking_human(DRAFT, token="t0"))
    (_, pause) = await parts_of(answerer, kept(run))
    assert isinstance(pause, Pause)
    assert (pause.run_id, pause.form.token) == (run.id, "t0")
    assert (pause.length, pause.checksum) == (len(DRAFT), zlib.crc32(DRAFT.encode()))


@pytest.mark.parametrize("decision", [YES, None])
async def test_the_end_of_what_nobody_heard_is_stored(answerer, begin, decision):
    """With a decision, too: its reply may have been lost, and the run over before the events were asked for."""
    run = await begin(saying(DRAFT, "Unheard."))
    await eventually(lambda: run.is_over)
    run._flows.forms["t0"] = form = continued_form(run)
    if decision is None:
        form.submitted.set_result(None)
    parts = await parts_of(answerer, kept(run), decision)
    assert parts == [identity_of(run, is_decided=decision is not None), Text("Unheard.")]


def continued_form(run):
    return Form(run, {}, "t0", 60, ())


async def ended(begin, dify, *words):
    run = await begin(saying(*words))
    await eventually(lambda: run.is_over)
    dify.workflows.forms["t0"] = continued_form(run)
    dify.workflows.forms["t0"].submitted.set_result(None)
    return run


async def test_an_answer_that_was_replaced_since_is_told_in_whole(answerer, begin, dify):
    run = await ended(begin, dify, "Withdrawn.")
    assert (await parts_of(answerer, kept(run)))[-1] == Text("Withdrawn.")


async def test_no_word_that_was_heard_is_given_up_for_a_stored_text(answerer, begin, dify):
    release = asyncio.Event()

    async def program(run):
        run.start()
        await run.say(DRAFT)
        await run.ask_human(token="t0")
        await release.wait()
        await run.say("Heard.")
        run.answer = DRAFT
        run.sum_up()
        run.finish()

    run = await begin(program)
    dify.workflows.forms["t0"].submitted.set_result(("approve", {}))
    await eventually(lambda: run.status == "running")
    asking = asyncio.create_task(parts_of(answerer, kept(run)))
    await eventually(lambda: dify.workflows.events_asked)
    release.set()
    parts = await asking
    assert Text("Heard.") in parts
    assert not any(isinstance(part, Replacement) for part in parts)


async def test_what_was_said_between_a_pause_and_the_first_word_heard_is_told_in_the_end(answerer, begin, dify):
    release = asyncio.Event()

    async def program(run):
        run.start()
        await run.say(DRAFT)
        await run.ask_human(token="t0")
        await run.say("One. ")
        await run.ask_human(token="t1")
        await run.say("Two. ")
        await release.wait()
        await run.say("Three.")
        run.sum_up()
        run.finish()

    run = await begin(program)
    for token, written in (("t0", "One. "), ("t1", "Two. ")):
        await eventually(lambda token=token: token in dify.workflows.forms)
        dify.workflows.forms[token].submitted.set_result(("approve", {}))
        await eventually(lambda written=written: run.answer.endswith(written))
    asking = asyncio.create_task(parts_of(answerer, kept(run)))
    await eventually(lambda: dify.workflows.events_asked)
    release.set()
    assert [part for part in await asking if isinstance(part, Text | Replacement)] == [
        Replacement("One. "),  # stored at the second pause
        Text("Three."),
        Replacement("One. Two. Three."),
    ]


async def test_words_that_came_before_the_events_were_told_are_had_from_the_stored_message(answerer, begin):
    """Dify's first ping comes a moment before it subscribes to the run."""

    async def program(run):
        run.start()
        await run.say(DRAFT)
        form = run._flows.forms["t0"] = Form(run, {}, "t0", 60, ())
        run.publish("workflow_paused", data={})
        await form.submitted
        run.answer += "Unheard. "
        await run.say("Heard.")
        run.sum_up()
        run.finish()

    parts = await parts_of(answerer, kept(await begin(program)), YES)
    assert [part.content for part in parts if isinstance(part, Text | Replacement)] == ["Heard.", "Unheard. Heard."]


@pytest.mark.parametrize("data", [None, {}, "x", [None], [[]]])
async def test_messages_of_an_unknown_shape_are_a_failure(answerer, begin, dify, monkeypatch, data):
    run = await ended(begin, dify, DRAFT, "Old.")
    get = answerer.client.get

    async def odd(path, query):
        return {"data": data} if path == "messages" else await get(path, query)

    monkeypatch.setattr(answerer.client, "get", odd)
    with pytest.raises(AnswerError):
        await parts_of(answerer, kept(run))


async def test_what_moderation_puts_in_its_place_is_told_as_it_is(answerer, begin):
    async def program(run):
        run.start()
        await run.say(DRAFT)
        await run.ask_human(token="t0")
        await run.say("Too much.")
        run.publish("message_replace", answer="Withdrawn.", reason="")
        run.sum_up()
        run.finish()

    run = await begin(program)
    parts = await parts_of(answerer, kept(run), YES)
    assert parts[2:4] == [Text("Too much."), Replacement("Withdrawn.")]


async def test_the_message_is_looked_for_page_by_page(answerer, begin, dify, monkeypatch):
    monkeypatch.setattr(stored_message, "MESSAGES_A_PAGE", 1)
    run = await ended(begin, dify, DRAFT, "Old.")
    for _ in range(2):
        await begin(saying("New."), run.conversation_id)
    assert (await parts_of(answerer, kept(run)))[-1] == Text("Old.")


@pytest.mark.parametrize("changes", [{"message_id": "unknown"}, {"message_id": None}, {"conversation_id": None}])
async def test_a_message_that_is_not_there_is_a_failure(answerer, begin, dify, changes):
    run = await ended(begin, dify, DRAFT, "Old.")
    with pytest.raises(AnswerError) as caught:
        await parts_of(answerer, kept(run, **changes))
    assert caught.value.failure is failures.MESSAGE_NOT_FOUND


async def test_it_is_not_looked_for_without_end(answerer, begin, dify, monkeypatch):
    monkeypatch.setattr(stored_message, "MESSAGES_A_PAGE", 1)
    monkeypatch.setattr(stored_message, "MAX_PAGES", 1)
    run = await ended(begin, dify, DRAFT, "Old.")
    await begin(saying("New."), run.conversation_id)
    with pytest.raises(AnswerError):
        await parts_of(answerer, kept(run))


async def test_a_run_that_failed_has_failed_with_its_words(answerer, begin, dify):
    run = await begin(failing(DRAFT, "So far."))
    await eventually(lambda: run.is_over)
    parts = []
    with pytest.raises(AnswerError) as caught:
        await answerer.ask(Continuation(kept(run, form_token=None), "user")).stream(parts.append)
    assert caught.value.failure is failures.FAILED
    assert parts[-1] == Text("So far.")


async def test_what_keeps_the_form_from_being_asked_for_is_a_failure(dify, begin, events, unused_tcp_port):
    run = await begin(asking_human(DRAFT, token="t0"))
    timeouts = Timeouts(PATIENCE_SECONDS, PATIENCE_SECONDS, PATIENCE_SECONDS, PATIENCE_SECONDS)
    answerer = DifyAnswerer(DifyClient(f"http://127.0.0.1:{unused_tcp_port}/v1", KEY, 1, 1), timeouts)
    with pytest.raises(AnswerError):
        await parts_of(answerer, kept(run))
    await answerer.close()
    assert [event["reason"] for event in logged(events, "dify.failed")] == ["unreachable"]


async def test_what_is_stopped_before_it_is_asked_asks_nothing(answerer, begin, dify):
    run = await ended(begin, dify, DRAFT, "Old.")
    answer = answerer.ask(Continuation(kept(run), "user"))
    await answer.stop()
    parts = []
    await answer.stream(parts.append)
    assert (parts, dify.workflows.events_asked) == ([identity_of(run, is_decided=False)], [])
