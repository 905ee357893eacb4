"""Speech to text and back, over HTTP and through the fake Dify."""

import asyncio
import io

import aiohttp
import pytest

from service.chat.client_identity import owner_of
from tests import fake_dify, recordings
from tests.api import HEADERS, MESSAGE, TOKEN, speech
from tests.conftest import eventually, logged
from tests.fake_app_api import parameters
from tests.fake_dify import KEY


async def test_speech_becomes_text(with_dify, dify, call, events):
    status, reply = await call(await with_dify(), "POST", "/api/audio-to-text", data=speech(b"x" * 32044))
    assert (status, reply["data"]) == (200, {"text": "hello 你好 from fake stt, 32044 bytes"})
    (sent,) = dify.app_api.called("audio-to-text")
    assert sent["user"] == owner_of(TOKEN).user
    assert sent["file"] == {"filename": "speech.wav", "content_type": "audio/wav", "size": 32044}
    assert "hello" not in str(events)


async def test_speech_goes_on_under_dify_s_name_for_its_type(with_dify, dify, call):
    body = speech(b"x", "a.m4a", "audio/x-m4a")
    status, _ = await call(await with_dify(), "POST", "/api/audio-to-text", data=body)
    assert (status, dify.app_api.called("audio-to-text")[0]["file"]["content_type"]) == (200, "audio/m4a")


async def test_speech_that_dify_would_refuse_is_refused_here(with_dify, dify, call):
    body = speech(b"x", "a.webm", "audio/webm;codecs=opus")
    status, reply = await call(await with_dify(), "POST", "/api/audio-to-text", data=body)
    assert (status, reply["code"], reply["data"]) == (415, 415, {"reason": "unsupported_audio"})
    assert "record WAV" in reply["message"]
    assert dify.app_api.calls == []


@pytest.mark.parametrize(
    ("route", "recording", "status", "reason"),
    [
        ("audio-to-text", "6_stt_chat-basic", 409, "feature_off"),
        ("audio-to-text", "6_stt_chat-speech-on", 502, "misconfigured"),
        ("audio-to-text", "6x_stt_type_webm", 415, "unsupported_audio"),
        ("text-to-audio", "6_tts_chat-basic", 409, "feature_off"),
        ("text-to-audio", "6_tts_chat-speech-on", 502, "misconfigured"),
    ],
)
async def test_what_dify_says_against_speech_is_told(with_dify, dify, call, route, recording, status, reason):
    dify.app_api.scenes[route] = fake_dify.replay(recording)
    body = {"data": speech()} if route == "audio-to-text" else {"json": {"text": "Hello"}}
    replied, reply = await call(await with_dify(), "POST", f"/api/{route}", **body)
    assert (replied, reply["data"]) == (status, {"reason": reason})


async def test_speech_that_is_too_long_is_refused(with_dify, call, monkeypatch):
    monkeypatch.setattr("service.answers.recordings.MAX_BYTES", 1000)
    status, reply = await call(await with_dify(), "POST", "/api/audio-to-text", data=speech(b"x" * 1001))
    assert (status, reply["data"]) == (413, {"reason": "too_large"})


@pytest.mark.parametrize("what", [{"text": "Hello"}, {"message_id": MESSAGE}])
async def test_text_becomes_speech(with_dify, dify, http, what):
    service = await with_dify()
    async with http.post(f"{service.url}/api/text-to-audio", json=what, headers=HEADERS) as response:
        audio = await response.read()
    assert (response.status, response.content_type) == (200, "audio/mpeg")
    assert audio == recordings.load("6x_tts_ok").body
    assert dify.app_api.called("text-to-audio") == [what | {"user": owner_of(TOKEN).user}]


async def test_the_first_sound_is_here_before_the_last_has_left_dify(with_dify, dify, http, events):
    async def slowly(stage):
        await stage.open(200, "audio/mpeg")
        await stage.write(b"first")
        await stage.dify.released.wait()
        await stage.write(b"last")

    dify.app_api.scenes["text-to-audio"] = slowly
    service = await with_dify()
    async with http.post(f"{service.url}/api/text-to-audio", json={"text": "Hi"}, headers=HEADERS) as response:
        assert await response.content.readany() == b"first"
        assert not logged(events, "dify.called")
        dify.released.set()
        assert await response.read() == b"last"
    await eventually(lambda: logged(events, "dify.called"))


