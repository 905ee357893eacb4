"""What is around the chat, over HTTP: the app, suggestions, feedback, and who may ask."""

import asyncio
import re

import pytest

from service.chat.client_identity import owner_of
from tests.api import HEADERS, MESSAGE, OTHER_TOKEN, TOKEN
from tests.conftest import eventually, logged

UNKNOWN = "11111111-2222-3333-4444-555555555555"
EVERY_ROUTE = [
    ("GET", f"/api/messages/{MESSAGE}/suggested"),
    ("POST", f"/api/messages/{MESSAGE}/feedback"),
    ("POST", "/api/audio-to-text"),
    ("POST", "/api/text-to-audio"),
    ("POST", "/api/files"),
]


async def test_suggestions_come_as_the_chat_s_own_user(with_dify, dify, call, connect, events):
    service = await with_dify()
    client = await connect(service)
    token = client.greeting["resume_token"]
    answer = await client.answer("Hello")
    dify.app_api.owners[answer["message_id"]] = dify.questions[0]["user"]
    status, reply = await call(service, "GET", f"/api/messages/{answer['message_id']}/suggested", token)
    assert (status, reply["data"]) == (200, ["What next?", "为什么\uff1f", "How much?"])
    assert dify.app_api.called("suggested") == [{"user": owner_of(token).user}]
    (line,) = logged(events, "dify.called")
    assert (line["route"], line["duration_ms"] >= 0) == ("suggested", True)


async def test_nobody_sees_what_belongs_to_another(with_dify, dify, call):
    service = await with_dify()
    dify.app_api.owners[MESSAGE] = owner_of(TOKEN).user
    for token, status in ((TOKEN, 200), (OTHER_TOKEN, 404)):
        assert (await call(service, "GET", f"/api/messages/{MESSAGE}/suggested", token))[0] == status
        body = {"rating": "like"}
        assert (await call(service, "POST", f"/api/messages/{MESSAGE}/feedback", token, json=body))[0] == status


async def test_a_message_that_dify_does_not_know_is_said_so(with_dify, call, events):
    status, reply = await call(await with_dify(), "GET", f"/api/messages/{UNKNOWN}/suggested")
    assert (status, reply["data"]) == (404, {"reason": "message_not_found"})
    (line,) = logged(events, "dify.failed")
    assert (line["log_level"], line["route"], line["status"], line["code"]) == (
        "warning",
        "suggested",
        404,
        "not_found",
    )
    (said,) = logged(events, "dify.said")
    assert (said["log_level"], "Message Not Exists" in said["said"]) == ("debug", True)


@pytest.mark.parametrize("body", [{"rating": "like"}, {"rating": "dislike", "content": "Too long."}])
async def test_feedback_is_handed_on(with_dify, dify, call, body):
    dify.app_api.owners[MESSAGE] = owner_of(TOKEN).user
    status, reply = await call(await with_dify(), "POST", f"/api/messages/{MESSAGE}/feedback", json=body)
    assert (status, reply) == (200, {"code": 200, "message": "Operation successful", "data": None})
    assert dify.app_api.called("feedbacks") == [body | {"user": owner_of(TOKEN).user}]


async def test_feedback_on_an_unknown_message_is_said_so(with_dify, call):
    path = f"/api/messages/{UNKNOWN}/feedback"
    status, reply = await call(await with_dify(), "POST", path, json={"rating": "like"})
    assert (status, reply["data"]) == (404, {"reason": "message_not_found"})


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"nonsense", "not JSON"),
        (b"", "not JSON"),
        (b"[]", "Expected `object`, got `array`"),
        (b"{}", "missing required field `rating`"),
        (b'{"rating": "meh"}', "rating: Invalid enum value 'meh'"),
        (b'{"rating": "like", "content": 5}', "content: Expected `string | null`, got `number`"),
        (b'{"rating": "like", "content": "%s"}' % (b"x" * 11), "content is too long: 11 characters, 10 are allowed"),
        (b'{"rating": "like", "content": "\xff"}', "not JSON"),
        (b'{"x": %s' % (b"[" * 20000), "nested too deeply|not JSON"),
    ],
)
async def test_a_body_that_is_wrong_is_explained(start, call, body, words):
    service = await start(max_content_length=10)
    status, reply = await call(service, "POST", f"/api/messages/{MESSAGE}/feedback", data=body)
    assert (status, reply["code"]) == (400, 10000)
    assert re.search(words, reply["message"])


async def test_a_body_that_is_too_large_is_not_read_to_its_end(start, call):
    body = b'{"rating": "like", "content": "%s"}' % (b"x" * 130_000)
    status, reply = await call(await start(), "POST", f"/api/messages/{MESSAGE}/feedback", data=body)
    assert (status, reply["code"]) == (413, 413)


@pytest.mark.parametrize("message_id", ["1", "..%2F..%2Finfo", f"{MESSAGE}x", "{" + MESSAGE + "}"])
async def test_an_id_that_is_none_never_reaches_dify(with_dify, dify, call, message_id):
    status, reply = await call(await with_dify(), "GET", f"/api/messages/{message_id}/suggested")
    assert (status, reply["code"]) == (404, 404)
    assert dify.app_api.calls == []


