"""A person in the loop: a form is filled in by the client, and the answer goes on. Over real sockets."""

import asyncio

import aiohttp
import pytest

from service.answers.dify import run_follower
from tests import fake_dify
from tests.clients import text_of
from tests.conftest import PATIENCE_SECONDS, eventually, logged
from tests.fake_workflows import asking_human

YES = {"action": "approve", "inputs": {"comment": "good"}}


@pytest.fixture
async def service(with_dify):
    return await with_dify(dify_breaker_failures=1)


@pytest.fixture
async def client(service, connect):
    return await connect(service)


def pauses(dify, *words, token="t0", **more):
    dify.plays(fake_dify.flow(asking_human(*(words or ("Draft. ",)), token=token, **more)))


def twice(first="t0", second="t1"):
    async def program(run):
        run.start()
        await run.say("One. ")
        await run.ask_human(token=first)
        await run.say("Two. ")
        await run.ask_human(token=second)
        await run.say("Three.")
        run.sum_up()
        run.finish()

    return program


async def paused(client, **fields):
    answer = await client.answer("Please", stream=True, id="q", **fields)
    assert answer["status"] == "paused"
    return answer


async def submit(client, answer, **fields):
    """By the sealed continuation; returns all frames of what follows."""
    await client.say({"type": "form", "stream": True, **YES, "continuation": answer["continuation"], **fields})
    return await client.frames_until_end()


async def look(client, token, answer, **fields):
    await client.say({"type": "resume", "token": token, "continuation": answer["continuation"], **fields})
    return await client.frames_until_end()


def errors(events):
    return [event for event in events if event["log_level"] == "error"]


async def test_a_paused_answer_brings_its_form(client, dify):
    pauses(dify)
    answer = await paused(client)
    assert (answer["content"], answer["reason"]) == ("Draft. ", "waiting_for_human")
    form = answer["form"]
    assert form["content"] == "Please approve.\n\n{{#$output.comment#}}"
    assert form["inputs"] == [{"name": "comment", "type": "paragraph", "default": "fine"}]
    assert form["actions"][0] == {"id": "approve", "title": "Approve", "style": "primary"}
    assert form["expires_at"] == next(iter(dify.workflows.forms.values())).expires_at * 1000
    assert "t0" not in repr(answer).replace(answer["continuation"], "")


async def test_a_form_that_is_filled_in_goes_on_as_a_turn_of_its_own(client, dify, events):
    pauses(dify, after=("Approved: ", "good."))
    answer = await paused(client)
    frames = await submit(client, answer, turn_id="next")
    assert {frame["id"] for frame in frames} == {"next"}
    assert text_of(frames[:-1]) == frames[-1]["content"] == "Approved: good."
    (run,) = dify.workflows.runs
    end = frames[-1]
    assert (end["status"], end["source"], end["usage"]["total_tokens"]) == ("done", "dify", 3)
    assert (end["message_id"], end["conversation_id"]) == (run.message_id, run.conversation_id)
    assert dify.workflows.submissions == [{**YES, "user": run.user}]
    assert (dify.workflows.events_asked, dify.stops, errors(events)) == ([{"user": run.user}], [], [])
    assert (len(dify.questions), run.answer) == (1, "Draft. Approved: good.")


async def test_the_id_is_enough_while_the_paused_turn_is_kept(client, dify):
    pauses(dify)
    await paused(client)
    await client.say({"type": "form", **YES, "id": "q"})
    answer = await client.frame()
    assert (answer["type"], answer["status"], answer["content"]) == ("chat", "done", "Approved.")
    assert answer["id"] != "q"


async def test_steps_are_told_of_what_goes_on_as_of_any_answer(client, dify):
    pauses(dify)
    frames = await submit(client, await paused(client), events=True)
    steps = [frame["event"] for frame in frames if frame["type"] == "chat_event"]
    assert (steps[0], steps[-1]) == ("workflow_started", "workflow_finished")