async def test_who_listens_at_a_trickle_keeps_nobody_from_a_place(with_dify, dify, http):
    """Dify has one place for calls, and sends more than the sockets in between hold."""

    async def long_speech(stage):
        await stage.open(200, "audio/mpeg")
        for _ in range(48):
            await stage.write(b"x" * 65536)

    dify.app_api.scenes["text-to-audio"] = long_speech
    service = await with_dify(dify_max_concurrency=1, dify_wait_timeout=5)
    slow = await http.post(f"{service.url}/api/text-to-audio", json={"text": "Hi"}, headers=HEADERS)
    assert await slow.content.read(10) == b"x" * 10
    async with http.post(f"{service.url}/api/text-to-audio", json={"text": "Hi"}, headers=HEADERS) as quick:
        assert len(await quick.read()) == 48 * 65536
    slow.close()


async def test_who_listens_at_a_trickle_is_cut_off_in_the_end(with_dify, dify, http, monkeypatch):
    monkeypatch.setattr("service.answers.dify.app_api.SLOW_AFTER_SECONDS", 0.1)
    monkeypatch.setattr("service.answers.dify.app_api.SLOW_BYTES_PER_SECOND", 1e12)

    async def long_speech(stage):
        await stage.open(200, "audio/mpeg")
        for _ in range(200):
            await stage.write(b"x" * 65536)

    dify.app_api.scenes["text-to-audio"] = long_speech
    service = await with_dify()
    async with http.post(f"{service.url}/api/text-to-audio", json={"text": "Hi"}, headers=HEADERS) as response:
        assert await response.content.read(10)
        await asyncio.sleep(0.3)
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


async def break_off(stage):
    await stage.open(200, "audio/mpeg")
    await stage.write(b"first")
    stage.request.transport.abort()


async def fall_silent(stage):
    await stage.open(200, "audio/mpeg")
    await stage.write(b"first")
    await stage.dify.released.wait()


@pytest.mark.parametrize(
    ("scene", "reason", "idle_timeout"), [(break_off, "broken_off", 10), (fall_silent, "stalled", 0.3)]
)
async def test_speech_that_breaks_off_is_seen_to_be_incomplete(
    with_dify, dify, http, events, scene, reason, idle_timeout
):
    dify.app_api.scenes["text-to-audio"] = scene
    service = await with_dify(dify_idle_timeout=idle_timeout)
    async with http.post(f"{service.url}/api/text-to-audio", json={"text": "Hi"}, headers=HEADERS) as response:
        assert response.status == 200
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()
    dify.released.set()
    assert [line["reason"] for line in logged(events, "dify.failed")] == [reason]


@pytest.mark.parametrize(
    ("scene", "reason"),
    [
        (fake_dify.raw(b"", 200, "audio/mpeg"), "broken_off"),
        (fake_dify.raw(b"<html></html>", 200, "text/html"), "not_dify"),
        (fake_dify.reset_at_once(), "lost"),
    ],
)
async def test_speech_that_fails_before_its_first_sound_is_a_failure_in_words(with_dify, dify, call, scene, reason):
    dify.app_api.scenes["text-to-audio"] = scene
    status, reply = await call(await with_dify(), "POST", "/api/text-to-audio", json={"text": "Hi"})
    assert (status >= 500, reply["data"]) == (True, {"reason": reason})


@pytest.mark.parametrize("begins", [False, True])
async def test_a_listener_that_leaves_ends_dify_s_request(with_dify, dify, http, events, begins):
    began, ended = asyncio.Event(), asyncio.Event()

    async def on_and_on(stage):
        await stage.open(200, "audio/mpeg")
        if begins:
            await stage.write(b"first")
        began.set()
        await stage.hung_up()
        ended.set()

    dify.app_api.scenes["text-to-audio"] = on_and_on
    service = await with_dify()
    asking = asyncio.create_task(listen_to_the_end(http, service))
    await began.wait()
    asking.cancel()
    await ended.wait()
    await eventually(lambda: logged(events, "dify.abandoned"))


