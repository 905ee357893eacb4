"""Mock mode: answers without a Dify, and each state of a page on demand."""

import time
from dataclasses import replace

import pytest

from service.answers import failures
from service.answers.mock.scripts import SCRIPTS
from service.web.reasons import FAILURES
from tests import fake_dify
from tests.api import form
from tests.clients import text_of

UNKNOWN = "5e0d5ba0-3c0f-4b5a-8d0a-7f6a3c1f0b11"


@pytest.fixture
async def client(start, connect):
    return await connect(await start())


@pytest.fixture
def hurry(monkeypatch):
    """Scripts with a pace of their own are played faster."""
    for name, script in SCRIPTS.items():
        monkeypatch.setitem(SCRIPTS, name, replace(script, wait=script.wait / 100, words_per_second=2_000))


async def ask(client, content):
    await client.ask(content, id="q1", stream=True)
    *deltas, end = await client.frames_until_end()
    return text_of([delta for delta in deltas if delta["type"] == "chat_delta"]), end


async def test_an_echo_says_that_it_is_a_mock_and_holds_the_question(client):
    text, end = await ask(client, "Where is\nthe garden?")
    assert text == end["content"]
    assert "mock answer" in text
    assert text.endswith("You asked: Where is\nthe garden?")
    assert (end["source"], end["status"]) == ("mock", "done")


async def test_it_has_ids_and_usage_as_dify_s_answers_have(client):
    _, first = await ask(client, "Hello")
    await client.ask("Again", conversation_id=first["conversation_id"])
    second = (await client.frames_until_end())[-1]
    assert second["conversation_id"] == first["conversation_id"]
    assert second["message_id"] != first["message_id"]
    assert second["usage"]["total_tokens"] > 0


async def test_a_sample_of_markdown(client):
    text, end = await ask(client, "/mock markdown")
    assert text == end["content"]
    assert "| Soup | 4.50 |" in text


async def test_an_answer_that_breaks_off(client):
    text, end = await ask(client, "/mock incomplete")
    assert (end["status"], end["reason"], end["source"]) == ("incomplete", "broken_off", "mock")
    assert text


async def test_an_answer_that_is_withdrawn(client):
    text, end = await ask(client, "/mock replaced")
    assert text == end["content"] == "Withdrawn."


async def test_an_answer_without_a_word(client):
    text, end = await ask(client, "/mock empty")
    assert (text, end["content"], end["status"]) == ("", "", "done")


async def test_a_slow_answer_can_be_stopped_while_it_makes_one_wait(client):
    await client.ask("/mock slow", id="q1", stream=True)
    await client.say({"type": "stop", "id": "q1"})
    assert (await client.frames_until_end())[-1]["status"] == "stopped"


async def test_the_pace_is_a_setting(start, connect):
    client = await connect(await start(mock_tokens_per_second=0.001))
    await client.ask("Hello", stream=True)
    assert (await client.frame())["content"] == "This "
    await client.say({"type": "ping", "timestamp": 1})
    assert (await client.frame())["type"] == "pong"


async def test_with_a_dify_the_commands_are_questions_like_any_other(with_dify, dify, connect):
    dify.plays(fake_dify.say("Yes?"))
    client = await connect(await with_dify())
    text, _ = await ask(client, "/mock error")
    assert text == "Yes?"


async def test_a_mock_that_stands_in_for_dify_obeys_no_command(with_dify, dify, connect):
    dify.plays(fake_dify.raw(b"", 500))
    client = await connect(await with_dify())
    text, end = await ask(client, "/mock error")
    assert (end["source"], end["reason"]) == ("mock", "server_error")
    assert text.endswith("/mock error")


async def test_made_up_words_say_so_from_their_first_frame_on_also_after_a_resume(with_dify, dify, connect):
    dify.plays(fake_dify.raw(b"", 500))
    service = await with_dify(mock_tokens_per_second=0.001)
    client = await connect(service)
    await client.ask("Hello", stream=True, id="q1")
    label = {"source": "mock", "reason": "server_error"}
    assert await client.frame() == {"type": "chat_delta", "id": "q1", "offset": 0, "content": "This "} | label
    await client.leave()
    again = await connect(service)
    await again.say({"type": "resume", "token": client.greeting["resume_token"], "id": "q1", "offset": 2})
    assert await again.frame() == {"type": "chat_delta", "id": "q1", "offset": 2, "content": "is "} | label
    await again.say({"type": "stop"})
    assert (await again.frame()).items() >= ({"status": "stopped"} | label).items()