async def test_a_second_form_pauses_again(client, dify):
    dify.plays(fake_dify.flow(twice()))
    first = await paused(client)
    second = (await submit(client, first))[-1]
    assert (second["status"], second["content"]) == ("paused", "Two. ")
    last = (await submit(client, second))[-1]
    assert (last["status"], last["content"]) == ("done", "Three.")
    assert dify.stops == []


async def test_a_form_goes_on_after_a_restart_of_the_service_that_stored_nothing(service, dify, connect):
    pauses(dify)
    client = await connect(service)
    answer, token = await paused(client), client.greeting["resume_token"]
    await client.leave()
    await service.restart(lambda: asyncio.sleep(0))
    client = await connect(service)
    await client.say({"type": "resume", "token": token})
    await client.frame()
    assert (await submit(client, answer))[-1]["content"] == "Approved."


async def test_the_same_form_under_the_same_id_is_submitted_once(service, dify, connect, http):
    release = asyncio.Event()

    async def program(run):
        await run.ask_human(token="t0")
        await run.say("First. ")
        await release.wait()
        await run.say("Second.")
        run.sum_up()
        run.finish()

    dify.plays(fake_dify.flow(program))
    client = await connect(service)
    answer, token = await paused(client), client.greeting["resume_token"]
    form = {"type": "form", "stream": True, **YES, "continuation": answer["continuation"], "turn_id": "next"}
    await client.say(form)
    assert (await client.frame())["content"] == "First. "
    await client.leave()
    again = await connect(service)
    await again.say({"type": "resume", "token": token})
    await again.frame()
    await again.say(form)
    assert (await again.frame())["content"] == "First. "
    release.set()
    assert (await again.frames_until_end())[-1]["content"] == "First. Second."
    assert len(dify.workflows.submissions) == 1


async def test_a_stop_ends_what_goes_on(client, dify):
    async def slowly(run):
        await run.say("Draft.")
        await run.ask_human(token="t0")
        await run.say(*("word " for _ in range(1000)), pause=0.01)
        run.finish()

    dify.plays(fake_dify.flow(slowly))
    answer = await paused(client)
    await client.say({"type": "form", "stream": True, **YES, "continuation": answer["continuation"], "turn_id": "n"})
    await client.frame()
    await client.say({"type": "stop", "id": "n"})
    assert (await client.frames_until_end())[-1]["status"] == "stopped"
    (run,) = dify.workflows.runs
    await eventually(lambda: dify.stops)
    assert dify.stops == [(run.task_id, run.user)]
    await eventually(lambda: run.is_over)


async def test_a_stop_before_the_form_was_submitted_leaves_it_waiting(client, dify):
    pauses(dify)
    answer = await paused(client)
    dify.workflows.may_tell_events.clear()
    form = {"type": "form", "stream": True, **YES, "continuation": answer["continuation"]}
    await client.say({**form, "turn_id": "n"})
    await eventually(lambda: dify.workflows.events_asked)
    await client.say({"type": "stop", "id": "n"})
    assert (await client.frame())["status"] == "stopped"
    dify.workflows.may_tell_events.set()
    await eventually(lambda: not dify.workflows.runs[0]._subscribers)
    assert (dify.workflows.submissions, dify.stops) == ([], [])
    await client.say({**form, "turn_id": "m"})
    assert (await client.frames_until_end())[-1]["content"] == "Approved."


async def test_a_run_that_was_decided_on_is_not_stopped_for_being_slow(with_dify, dify, connect, events):
    async def program(run):
        run.start()
        await run.ask_human(token="t0")
        await dify.released.wait()

    dify.plays(fake_dify.flow(program))
    service = await with_dify(dify_silence_timeout=1)
    client = await connect(service)
    frames = await submit(client, await paused(client))
    assert (frames[-1]["type"], frames[-1]["reason"]) == ("error", "decision_taken")
    await client.leave()
    await service.stop()
    assert (len(dify.workflows.submissions), dify.stops) == (1, [])


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_run_that_was_decided_on_goes_on_though_its_client_leaves(with_dify, dify, connect, restarts):
    release = asyncio.Event()

    async def program(run):
        run.start()
        await run.say("Draft. ")
        await run.ask_human(token="t0")
        await run.say("Done ")
        await release.wait()
        await run.say("alone.")
        run.sum_up()
        run.finish()

    dify.plays(fake_dify.flow(program))
    service = await with_dify(orphan_grace=PATIENCE_SECONDS if restarts else 0.05)
    client = await connect(service)
    answer, token = await paused(client), client.greeting["resume_token"]
    await client.say({"type": "form", "stream": True, **YES, "continuation": answer["continuation"]})
    assert (await client.frame())["content"] == "Done "
    (run,) = dify.workflows.runs
    if restarts:
        await service.restart(lambda: asyncio.sleep(0))
    await client.leave()
    await eventually(lambda: not run._subscribers)
    release.set()
    await eventually(lambda: run.is_over)
    client = await connect(service)
    assert (await look(client, token, answer))[-1]["content"] == "Done alone."
    assert (run.status, dify.stops) == ("succeeded", [])