async def listen_to_the_end(http, service):
    async with http.post(f"{service.url}/api/text-to-audio", json={"text": "Hi"}, headers=HEADERS) as response:
        await response.read()


APP = b'{"name":"%s","mode":"chat","description":"","tags":[]}'


async def test_the_app_says_what_a_page_needs_to_know(with_dify, call):
    status, reply = await call(await with_dify(), "GET", "/api/app", token=None)
    assert (status, reply["code"], reply["message"]) == (200, 200, "Operation successful")
    assert reply["data"] == {
        "name": "Ward 7",
        "mode": "chat",
        "source": "dify",
        "icon": None,
        "opening_statement": "Hello! 你好",
        "opening_statement_zh": "",
        "suggested_questions": ["What is this?", "第二个问题"],
        "suggested_questions_after_answer": True,
        "speech_to_text": True,
        "text_to_speech": True,
        "speaks_by_itself": False,
        "citations": True,
        "upload": None,
        "inputs": [],
        "stale": False,
        "speech": {"engine": "auto", "speculative": True},
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
    replies = await asyncio.gather(*(call(service, "GET", "/api/app") for _ in range(20)))
    assert {status for status, _ in replies} == {200}
    assert (dify.checks, dify.told_parameters) == (1, 1)  # at start, or then


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
    dify.info = fake_dify.think_until(dify.released, fake_dify.raw(APP % b"Ward 7", 200, "application/json"))
    service = await with_dify()
    asking = asyncio.create_task(call(service, "GET", "/api/app"))
    await eventually(lambda: dify.checks == 1 and dify.told_parameters == 1)
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
    assert dify.checks == 2  # and once more


async def test_feedback_may_be_taken_back_twice(with_dify, dify, call):
    dify.app_api.owners[MESSAGE] = owner_of(TOKEN).user
    service = await with_dify()
    for rating in ("like", None, None):
        path, body = f"/api/messages/{MESSAGE}/feedback", {"rating": rating}
        assert (await call(service, "POST", path, json=body))[0] == 200
    assert dify.app_api.ratings == {MESSAGE: None}


async def test_taking_back_what_was_never_given_is_fine(with_dify, call):
    path = f"/api/messages/{MESSAGE}/feedback"
    assert (await call(await with_dify(), "POST", path, json={"rating": None}))[0] == 200


async def test_suggestions_that_are_switched_off_are_said_so(with_dify, dify, call):
    dify.app_api.scenes["suggested"] = fake_dify.replay("5_suggested_disabled")
    status, reply = await call(await with_dify(), "GET", f"/api/messages/{MESSAGE}/suggested")
    assert (status, reply["code"], reply["data"]) == (409, 20000, {"reason": "feature_off"})


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
    dify.app_api.scenes["suggested"] = scene
    replied, reply = await call(await with_dify(), "GET", f"/api/messages/{MESSAGE}/suggested")
    assert (replied, reply["data"]) == (status, {"reason": reason})
    (line,) = logged(events, "dify.failed")
    level = (
        "warning" if reason in ("server_error", "lost", "bad_gateway") else "error"
    )  # which a question of anybody's may cause
    assert (line["log_level"], line["route"], line["reason"], line["status"]) == (level, "suggested", reason, said)
    assert KEY not in f"{events} {reply}"


async def test_a_dify_that_does_not_reply_is_given_up(with_dify, dify, call):
    async def silent(stage):
        await stage.dify.released.wait()

    dify.app_api.scenes["suggested"] = silent
    status, reply = await call(await with_dify(dify_idle_timeout=0.2), "GET", f"/api/messages/{MESSAGE}/suggested")
    dify.released.set()
    assert (status, reply["data"]) == (504, {"reason": "silent"})


async def test_calls_wait_in_a_line_of_their_own(with_dify, dify, call, connect):
    dify.plays(fake_dify.until_stopped("Some "))
    release = asyncio.Event()
    dify.app_api.scenes["suggested"] = fake_dify.think_until(release, fake_dify.replay("5_suggested_enabled"))
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