@pytest.mark.parametrize(("method", "what"), [("GET", "suggested"), ("POST", "feedback")])
@pytest.mark.parametrize("message_id", ["xyz", f"{MESSAGE}x", "{" + MESSAGE + "}"])
async def test_an_id_that_is_none_is_unknown(start, call, method, what, message_id):
    status, reply = await call(await start(), method, f"/api/messages/{message_id}/{what}", json={"rating": "like"})
    assert (status, reply["data"]) == (404, {"reason": "message_not_found"})


@pytest.mark.parametrize(("method", "path"), EVERY_ROUTE)
@pytest.mark.parametrize("header", [None, "Bearer", "Bearer short", f"Bearer {TOKEN.upper()}", f"Basic {TOKEN}"])
async def test_without_a_token_nothing_is_done(with_dify, dify, http, method, path, header):
    service = await with_dify()
    headers = {} if header is None else {"Authorization": header}
    async with http.request(method, f"{service.url}{path}", headers=headers) as response:
        reply = await response.json()
    assert (response.status, reply["code"], response.headers["WWW-Authenticate"]) == (401, 401, "Bearer")
    assert "resume_token" in reply["message"]
    assert reply["data"] == {"reason": "token_missing"}
    assert dify.app_api.calls == []


async def test_a_caller_that_hangs_up_is_no_longer_worked_for(with_dify, dify, call, events):
    waiting, gone = asyncio.Event(), asyncio.Event()

    async def silent(stage):
        waiting.set()
        await stage.hung_up()
        gone.set()

    dify.app_api.scenes["suggested"] = silent
    service = await with_dify()
    asking = asyncio.create_task(call(service, "GET", f"/api/messages/{MESSAGE}/suggested"))
    await waiting.wait()
    asking.cancel()
    await gone.wait()
    await eventually(lambda: logged(events, "dify.abandoned"))


@pytest.mark.parametrize("is_early", [True, False])
@pytest.mark.parametrize("engine", ["auto", "dify", "browser", "off"])
async def test_the_page_is_told_whose_speech_it_may_use_and_nothing_else_is_on(with_dify, call, engine, is_early):
    service = await with_dify(speech=engine, speech_speculative=is_early)
    _, reply = await call(service, "GET", "/api/app")
    app, uses_dify = reply["data"], engine in {"auto", "dify"}
    assert app["speech"] == {"engine": engine, "speculative": is_early}
    assert (app["speech_to_text"], app["text_to_speech"]) == (uses_dify, uses_dify)


@pytest.mark.parametrize("engine", ["browser", "off"])
@pytest.mark.parametrize(
    ("path", "options"), [("audio-to-text", {"data": b"RIFF"}), ("text-to-audio", {"json": {"text": "Hi"}})]
)
async def test_speech_that_is_switched_off_is_refused_before_dify_is_asked(
    with_dify, dify, call, engine, path, options
):
    service = await with_dify(speech=engine)
    status, reply = await call(service, "POST", f"/api/{path}", **options)
    assert (status, reply["code"], reply["data"]) == (403, 403, {"reason": "speech_off"})
    assert reply["message"] == "Speech is switched off here."
    assert (await call(service, "POST", f"/api/{path}", token=None, **options))[0] == 401
    assert dify.app_api.calls == []


@pytest.fixture
def flood(dify):
    """Dify speaks without end; set when it was broken off."""
    ended = asyncio.Event()

    async def scene(stage):
        await stage.open(200, "audio/mpeg")
        try:
            while True:
                await stage.write(b"x" * 65536)
        finally:
            ended.set()

    dify.app_api.scenes["text-to-audio"] = scene
    return ended


async def test_a_listener_that_does_not_listen_and_leaves_ends_it_too(with_dify, http, flood):
    service = await with_dify()
    async with http.post(f"{service.url}/api/text-to-audio", json={"text": "Hi"}, headers=HEADERS) as response:
        await response.content.readany()
    await flood.wait()


async def test_a_listener_that_stays_and_does_not_listen_is_cut_off(with_dify, http, flood, events, monkeypatch):
    monkeypatch.setattr("service.web.streamed_reply.SEND_TIMEOUT_SECONDS", 0.2)
    service = await with_dify()
    async with http.post(f"{service.url}/api/text-to-audio", json={"text": "Hi"}, headers=HEADERS):
        await flood.wait()
    await eventually(lambda: logged(events, "dify.abandoned"))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "Say what to speak"),
        ({"text": " \n"}, "Say what to speak"),
        ({"text": "x" * 11}, "text is too long: 11 characters, 10 are allowed"),
        ({"text": 5}, "text: Expected `string | null`, got `number`"),
        ({"message_id": "../info"}, "message_id: Invalid UUID"),
    ],
)
async def test_a_wish_that_is_wrong_is_explained(with_dify, dify, call, body, words):
    status, reply = await call(await with_dify(max_content_length=10), "POST", "/api/text-to-audio", json=body)
    assert (status, reply["code"]) == (400, 10000)
    assert words in reply["message"]
    assert dify.app_api.calls == []