async def two_turns(dify, client):
    """A form's turn `form`, which writes, and a look at the same run, `look`; what lets it end."""
    flow = Continued(dify, "One ")
    answer = await paused(client)
    await client.say({"type": "form", "stream": True, **YES, "continuation": answer["continuation"], "turn_id": "form"})
    await client.frame()
    await ask_to_look(client, answer)
    await eventually(lambda: len(flow.run._subscribers) == 2)
    return flow, answer


async def ask_to_look(client, answer):
    token = client.greeting["resume_token"]
    await client.say({"type": "resume", "token": token, "continuation": answer["continuation"], "turn_id": "look"})


async def ends_of(client, *turn_ids):
    ends = {}
    while set(ends) != set(turn_ids):
        end = (await client.frames_until_end())[-1]
        ends[end["id"]] = end
    return ends


async def test_a_stop_of_a_look_ends_the_look_alone(client, dify, events):
    flow, _ = await two_turns(dify, client)
    await client.say({"type": "stop", "id": "look"})
    assert (await ends_of(client, "look"))["look"]["status"] == "stopped"
    await eventually(lambda: len(flow.run._subscribers) == 1)
    flow.may_go_on.set()
    end = (await ends_of(client, "form"))["form"]
    assert (end["status"], end["content"]) == ("done", "One two.")
    assert (dify.stops, errors(events)) == ([], [])


async def test_a_stop_of_what_follows_a_form_ends_a_look_at_it_too(client, dify, events):
    flow, answer = await two_turns(dify, client)
    await client.say({"type": "stop", "id": "form"})
    ends = await ends_of(client, "form", "look")
    assert [(end["status"], end["reason"]) for end in ends.values()] == [
        ("stopped", "client_stopped"),
        ("stopped", "stopped_elsewhere"),
    ]
    assert dify.stops == [(flow.run.task_id, flow.run.user)]
    later = (await look(client, client.greeting["resume_token"], answer))[-1]
    assert (later["status"], later["reason"], later["content"]) == ("stopped", "stopped_elsewhere", "One ")
    assert errors(events) == []


async def test_a_stop_of_a_look_that_heals_ends_the_look_alone(client, dify, http, events, quick_healing):
    flow = Continued(dify, "One ")
    answer = await paused(client)
    await decide(http, dify)
    await eventually(lambda: flow.run.answer.endswith("One "))
    await ask_to_look(client, answer)
    await eventually(lambda: dify.workflows.events_asked)
    await flow.cut()
    await eventually(lambda: flow.run._subscribers)
    await client.say({"type": "stop", "id": "look"})
    assert (await client.frames_until_end())[-1]["status"] == "stopped"
    await eventually(lambda: not flow.run._subscribers)
    assert dify.stops == []
    flow.may_go_on.set()
    assert (await look(client, client.greeting["resume_token"], answer))[-1]["content"] == "One two."


# What is refused.