async def test_a_mock_that_stands_in_for_nothing_gives_no_reason_and_dify_s_words_no_source(
    client, with_dify, dify, connect
):
    dify.plays(fake_dify.say("Hello."))
    real = await connect(await with_dify())
    for asked, label in [(client, {"source": "mock"}), (real, {})]:
        await asked.ask("Hello", stream=True)
        *deltas, _ = await asked.frames_until_end()
        assert deltas
        assert all({name: delta[name] for name in ("source", "reason") if name in delta} == label for delta in deltas)


async def test_steps_are_played_to_who_asks_for_them(client, hurry):
    await client.ask("/mock steps", stream=True, events=True)
    steps = [frame["event"] for frame in await client.frames_until_end() if frame["type"] == "chat_event"]
    assert (steps[0], steps[-1]) == ("workflow_started", "workflow_finished")
    assert [frame["type"] for frame in await ask_plainly(client, "/mock steps") if frame["type"] == "chat_event"] == []


async def test_citations_come_with_the_end(client):
    _, end = await ask(client, "/mock citations")
    assert [citation["document_name"] for citation in end["citations"]] == ["visiting-hours.md", "garden.pdf"]


async def test_speech_is_played_to_who_asks_for_it(client):
    await client.ask("/mock speech", stream=True, audio=True)
    *frames, end = await client.frames_until_end()
    audio = [frame for frame in frames if frame["type"] == "chat_audio"]
    assert [(frame["number"], frame["media_type"]) for frame in audio] == [(n, "audio/mpeg") for n in range(4)]
    assert [bool(frame["content"]) for frame in audio] == [True, True, True, False]
    assert (end["type"], end["content"]) == ("chat", "This answer can be heard, too.")
    assert [frame for frame in await ask_plainly(client, "/mock speech") if frame["type"] == "chat_audio"] == []


async def ask_plainly(client, content):
    await client.ask(content, stream=True)
    return await client.frames_until_end()


@pytest.mark.parametrize(("question", "reason"), [("/mock error quota", "quota"), ("/mock error", "unreachable")])
async def test_a_failure_on_demand_is_told_in_its_row_s_words(client, question, reason):
    _, end = await ask(client, question)
    (failure,) = [each for each in failures.ALL if each.reason == reason]
    assert (end["type"], end["reason"], end["code"]) == ("error", failure.reason, failure.code)
    assert end["content"] == failure.message


@pytest.mark.parametrize("reason", [*(failure.reason for failure in FAILURES), "bad_frame"])
async def test_each_reason_of_the_table_can_be_had(client, reason):
    _, end = await ask(client, f"/mock error {reason}")
    assert (end["type"], end["reason"]) == ("error", reason)
    assert ("retry_after" in end) == (reason in {"restarting", "turn_unreachable"})


async def test_a_word_that_is_no_reason_is_answered_by_those_that_are(client):
    text, _ = await ask(client, "/mock error nonsense")
    assert text.startswith("There is no reason `nonsense`. There are: name_not_found, ")
    assert "turn_unreachable" in text


def local(upload, kind="document"):
    return {"type": kind, "transfer_method": "local_file", "upload_file_id": upload}


LINK = {"type": "image", "transfer_method": "remote_url", "url": "https://example.com/a.png"}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"files": [local("abc")]}, "invalid_inputs"),
        ({"files": [local(UNKNOWN)]}, "invalid"),
        ({"files": [LINK] * 4}, "invalid_inputs"),
        ({"files": [{"transfer_method": "tool_file", "tool_file_id": UNKNOWN}]}, "invalid_inputs"),
        ({"inputs": {"scan": local("abc")}}, "invalid_inputs"),
        ({"conversation_id": "abc"}, "conversation_not_found"),
        ({"conversation_id": UNKNOWN}, "conversation_not_found"),
    ],
)
async def test_what_dify_would_refuse_is_refused(client, fields, reason):
    assert (await client.answer("Hello", **fields)).get("reason") == reason


@pytest.mark.parametrize("fields", [{"files": [LINK] * 3}, {"files": [{"a": 1}]}, {"inputs": {"unasked": 1}}])
async def test_what_dify_would_take_or_ignore_is_answered(client, fields):
    assert (await client.answer("Hello", **fields))["status"] == "done"


