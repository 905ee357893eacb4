"""What is around the chat, over HTTP: the app, suggestions, feedback, and who may ask."""

import asyncio
import io
import re

import aiohttp
import pytest

from service.chat.client_identity import user_of
from tests import fake_dify
from tests.conftest import eventually
from tests.fake_around import parameters
from tests.fake_dify import KEY

TOKEN, OTHER_TOKEN = "0123456789abcdef" * 2, "fedcba9876543210" * 2
MESSAGE = "96fc2a13-4564-436c-a852-ede12dce3d16"
UNKNOWN = "11111111-2222-3333-4444-555555555555"
APP = b'{"name":"%s","mode":"chat","description":"","tags":[]}'
EVERY_ROUTE = [
    ("GET", f"/api/messages/{MESSAGE}/suggested"),
    ("POST", f"/api/messages/{MESSAGE}/feedback"),
    ("POST", "/api/audio-to-text"),
    ("POST", "/api/text-to-audio"),
    ("POST", "/api/files"),
]


def logged(events, name):
    return [event for event in events if event["event"] == name]


async def test_the_app_says_what_a_page_needs_to_know(with_dify, call):
    status, reply = await call(await with_dify(), "GET", "/api/app", token=None)
    assert (status, reply["code"], reply["message"]) == (200, 200, "Operation successful")
    assert reply["data"] == {
        "name": "Ward 7",
        "mode": "chat",
        "source": "dify",
        "opening_statement": "Hello! 你好",
        "suggested_questions": ["What is this?", "第二个问题"],
        "suggested_questions_after_answer": True,
        "speech_to_text": True,
        "text_to_speech": True,
        "speaks_by_itself": False,
        "citations": True,
        "upload": None,
        "inputs": [],
        "stale": False,
    }


async def test_an_app_with_uploads_says_what_it_takes(with_dify, dify, call):
    image = {"enabled": True, "number_limits": 5, "transfer_methods": ["local_file"]}
    dify.parameters = parameters(file_upload={"image": image}, system_parameters={"image_file_size_limit": 2})
    _, reply = await call(await with_dify(), "GET", "/api/app")
    megabyte = 1024 * 1024
    assert reply["data"]["upload"] == {
        "kinds": ["image"],
        "extensions": [],
        "max_files": 5,
        "max_bytes": {
            "image": 2 * megabyte,
            "audio": 50 * megabyte,
            "video": 100 * megabyte,
            "document": 15 * megabyte,
        },
    }


async def test_an_app_that_speaks_by_itself_says_so(with_dify, dify, call):
    dify.parameters = parameters(text_to_speech={"enabled": True, "autoPlay": "enabled"})
    _, reply = await call(await with_dify(), "GET", "/api/app")
    assert reply["data"]["speaks_by_itself"] is True


async def test_parameters_of_a_strange_shape_are_no_fault_of_ours(with_dify, dify, call):
    strange = {"file_upload": None, "speech_to_text": None, "suggested_questions": None, "user_input_form": {}}
    dify.parameters = strange | {"system_parameters": [], "text_to_speech": "on"}
    status, reply = await call(await with_dify(), "GET", "/api/app")
    assert (status, reply["data"]["upload"], reply["data"]["inputs"]) == (200, None, [])


async def test_many_callers_cost_dify_one_request(with_dify, dify, call):
    service = await with_dify()
    await eventually(lambda: dify.checks == 1)  # at start
    replies = await asyncio.gather(*(call(service, "GET", "/api/app") for _ in range(20)))
    assert {status for status, _ in replies} == {200}
    assert dify.checks == 2


async def until_app(call, service, **wanted):
    """Ask until the app is so; returns what was said on the way."""
    said = []
    async with asyncio.timeout(10):
        while not said or not wanted.items() <= said[-1].items():
            said.append((await call(service, "GET", "/api/app"))[1]["data"])
    return said