@pytest.mark.parametrize(
    ("changes", "words", "field"),
    [
        ({"action": "maybe"}, "action: the form has no such action; it has approve, reject.", "action"),
        ({"inputs": {}}, "inputs: the form asks for comment, too.", "comment"),
        ({"inputs": {"comments": "x"}}, "inputs: the form asks for comment, too.", "comment"),
    ],
)
async def test_what_the_form_does_not_take_is_told_with_the_field_s_name(client, dify, changes, words, field):
    pauses(dify)
    answer = await paused(client)
    (error,) = await submit(client, answer, turn_id="n", **changes)
    assert (error["type"], error["content"], error["code"]) == ("error", words, 10000)
    assert (error["reason"], error["id"], error["field"]) == ("bad_frame", "n", field)
    assert dify.workflows.submissions == []
    assert (await submit(client, answer, turn_id="n"))[-1]["content"] == "Approved."


async def test_a_second_submission_is_told_so(client, dify, events):
    pauses(dify)
    answer = await paused(client)
    await submit(client, answer)
    await eventually(lambda: dify.workflows.runs[0].is_over)
    (error,) = await submit(client, answer, turn_id="n")
    assert (error["type"], error["reason"], error["id"]) == ("error", "form_submitted", "n")
    assert (await client.answer("Again"))["source"] == "dify"  # nothing was counted
    assert (dify.stops, errors(events)) == ([], [])


async def test_an_expired_form_is_told_so(client, dify):
    pauses(dify, expires_in=-1)
    (error,) = await submit(client, await paused(client), turn_id="n")
    assert (error["reason"], error["id"]) == ("form_expired", "n")


async def test_a_form_that_dify_does_not_know_is_told_so(client, dify):
    pauses(dify)
    answer = await paused(client)
    dify.workflows.forms.clear()
    (error,) = await submit(client, answer)
    assert (error["reason"], error["code"]) == ("form_not_found", 404)


async def test_a_run_that_dify_does_not_know_is_told_so(client, dify):
    pauses(dify)
    answer = await paused(client)
    dify.workflows.runs.clear()
    (error,) = await submit(client, answer)
    assert (error["reason"], error["code"]) == ("run_not_found", 404)
    assert dify.workflows.submissions == []


async def test_a_form_by_email_is_told_so(client, dify):
    pauses(dify, token=None)
    answer = await paused(client)
    assert "form" not in answer
    (error,) = await submit(client, answer, turn_id="n")
    assert (error["reason"], error["id"]) == ("form_by_email", "n")


@pytest.mark.parametrize("spoil", [lambda text: text[:-4] + "AAAA", lambda _: "x", lambda _: ""])
async def test_a_continuation_that_is_none_is_told_so(client, dify, spoil):
    pauses(dify)
    answer = await paused(client)
    (error,) = await submit(client, answer | {"continuation": spoil(answer["continuation"])}, turn_id="n")
    assert (error["reason"], error["id"]) == ("continuation_invalid", "n")


async def test_nobody_else_can_use_a_continuation(client, service, dify, connect):
    pauses(dify)
    answer = await paused(client)
    other = await connect(service)
    (error,) = await submit(other, answer)
    assert error["reason"] == "continuation_invalid"
    await other.say({"type": "form", **YES, "id": "q"})
    assert (await other.frame())["reason"] == "not_paused"
    assert dify.workflows.submissions == []


async def test_a_dify_that_cannot_be_reached_gets_no_stand_in(start, dify, connect, with_dify, unused_tcp_port):
    pauses(dify)
    service = await with_dify()
    client = await connect(service)
    answer, token = await paused(client), client.greeting["resume_token"]
    elsewhere = await start(
        dify_api_url=f"http://127.0.0.1:{unused_tcp_port}/v1", dify_api_key=fake_dify.KEY, mock_mode=False
    )
    client = await connect(elsewhere)
    await client.say({"type": "resume", "token": token})
    await client.frame()
    for _ in range(6):
        (error,) = await submit(client, answer)
        assert (error["type"], error["reason"]) == ("error", "unreachable")


# A reply that is lost.


async def test_a_submission_whose_reply_is_lost_is_our_own(client, dify, events):
    pauses(dify)
    answer = await paused(client)
    dify.workflows.lost_replies = [None]
    assert (await submit(client, answer))[-1]["content"] == "Approved."
    assert len(dify.workflows.submissions) == 1
    assert [event["reason"] for event in logged(events, "dify.form_uncertain")] == ["lost"]


