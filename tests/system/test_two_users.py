"""Two users who proved who they are: what is one's is nobody else's, also with the other's resume token."""

import asyncio

import pytest

from tests import fake_dify
from tests.api import form
from tests.conftest import eventually
from tests.fake_workflows import asking_human
from tests.tokens import SECRET, bearer


@pytest.fixture
async def service(with_dify):
    return await with_dify(auth_jwt_secret=SECRET)


@pytest.fixture
async def ana(service, connect):
    return await connect(service, headers=bearer("ana"))


@pytest.fixture
async def thief(service, connect, ana):
    """Another user, who knows Ana's resume token and goes on with it."""
    ben = await connect(service, headers=bearer("ben"))
    await ben.say({"type": "resume", "token": ana.greeting["resume_token"]})
    assert (await ben.frame())["content"] == "Welcome back"
    return ben


async def test_dify_learns_who_asks(ana, dify):
    await ana.answer("Hello")
    assert dify.questions[0]["user"] == "ana"


async def test_claims_set_inputs_that_a_client_cannot_override(service, connect, dify):
    claims = {"inputs": {"ward": "7", "role": "nurse"}}
    client = await connect(service, headers=bearer("ana", dify_live=claims))
    await client.answer("Hello", inputs={"ward": "8", "topic": "beds"})
    await client.answer("Hello again")
    assert [each["inputs"] for each in dify.questions] == [
        {"ward": "7", "role": "nurse", "topic": "beds"},
        {"ward": "7", "role": "nurse"},
    ]


async def test_the_same_user_comes_back_with_both(service, connect, ana, dify):
    dify.plays(fake_dify.until_stopped("One ", "two"))
    await ana.ask("Count", id="q1", stream=True)
    await ana.frame()
    back = await connect(service, headers=bearer("ana", jti="another token"))
    await back.say({"type": "resume", "token": ana.greeting["resume_token"], "id": "q1"})
    assert (await back.frame())["content"].startswith("One")
    await back.say({"type": "stop", "id": "q1"})
    assert (await back.frames_until_end())[-1]["status"] == "stopped"


async def test_a_running_turn_is_neither_read_nor_joined_nor_stopped(ana, thief, dify):
    dify.plays(fake_dify.until_stopped("Ana's ", "secret"), fake_dify.say("Ben's own"))
    await ana.ask("My secret?", id="q1", stream=True)
    await ana.frame()
    await thief.say({"type": "resume", "token": ana.greeting["resume_token"], "id": "q1"})
    assert (await thief.frame())["reason"] == "unknown_turn"
    for stop in ({"type": "stop"}, {"type": "stop", "id": "q1"}):
        await thief.say(stop)
    answer = await thief.answer("My secret?", id="q1")
    assert answer["content"] == "Ben's own"
    assert [each["user"] for each in dify.questions] == ["ana", "ben"]
    assert dify.stops == []
    await ana.say({"type": "stop"})
    assert (await ana.frames_until_end())[-1]["status"] == "stopped"


async def test_an_ended_answer_is_not_handed_out(ana, thief):
    await ana.answer("Hello", id="q1")
    await thief.say({"type": "resume", "token": ana.greeting["resume_token"], "id": "q1"})
    assert (await thief.frame())["reason"] == "unknown_turn"


async def test_a_pause_is_gone_on_with_by_its_user_only(ana, thief, dify, call, service):
    dify.plays(fake_dify.flow(asking_human("Draft. ", token="t0")))
    paused = await ana.answer("Please", stream=True, id="q1")
    assert paused["status"] == "paused"
    decision = {"type": "form", "action": "approve", "inputs": {"comment": "good"}}
    await thief.say({**decision, "continuation": paused["continuation"]})
    assert (await thief.frame())["reason"] == "continuation_invalid"
    await thief.say({**decision, "id": "q1"})
    assert (await thief.frame())["reason"] == "not_paused"
    token = ana.greeting["resume_token"]
    await thief.say({"type": "resume", "token": token, "continuation": paused["continuation"]})
    assert (await thief.frame())["reason"] == "continuation_invalid"
    headers = {"Continuation": paused["continuation"]}
    status, reply = await call(service, "POST", "/api/files", None, headers=headers | bearer("ben"), data=form())
    assert (status, reply["data"]["reason"]) == (400, "continuation_invalid")
    await ana.say({**decision, "continuation": paused["continuation"], "stream": True})
    assert (await ana.frames_until_end())[-1]["status"] == "done"


async def test_messages_are_their_user_s(ana, call, service):
    message = (await ana.answer("Hello"))["message_id"]
    calls = [
        ("GET", f"/api/messages/{message}/suggested", {}),
        ("POST", f"/api/messages/{message}/feedback", {"json": {"rating": "like"}}),
    ]
    for method, path, options in calls:
        assert (await call(service, method, path, None, headers=bearer("ben"), **options))[0] == 404
        assert (await call(service, method, path, None, headers=bearer("ana"), **options))[0] == 200
        status, _ = await call(service, method, path, ana.greeting["resume_token"], **options)
        assert status == 401


async def test_speech_and_conversations_are_asked_for_as_their_user(ana, thief, dify, http, service):
    message = (await ana.answer("Hello"))["message_id"]
    conversation = "0a1b2c3d-0000-4000-8000-000000000000"
    await thief.answer("And now?", conversation_id=conversation)
    async with http.post(f"{service.url}/api/text-to-audio", json={"message_id": message}, headers=bearer("ben")):
        pass
    assert (dify.questions[-1]["user"], dify.questions[-1]["conversation_id"]) == ("ben", conversation)
    assert dify.app_api.called("text-to-audio")[0]["user"] == "ben"


async def test_a_queue_of_one_user_is_not_seen_by_the_other(service, connect, ana, dify):
    """Eight answers at once are each one's own, and so is `stop`."""
    dify.plays(*[fake_dify.until_stopped("…")] * 2)
    ben = await connect(service, headers=bearer("ben"))
    await asyncio.gather(ana.ask("One", id="q1", stream=True), ben.ask("Two", id="q1", stream=True))
    await eventually(lambda: len(dify.questions) == 2)
    await ben.say({"type": "stop", "id": "q1"})
    assert (await ben.frames_until_end())[-1]["status"] == "stopped"
    await eventually(lambda: [user for _, user in dify.stops] == ["ben"])
    await ana.say({"type": "stop"})
    assert (await ana.frames_until_end())[-1]["status"] == "stopped"