async def test_while_dify_is_down_the_app_is_what_it_was(with_dify, dify, call, monkeypatch):
    monkeypatch.setattr("service.answers.dify.app_api.FRESH_SECONDS", 0)
    service = await with_dify()
    await until_app(call, service, stale=False)
    dify.info = fake_dify.reset_at_once()
    said = await until_app(call, service, stale=True)
    assert {app["name"] for app in said} == {"Ward 7"}


async def test_a_stale_app_is_fresh_again_when_dify_is_back(with_dify, dify, call, monkeypatch):
    monkeypatch.setattr("service.answers.dify.app_api.FRESH_SECONDS", 0)
    monkeypatch.setattr("service.answers.dify.app_api.RETRY_SECONDS", 0)
    service = await with_dify()
    for dify.info, stale in ((None, False), (fake_dify.raw(b"", 502), True), (None, False)):
        await until_app(call, service, stale=stale)


async def test_what_is_known_is_said_at_once_and_renewed_meanwhile(with_dify, dify, call, monkeypatch):
    monkeypatch.setattr("service.answers.dify.app_api.FRESH_SECONDS", 0)
    dify.parameters = parameters(file_upload={"enabled": True})
    service = await with_dify()
    await call(service, "GET", "/api/app")
    dify.info = fake_dify.think_until(dify.released, fake_dify.raw(APP % b"Ward 8", 200, "application/json"))
    for _ in range(3):
        _, reply = await call(service, "GET", "/api/app")
        assert (reply["data"]["name"], reply["data"]["stale"]) == ("Ward 7", False)
    form = aiohttp.FormData({"file": io.BytesIO(b"x")})
    assert (await call(service, "POST", "/api/files", data=form))[0] == 200
    dify.released.set()
    await until_app(call, service, name="Ward 8", stale=False)


async def test_info_and_parameters_are_asked_for_side_by_side(with_dify, dify, call, events):
    service = await with_dify()
    await eventually(lambda: logged(events, "dify.ready"))
    dify.info = fake_dify.think_until(dify.released, fake_dify.raw(APP % b"Ward 7", 200, "application/json"))
    asking = asyncio.create_task(call(service, "GET", "/api/app"))
    await eventually(lambda: dify.checks == 2 and dify.told_parameters == 1)
    dify.released.set()
    assert (await asking)[0] == 200


@pytest.mark.parametrize("limit", ["x", "15MB", -1, 1e999, [5], {"a": 1}, "1.5"])
async def test_numbers_that_are_none_leave_the_defaults(with_dify, dify, call, limit):
    upload = {"enabled": True, "number_limits": limit, "allowed_file_types": limit, "allowed_file_extensions": limit}
    upload |= {"allowed_file_upload_methods": 5}
    dify.parameters = parameters(file_upload=upload, system_parameters={"file_size_limit": limit}, user_input_form=5)
    status, reply = await call(await with_dify(), "GET", "/api/app")
    assert (status, reply["data"]["upload"]["max_files"]) == (200, 3)
    assert reply["data"]["upload"]["max_bytes"]["document"] == 15 * 1024 * 1024


async def test_an_app_that_was_never_known_is_a_failure_asked_for_once(with_dify, dify, call, events):
    dify.info = fake_dify.raw(b"", 502)
    service = await with_dify()
    await eventually(lambda: logged(events, "dify.not_ready"))
    replies = await asyncio.gather(*(call(service, "GET", "/api/app") for _ in range(5)))
    assert {(status, reply["data"]["reason"]) for status, reply in replies} == {(503, "bad_gateway")}
    assert dify.checks == 2


async def test_suggestions_come_as_the_chat_s_own_user(with_dify, dify, call, connect, events):
    service = await with_dify()
    client = await connect(service)
    token = client.greeting["resume_token"]
    answer = await client.answer("Hello")
    dify.around.owners[answer["message_id"]] = dify.questions[0]["user"]
    status, reply = await call(service, "GET", f"/api/messages/{answer['message_id']}/suggested", token)
    assert (status, reply["data"]) == (200, ["What next?", "为什么\uff1f", "How much?"])
    assert dify.around.called("suggested") == [{"user": user_of(token)}]
    (line,) = logged(events, "dify.called")
    assert (line["route"], line["duration_ms"] >= 0) == ("suggested", True)