async def test_what_the_event_hides_of_the_form_is_fetched(client, dify):
    choice = {"output_variable_name": "comment", "type": "select", "option_source": {"value": ["good", "bad"]}}
    pauses(dify, inputs=[choice], hides=("inputs", "actions", "form_content"))
    answer = await paused(client)
    assert answer["form"]["inputs"] == [{"name": "comment", "type": "select", "options": ["good", "bad"]}]
    assert [action["id"] for action in answer["form"]["actions"]] == ["approve", "reject"]
    assert (await submit(client, answer))[-1]["content"] == "Approved."


# How it went on.


async def test_what_still_waits_is_paused_again_with_its_form(client, dify):
    pauses(dify)
    answer = await paused(client)
    (again,) = await look(client, client.greeting["resume_token"], answer, turn_id="n")
    assert (again["status"], again["id"], again["content"]) == ("paused", "n", "")
    assert again["form"] == answer["form"]
    assert again["message_id"] == answer["message_id"]
    assert (await submit(client, again))[-1]["content"] == "Approved."
    assert dify.stops == []


async def decide(http, dify, token="t0"):
    """As another person would, elsewhere."""
    body = {**YES, "user": "somebody"}
    headers = {"Authorization": f"Bearer {fake_dify.KEY}"}
    async with http.post(f"{dify.url}/form/human_input/{token}", json=body, headers=headers) as response:
        assert response.status == 200


@pytest.mark.parametrize("by_email", [False, True])
async def test_what_waits_for_a_form_that_has_expired_is_told_so_at_once(with_dify, dify, connect, by_email):
    pauses(dify, token=None if by_email else "t0", expires_in=-1)
    client = await connect(await with_dify(dify_first_event_timeout=PATIENCE_SECONDS * 2))
    answer = await paused(client)
    error = (await look(client, client.greeting["resume_token"], answer, turn_id="n"))[-1]
    assert (error["type"], error["reason"], error["id"]) == ("error", "form_expired", "n")
    assert dify.stops == []


@pytest.mark.parametrize(("expires_in", "reason"), [(-1, "form_expired"), (60, "form_not_found")])
async def test_what_waits_for_a_form_that_dify_has_forgotten_is_told_so(client, dify, expires_in, reason):
    pauses(dify, expires_in=expires_in)
    answer = await paused(client)
    dify.workflows.forms.clear()
    assert (await look(client, client.greeting["resume_token"], answer))[-1]["reason"] == reason


async def test_what_went_on_when_its_form_had_expired_is_told(client, dify):
    pauses(dify, expires_in=-1)
    answer = await paused(client)
    dify.workflows.forms["t0"].submitted.set_result(("", {}))  # as Dify takes the branch for a form that expired
    await eventually(lambda: dify.workflows.runs[0].is_over)
    dify.workflows.forms.clear()
    assert (await look(client, client.greeting["resume_token"], answer))[-1]["content"] == "Approved."


async def test_what_has_ended_is_told_from_the_stored_message(client, dify, http):
    pauses(dify)
    answer = await paused(client)
    await decide(http, dify)
    await eventually(lambda: dify.workflows.runs[0].is_over)
    frames = await look(client, client.greeting["resume_token"], answer, turn_id="n")
    assert text_of(frames[:-1]) == frames[-1]["content"] == "Approved."
    assert (frames[-1]["status"], frames[-1]["source"]) == ("done", "dify")
    assert frames[-1]["message_id"] == dify.workflows.runs[0].message_id


async def test_what_is_being_written_is_whole_at_its_end(client, dify, http):
    release = asyncio.Event()

    async def program(run):
        run.start()
        await run.say("Draft. ")
        await run.ask_human(token="t0")
        await run.say("Unheard. ")
        await release.wait()
        await run.say("Heard.")
        run.sum_up()
        run.finish()

    dify.plays(fake_dify.flow(program))
    answer = await paused(client)
    await decide(http, dify)
    (run,) = dify.workflows.runs
    await eventually(lambda: run.answer.endswith("Unheard. "))
    looking = asyncio.create_task(look(client, client.greeting["resume_token"], answer))
    await eventually(lambda: dify.workflows.events_asked)
    release.set()
    frames = await looking
    assert text_of(frames[:-1]) == frames[-1]["content"] == "Unheard. Heard."
    assert frames[-1]["usage"]["total_tokens"] == 3