async def test_an_upload_and_a_conversation_are_their_user_s_only_also_after_a_restart(start, connect, call):
    service = await start()
    first, thief = await connect(service), await connect(service)
    _, reply = await call(service, "POST", "/api/files", first.greeting["resume_token"], data=form())
    conversation = (await first.answer("Hello"))["conversation_id"]
    asked = {"files": [local(reply["data"]["id"])], "conversation_id": conversation}
    assert (await first.answer("And this?", **asked))["status"] == "done"
    assert (await thief.answer("And this?", files=asked["files"]))["reason"] == "invalid"
    assert (await thief.answer("And this?", conversation_id=conversation))["reason"] == "conversation_not_found"
    again = await connect(await start())
    await again.say({"type": "resume", "token": first.greeting["resume_token"]})
    await again.frame()
    assert (await again.answer("And this?", **asked))["status"] == "done"


INPUTS = {"comment": "Fine.", "urgency": "high", "picture": LINK, "papers": []}


async def decide(client, answer, **fields):
    await client.say({"type": "form", "continuation": answer["continuation"], **fields})
    return await client.frame()


async def look(client, answer):
    token = client.greeting["resume_token"]
    await client.say({"type": "resume", "token": token, "continuation": answer["continuation"], "turn_id": "look"})
    return [frame for frame in await client.frames_until_end() if frame["type"] in {"chat", "error"}][-1]


async def test_a_form_is_decided_once_and_a_resume_tells_how_it_went_on(client, hurry):
    _, answer = await ask(client, "/mock form")
    waiting = await look(client, answer)
    assert (waiting["status"], waiting["form"]) == ("paused", answer["form"])
    end = await decide(client, waiting, action="approve", inputs=INPUTS)
    for action in ("approve", "change"):
        second = await decide(client, answer, action=action, inputs=INPUTS, turn_id=action)
        assert second["reason"] == "form_submitted"
    _, other = await ask_anew(client, "/mock form")
    assert (await decide(client, other, action="change", inputs=INPUTS))["status"] == "done"
    await client.say({"type": "resume", "token": client.greeting["resume_token"], "turn_id": "again",
                      "continuation": answer["continuation"]})  # fmt: skip
    later = (await client.frames_until_end())[-1]
    assert (later["status"], later["content"]) == ("done", end["content"])


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [({"urgency": "soon"}, "invalid"), ({"picture": "a picture"}, "invalid"), ({"papers": [LINK] * 4}, "invalid"),
     ({"picture": local("abc", "image")}, "invalid_inputs"), ({"picture": local(UNKNOWN, "image")}, "invalid")],
)  # fmt: skip
async def test_a_decision_that_does_not_fit_its_form_is_refused_and_can_be_made_anew(client, hurry, wrong, reason):
    _, answer = await ask(client, "/mock form")
    assert (await decide(client, answer, action="approve", inputs=INPUTS | wrong))["reason"] == reason
    assert (await decide(client, answer, action="approve", inputs=INPUTS))["status"] == "done"


async def test_so_many_decisions_are_remembered(client, hurry, monkeypatch):
    monkeypatch.setattr("service.answers.mock.answerer.MAX_DECISIONS", 1)
    _, first = await ask(client, "/mock form")
    await decide(client, first, action="approve", inputs=INPUTS)
    _, second = await ask_anew(client, "/mock form")
    await decide(client, second, action="approve", inputs=INPUTS)
    assert (await look(client, first))["status"] == "paused"


async def ask_anew(client, content):
    await client.ask(content, id="q2", stream=True)
    *_, end = await client.frames_until_end()
    return end["content"], end


async def test_an_answer_that_waits_for_a_person_goes_on_with_the_decision(client, hurry):
    _, answer = await ask(client, "/mock form")
    assert [field["name"] for field in answer["form"]["inputs"]] == list(INPUTS)
    assert answer["form"]["expires_at"] > time.time() * 1000
    end = await decide(client, answer, action="change", inputs=INPUTS)
    assert (end["status"], end["source"], end["message_id"]) == ("done", "mock", answer["message_id"])
    assert "**Request changes**" in end["content"]
    assert '- urgency: `"high"`' in end["content"]


async def test_a_form_of_a_mock_expires_too(client, hurry, monkeypatch):
    monkeypatch.setattr("service.answers.mock.answerer.FORM_SECONDS", -1)
    _, answer = await ask(client, "/mock form")
    assert (await decide(client, answer, action="approve", inputs=INPUTS))["reason"] == "form_expired"
    assert (await look(client, answer))["reason"] == "form_expired"


async def test_help_is_an_answer(client):
    text, end = await ask(client, "/mock help")
    assert (end["status"], "- `/mock markdown`" in text) == ("done", True)