async def test_nobody_sees_what_belongs_to_another(with_dify, dify, call):
    service = await with_dify()
    dify.around.owners[MESSAGE] = user_of(TOKEN)
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


async def test_suggestions_that_are_switched_off_are_said_so(with_dify, dify, call):
    dify.around.scenes["suggested"] = fake_dify.replay("5_suggested_disabled")
    status, reply = await call(await with_dify(), "GET", f"/api/messages/{MESSAGE}/suggested")
    assert (status, reply["code"], reply["data"]) == (409, 20000, {"reason": "feature_off"})


@pytest.mark.parametrize("body", [{"rating": "like"}, {"rating": "dislike", "content": "Too long."}])
async def test_feedback_is_handed_on(with_dify, dify, call, body):
    dify.around.owners[MESSAGE] = user_of(TOKEN)
    status, reply = await call(await with_dify(), "POST", f"/api/messages/{MESSAGE}/feedback", json=body)
    assert (status, reply) == (200, {"code": 200, "message": "Operation successful", "data": None})
    assert dify.around.called("feedbacks") == [body | {"user": user_of(TOKEN)}]


async def test_feedback_may_be_taken_back_twice(with_dify, dify, call):
    dify.around.owners[MESSAGE] = user_of(TOKEN)
    service = await with_dify()
    for rating in ("like", None, None):
        path, body = f"/api/messages/{MESSAGE}/feedback", {"rating": rating}
        assert (await call(service, "POST", path, json=body))[0] == 200
    assert dify.around.ratings == {MESSAGE: None}


async def test_taking_back_what_was_never_given_is_fine(with_dify, call):
    path = f"/api/messages/{MESSAGE}/feedback"
    assert (await call(await with_dify(), "POST", path, json={"rating": None}))[0] == 200


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
        (b'{"rating": "like", "content": 5}', "content: Expected `str | null`, got `int`"),
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
    assert dify.around.calls == []


@pytest.mark.parametrize(("method", "path"), EVERY_ROUTE)
@pytest.mark.parametrize("header", [None, "Bearer", "Bearer short", f"Bearer {TOKEN.upper()}", f"Basic {TOKEN}"])
async def test_without_a_token_nothing_is_done(with_dify, dify, http, method, path, header):
    service = await with_dify()
    headers = {} if header is None else {"Authorization": header}
    async with http.request(method, f"{service.url}{path}", headers=headers) as response:
        reply = await response.json()
    assert (response.status, reply["code"], response.headers["WWW-Authenticate"]) == (401, 401, "Bearer")
    assert "resume_token" in reply["message"]
    assert dify.around.calls == []


FAILURES = [
    (502, "bad_gateway", 503, fake_dify.raw(b"", 502)),
    (500, "server_error", 502, fake_dify.raw(b"", 500)),
    (401, "unauthorized", 401, fake_dify.raw(b'{"code":"unauthorized"}', 401, "application/json")),
    (200, "not_dify", 502, fake_dify.raw(b"<html></html>", 200, "text/html")),
    (None, "lost", 503, fake_dify.reset_at_once()),
    (None, "lost", 503, fake_dify.raw(b"[1]", 200, "application/json")),
    (None, "lost", 503, fake_dify.raw(b"{", 200, "application/json")),
]


@pytest.mark.parametrize(("said", "reason", "status", "scene"), FAILURES)
async def test_what_fails_at_dify_is_said_and_logged(with_dify, dify, call, events, said, reason, status, scene):
    dify.around.scenes["suggested"] = scene
    replied, reply = await call(await with_dify(), "GET", f"/api/messages/{MESSAGE}/suggested")
    assert (replied, reply["data"]) == (status, {"reason": reason})
    (line,) = logged(events, "dify.failed")
    assert (line["log_level"], line["route"], line["reason"], line["status"]) == ("error", "suggested", reason, said)
    assert KEY not in f"{events} {reply}"