async def test_what_waits_for_another_form_by_now_is_paused_with_that(client, dify, http):
    dify.plays(fake_dify.flow(twice()))
    answer = await paused(client)
    await decide(http, dify)
    await eventually(lambda: "t1" in dify.workflows.forms)
    frames = await look(client, client.greeting["resume_token"], answer)
    assert (frames[-1]["status"], frames[-1]["content"]) == ("paused", "Two. ")
    await decide(http, dify, "t1")
    await eventually(lambda: dify.workflows.runs[0].is_over)
    assert (await look(client, client.greeting["resume_token"], frames[-1]))[-1]["content"] == "Three."
    assert dify.stops == []


async def test_a_form_by_email_waits_until_it_was_answered_there(client, dify, http):
    pauses(dify, token=None)
    answer = await paused(client)
    token = client.greeting["resume_token"]
    (again,) = await look(client, token, answer)
    assert (again["status"], "form" in again) == ("paused", False)
    await decide(http, dify, token=next(iter(dify.workflows.forms)))
    await eventually(lambda: dify.workflows.runs[0].is_over)
    assert (await look(client, token, again))[-1]["content"] == "Approved."


async def test_what_waits_for_the_worker_after_its_form_is_waited_for(client, dify, http):
    pauses(dify)
    answer = await paused(client)
    await dify.workflows.worker.acquire()
    await decide(http, dify)
    looking = asyncio.create_task(look(client, client.greeting["resume_token"], answer))
    await eventually(lambda: len(dify.workflows.events_asked) == 2)
    dify.workflows.worker.release()
    assert (await looking)[-1]["content"] == "Approved."


# A stream that breaks off.


class Continued:
    """A run that goes on after its form with `before`, and with `after` when it may."""

    def __init__(self, dify, *before, after=("two.",)):
        self.dify = dify
        self.may_go_on = asyncio.Event()

        async def program(run):
            run.start()
            await run.say("Draft. ")
            await run.ask_human(token="t0")
            await run.say(*before)
            await self.may_go_on.wait()
            await run.say(*after)
            run.sum_up()
            run.finish()

        dify.plays(fake_dify.flow(program))

    @property
    def run(self):
        return self.dify.workflows.runs[0]

    async def cut(self):
        await eventually(lambda: self.run._subscribers and self.run.status == "running")
        subscribers = set(self.run._subscribers)
        self.dify.workflows.events_cut.set()
        await eventually(lambda: not subscribers & self.run._subscribers)


@pytest.fixture
def quick_healing(monkeypatch):
    monkeypatch.setattr(run_follower, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(run_follower, "LONGEST_PAUSE_SECONDS", 0.05)


@pytest.mark.parametrize("before", [("One ",), ()])
async def test_what_goes_on_heals_where_its_stream_breaks_off(client, dify, events, quick_healing, before):
    flow = Continued(dify, *before)
    answer = await paused(client)
    await client.say({"type": "form", "stream": True, **YES, "continuation": answer["continuation"]})
    frames = [await client.frame() for _ in before]
    await flow.cut()
    flow.may_go_on.set()
    frames += await client.frames_until_end()
    content = "".join([*before, "two."])
    assert text_of(frames[:-1]) == frames[-1]["content"] == content
    assert (frames[-1]["status"], frames[-1]["message_id"]) == ("done", flow.run.message_id)
    assert not any(frame.get("replace") for frame in frames)
    assert [line["how"] for line in logged(events, "dify.healed")] == ["continued"]
    assert (len(dify.workflows.submissions), dify.stops) == (1, [])


async def submitted_behind_others(dify, connect, service):
    """A form whose run waits for Dify's worker; its client and continuation."""
    pauses(dify)
    client = await connect(service)
    answer = await paused(client)
    await dify.workflows.worker.acquire()
    await client.say({"type": "form", "stream": True, **YES, "continuation": answer["continuation"], "turn_id": "n"})
    await eventually(lambda: dify.workflows.submissions)
    return client, answer


async def test_a_form_that_waits_for_the_worker_is_waited_for(with_dify, dify, connect, events):
    service = await with_dify(dify_first_event_timeout=1, dify_silence_timeout=1)
    client, _ = await submitted_behind_others(dify, connect, service)
    notice = await client.frame()
    assert (notice["type"], notice["id"]) == ("system", "n")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.5):  # more than either timeout
            await client.frame()
    dify.workflows.worker.release()
    assert (await client.frames_until_end())[-1]["content"] == "Approved."
    assert (dify.stops, errors(events)) == ([], [])


async def test_what_waited_too_long_for_the_worker_says_that_the_decision_was_taken(with_dify, dify, connect):
    service = await with_dify(dify_first_event_timeout=1, dify_total_timeout=2)
    client, answer = await submitted_behind_others(dify, connect, service)
    token = client.greeting["resume_token"]
    *notices, end = await client.frames_until_end()
    for again in (end, (await look(client, token, answer))[-1]):
        assert (again["type"], again["reason"]) == ("error", "decision_taken")
        assert "try again" not in again["content"]
    assert [notice["type"] for notice in notices] == ["system"]
    dify.workflows.worker.release()
    assert (await look(client, token, answer))[-1]["content"] == "Approved."
    assert (len(dify.workflows.submissions), dify.stops) == (1, [])


async def test_a_look_at_what_waits_for_the_worker_waits_too(with_dify, dify, connect, http, events):
    service = await with_dify(dify_first_event_timeout=1, dify_silence_timeout=1)
    pauses(dify)
    client = await connect(service)
    answer = await paused(client)
    await dify.workflows.worker.acquire()
    await decide(http, dify)
    token = client.greeting["resume_token"]
    await client.say({"type": "resume", "token": token, "continuation": answer["continuation"]})
    assert (await client.frame())["type"] == "system"
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.5):  # more than either timeout
            await client.frame()
    dify.workflows.worker.release()
    assert (await client.frames_until_end())[-1]["content"] == "Approved."
    assert errors(events) == []


async def test_what_waits_for_the_worker_can_be_stopped(with_dify, dify, connect):
    client, _ = await submitted_behind_others(dify, connect, await with_dify())
    await client.say({"type": "stop", "id": "n"})
    assert (await client.frames_until_end())[-1]["status"] == "stopped"
    (run,) = dify.workflows.runs
    await eventually(lambda: run.is_over)
    dify.workflows.worker.release()
    assert dify.stops == [(run.task_id, run.user)]
    assert (run.status, run.answer) == ("failed", "Draft. ")


async def test_what_is_cut_off_while_it_waits_for_the_worker_heals(client, dify, quick_healing):
    flow = Continued(dify, "One ")
    answer = await paused(client)
    await dify.workflows.worker.acquire()
    await client.say({"type": "form", "stream": True, **YES, "continuation": answer["continuation"]})
    await eventually(lambda: dify.workflows.submissions)
    dify.workflows.events_cut.set()
    await eventually(lambda: len(dify.workflows.events_asked) == 2)
    flow.may_go_on.set()
    dify.workflows.worker.release()
    assert (await client.frames_until_end())[-1]["content"] == "One two."
    assert len(dify.workflows.submissions) == 1


async def test_what_is_stored_otherwise_replaces_what_follows_the_pause(client, dify, quick_healing):
    flow = Continued(dify, "Bad ", after=("words.",))
    answer = await paused(client)
    await client.say({"type": "form", "stream": True, **YES, "continuation": answer["continuation"]})
    frames = [await client.frame()]
    await flow.cut()
    flow.run.answer = "Draft. Good "
    flow.may_go_on.set()
    frames += await client.frames_until_end()
    assert text_of(frames[:-1]) == frames[-1]["content"] == "Good words."