async def test_a_dify_that_does_not_reply_is_given_up(with_dify, dify, call):
    async def silent(stage):
        await stage.dify.released.wait()

    dify.around.scenes["suggested"] = silent
    status, reply = await call(await with_dify(dify_idle_timeout=0.2), "GET", f"/api/messages/{MESSAGE}/suggested")
    dify.released.set()
    assert (status, reply["data"]) == (504, {"reason": "silent"})


async def test_a_caller_that_hangs_up_is_no_longer_worked_for(with_dify, dify, call, events):
    waiting, gone = asyncio.Event(), asyncio.Event()

    async def silent(stage):
        waiting.set()
        await stage.hung_up()
        gone.set()

    dify.around.scenes["suggested"] = silent
    service = await with_dify()
    asking = asyncio.create_task(call(service, "GET", f"/api/messages/{MESSAGE}/suggested"))
    await waiting.wait()
    asking.cancel()
    await gone.wait()
    await eventually(lambda: logged(events, "dify.abandoned"))


async def test_calls_wait_in_a_line_of_their_own(with_dify, dify, call, connect):
    dify.plays(fake_dify.until_stopped("Some "))
    release = asyncio.Event()
    dify.around.scenes["suggested"] = fake_dify.think_until(release, fake_dify.replay("5_suggested_enabled"))
    service = await with_dify(dify_max_concurrency=1, dify_max_waiting=1, dify_wait_timeout=5)
    client = await connect(service)
    await client.ask("Hello", stream=True)
    await client.frame()
    asking = [asyncio.create_task(call(service, "GET", f"/api/messages/{MESSAGE}/suggested")) for _ in range(3)]
    (refused,), _ = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
    status, reply = await refused
    assert (status, reply["data"]) == (503, {"reason": "overloaded"})
    release.set()
    assert sorted(status for status, _ in await asyncio.gather(*asking)) == [200, 200, 503]
    await client.say({"type": "stop"})


async def ask_from(http, service, origin, method="GET", path="/api/app", **headers):
    async with http.request(method, f"{service.url}{path}", headers={"Origin": origin, **headers}) as response:
        return response, await response.text()


async def test_a_page_of_a_foreign_origin_gets_no_answer(start, http):
    service = await start()
    for method, path in [("GET", "/api/app"), ("OPTIONS", "/api/app"), *EVERY_ROUTE]:
        response, body = await ask_from(http, service, "https://foreign.example", method, path)
        assert (response.status, '"code":403' in body) == (403, True)
    response, _ = await ask_from(http, service, service.url)
    assert response.status == 200
    assert "Access-Control-Allow-Origin" not in response.headers


async def test_a_page_of_an_allowed_origin_may_ask_and_read(start, http):
    service = await start(allowed_origins=("https://ward.example",))
    wish = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    preflight, _ = await ask_from(http, service, "https://ward.example", "OPTIONS", "/api/files", **wish)
    assert preflight.status == 200
    for path, status in (("/api/app", 200), ("/api/nothing", 404), (EVERY_ROUTE[0][1], 401)):
        response, _ = await ask_from(http, service, "https://ward.example", path=path)
        assert response.status == status
        assert response.headers["Access-Control-Allow-Origin"] == "https://ward.example"
    foreign, _ = await ask_from(http, service, "https://foreign.example")
    assert foreign.status == 403


async def test_in_mock_mode_the_routes_answer_too(start, call):
    service = await start(app_name="Ward 7")
    _, app = await call(service, "GET", "/api/app", token=None)
    assert (app["data"]["name"], app["data"]["source"], app["data"]["stale"]) == ("Ward 7", "mock", False)
    assert app["data"]["upload"]["kinds"] == ["image", "document", "audio", "video", "custom"]
    _, suggested = await call(service, "GET", f"/api/messages/{MESSAGE}/suggested")
    assert all(isinstance(question, str) for question in suggested["data"])
    _, rated = await call(service, "POST", f"/api/messages/{MESSAGE}/feedback", json={"rating": None})
    assert rated["data"] is None