async def test_what_is_looked_at_heals_too(client, dify, http, quick_healing):
    flow = Continued(dify, "One ")
    answer = await paused(client)
    await decide(http, dify)
    await eventually(lambda: flow.run.answer.endswith("One "))
    looking = asyncio.create_task(look(client, client.greeting["resume_token"], answer))
    await eventually(lambda: dify.workflows.events_asked)
    await flow.cut()
    flow.may_go_on.set()
    frames = await looking
    assert text_of(frames[:-1]) == frames[-1]["content"] == "One two."
    assert (frames[-1]["status"], dify.stops) == ("done", [])


async def test_a_second_pause_that_a_broken_stream_hid_goes_on_after_all_that_was_written(client, dify, quick_healing):
    may_ask = asyncio.Event()

    async def program(run):
        run.start()
        await run.say("One. ")
        await run.ask_human(token="t0")
        await run.say("Two. ")
        await may_ask.wait()
        await run.ask_human(token="t1")
        await run.say("Three.")
        run.sum_up()
        run.finish()

    dify.plays(fake_dify.flow(program))
    first = await paused(client)
    await client.say({"type": "form", "stream": True, **YES, "continuation": first["continuation"]})
    assert (await client.frame())["content"] == "Two. "
    (run,) = dify.workflows.runs
    dify.workflows.events_cut.set()
    await eventually(lambda: len(dify.workflows.events_asked) == 2)
    may_ask.set()
    second = (await client.frames_until_end())[-1]
    assert (second["status"], second["content"]) == ("paused", "Two. ")
    await submit(client, second)
    await eventually(lambda: run.is_over)
    (again,) = (await look(client, client.greeting["resume_token"], second))[-1:]
    assert again["content"] == "Three."


# A client that knows `content` only.


async def test_who_does_not_stream_reads_the_form(client, dify):
    pauses(dify)
    answer = await client.answer("Please")
    assert answer["content"] == "Draft.\n\nPlease approve.\n\n[comment]"


async def test_who_does_not_stream_reads_that_an_answer_broke_off(client, dify):
    dify.plays(fake_dify.reset_after("Half a sen"))
    assert (await client.answer("Please"))["content"] == "Half a sen\n\n[The answer broke off here.]"
    assert (await client.answer("Please", stream=True))["content"] == "Half a sen"


# Without a Dify.


async def test_a_mock_s_form_goes_on_too(start, connect):
    service = await start()
    client = await connect(service)
    answer = await client.answer("/mock form", stream=True)
    form = answer["form"]
    assert [field["type"] for field in form["inputs"]] == ["paragraph", "select", "file", "file-list"]
    assert len(form["actions"]) == 2
    picture = {"type": "image", "transfer_method": "remote_url", "url": "https://example.com/a.png"}
    inputs = {"comment": "Fine.", "urgency": "low", "picture": picture, "papers": []}
    (waiting,) = await look(client, client.greeting["resume_token"], answer)
    assert (waiting["status"], waiting["form"]) == ("paused", form)
    end = (await submit(client, answer, action="change", inputs=inputs))[-1]
    assert (end["status"], end["source"]) == ("done", "mock")
    assert "**Request changes**" in end["content"]


# Files of a form.


@pytest.mark.parametrize(
    ("kind", "is_owner", "is_told", "outcome"),
    [
        ("file", True, True, (200, None)),
        ("file", True, False, (409, "feature_off")),
        ("file", False, True, (400, "continuation_invalid")),
        ("paragraph", True, True, (409, "feature_off")),
    ],
)
async def test_a_form_takes_files_where_the_app_takes_none(
    client, dify, call, service, kind, is_owner, is_told, outcome
):
    pauses(dify, inputs=[{"output_variable_name": "scan", "type": kind}])
    asked = await paused(client)
    file = aiohttp.FormData()
    file.add_field("file", b"%PDF", filename="scan.pdf", content_type="application/pdf")
    token = client.greeting["resume_token"] if is_owner else "f" * 32
    headers = {"Continuation": asked["continuation"]} if is_told else {}
    status, reply = await call(service, "POST", "/api/files", token, data=file, headers=headers)
    assert (status, (reply["data"] or {}).get("reason")) == outcome
