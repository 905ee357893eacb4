"""Speech to text and back, over HTTP and through the fake Dify."""

import asyncio
import io
import wave

import aiohttp
import pytest

from service.chat.client_identity import user_of
from tests import fake_dify, recordings
from tests.conftest import eventually

TOKEN = "0123456789abcdef" * 2
MESSAGE = "96fc2a13-4564-436c-a852-ede12dce3d16"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


def form(content=b"RIFF", name="speech.wav", media_type="audio/wav"):
    data = aiohttp.FormData()
    data.add_field("file", content, filename=name, content_type=media_type)
    return data


def logged(events, name):
    return [event for event in events if event["event"] == name]


async def test_speech_becomes_text(with_dify, dify, call, events):
    status, reply = await call(await with_dify(), "POST", "/api/audio-to-text", data=form(b"x" * 32044))
    assert (status, reply["data"]) == (200, {"text": "hello 你好 from fake stt, 32044 bytes"})
    (sent,) = dify.around.called("audio-to-text")
    assert sent["user"] == user_of(TOKEN)
    assert sent["file"] == {"filename": "speech.wav", "content_type": "audio/wav", "size": 32044}
    assert "hello" not in str(events)


@pytest.mark.parametrize(
    ("name", "media_type", "sent"),
    [
        ("a.wav", "audio/x-wav", "audio/wav"),
        ("a.wav", "audio/wave", "audio/wav"),
        ("a.wav", "Audio/WAV;codecs=1", "audio/wav"),
        ("a.mp3", "audio/mpeg", "audio/mp3"),
        ("a.m4a", "audio/x-m4a", "audio/m4a"),
        ("a.mp4", "audio/mp4;codecs=mp4a.40.2", "audio/m4a"),
        ("a.amr", "audio/amr", "audio/amr"),
        ("a.WAV", "application/octet-stream", "audio/wav"),
        ("a.mpga", "application/octet-stream", "audio/mp3"),
    ],
)
async def test_what_browsers_record_goes_on_under_dify_s_name_for_it(with_dify, dify, call, name, media_type, sent):
    status, _ = await call(await with_dify(), "POST", "/api/audio-to-text", data=form(b"x", name, media_type))
    assert (status, dify.around.called("audio-to-text")[0]["file"]["content_type"]) == (200, sent)


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.webm", "audio/webm;codecs=opus"),
        ("a.ogg", "audio/ogg"),
        ("a.wav", "audio/webm"),
        ("a.mp4", "audio/mp4;codecs=opus"),
        ("a.txt", "text/plain"),
        ("a.webm", "application/octet-stream"),
        ("blob", "application/octet-stream"),
    ],
)
async def test_what_dify_would_refuse_is_refused_here(with_dify, dify, call, name, media_type):
    status, reply = await call(await with_dify(), "POST", "/api/audio-to-text", data=form(b"x", name, media_type))
    assert (status, reply["code"], reply["data"]) == (415, 415, {"reason": "unsupported_audio"})
    assert "record WAV" in reply["message"]
    assert dify.around.calls == []


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
    dify.around.scenes[route] = fake_dify.replay(recording)
    body = {"data": form()} if route == "audio-to-text" else {"json": {"text": "Hello"}}
    replied, reply = await call(await with_dify(), "POST", f"/api/{route}", **body)
    assert (replied, reply["data"]) == (status, {"reason": reason})


async def test_speech_that_is_too_long_is_refused(with_dify, call, monkeypatch):
    monkeypatch.setattr("service.answers.files.MAX_SPEECH_BYTES", 1000)
    status, reply = await call(await with_dify(), "POST", "/api/audio-to-text", data=form(b"x" * 1001))
    assert (status, reply["data"]) == (413, {"reason": "too_large"})


@pytest.mark.parametrize("what", [{"text": "Hello"}, {"message_id": MESSAGE}])
async def test_text_becomes_speech(with_dify, dify, http, what):
    service = await with_dify()
    async with http.post(f"{service.url}/api/text-to-audio", json=what, headers=HEADERS) as response:
        audio = await response.read()
    assert (response.status, response.content_type) == (200, "audio/mpeg")
    assert audio == recordings.load("6x_tts_ok").body
    assert dify.around.called("text-to-audio") == [what | {"user": user_of(TOKEN)}]


async def test_the_first_sound_is_here_before_the_last_has_left_dify(with_dify, dify, http, events):
    async def slowly(stage):
        await stage.open(200, "audio/mpeg")
        await stage.write(b"first")
        await stage.dify.released.wait()
        await stage.write(b"last")

    dify.around.scenes["text-to-audio"] = slowly
    service = await with_dify()
    async with http.post(f"{service.url}/api/text-to-audio", json={"text": "Hi"}, headers=HEADERS) as response:
        assert await response.content.readany() == b"first"
        assert not logged(events, "dify.called")
        dify.released.set()
        assert await response.read() == b"last"
    await eventually(lambda: logged(events, "dify.called"))


async def break_off(stage):
    await stage.open(200, "audio/mpeg")
    await stage.write(b"first")
    stage.request.transport.abort()


async def fall_silent(stage):
    await stage.open(200, "audio/mpeg")
    await stage.write(b"first")
    await stage.dify.released.wait()


@pytest.mark.parametrize(("scene", "reason"), [(break_off, "broken_off"), (fall_silent, "stalled")])
async def test_speech_that_breaks_off_is_seen_to_be_incomplete(with_dify, dify, http, events, scene, reason):
    dify.around.scenes["text-to-audio"] = scene
    service = await with_dify(dify_idle_timeout=0.3)
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
    dify.around.scenes["text-to-audio"] = scene
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

    dify.around.scenes["text-to-audio"] = on_and_on
    service = await with_dify()
    asking = asyncio.create_task(listen_to_the_end(http, service))
    await began.wait()
    asking.cancel()
    await ended.wait()
    await eventually(lambda: logged(events, "dify.abandoned"))


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

    dify.around.scenes["text-to-audio"] = scene
    return ended


async def test_a_listener_that_does_not_listen_and_leaves_ends_it_too(with_dify, http, flood):
    service = await with_dify()
    async with http.post(f"{service.url}/api/text-to-audio", json={"text": "Hi"}, headers=HEADERS) as response:
        await response.content.readany()
    await flood.wait()


async def test_a_listener_that_stays_and_does_not_listen_is_cut_off(with_dify, http, flood, events, monkeypatch):
    monkeypatch.setattr("service.web.api.SEND_TIMEOUT_SECONDS", 0.2)
    service = await with_dify()
    async with http.post(f"{service.url}/api/text-to-audio", json={"text": "Hi"}, headers=HEADERS):
        await flood.wait()
    await eventually(lambda: logged(events, "dify.abandoned"))


async def listen_to_the_end(http, service):
    async with http.post(f"{service.url}/api/text-to-audio", json={"text": "Hi"}, headers=HEADERS) as response:
        await response.read()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "Say what to speak"),
        ({"text": " \n"}, "Say what to speak"),
        ({"text": "x" * 11}, "text is too long: 11 characters, 10 are allowed"),
        ({"text": 5}, "text: Expected `str | null`, got `int`"),
        ({"message_id": "../info"}, "message_id: Invalid UUID"),
    ],
)
async def test_a_wish_that_is_wrong_is_explained(with_dify, dify, call, body, words):
    status, reply = await call(await with_dify(max_content_length=10), "POST", "/api/text-to-audio", json=body)
    assert (status, reply["code"]) == (400, 10000)
    assert words in reply["message"]
    assert dify.around.calls == []


async def test_a_mock_speaks_a_tone_and_hears_something(start, http, call):
    service = await start()
    async with http.post(f"{service.url}/api/text-to-audio", json={"text": "Hi"}, headers=HEADERS) as response:
        assert response.content_type == "audio/wav"
        tone = await response.read()
    with wave.open(io.BytesIO(tone)) as wav:
        assert wav.getnframes() / wav.getframerate() == pytest.approx(0.4)
    _, reply = await call(service, "POST", "/api/audio-to-text", data=form(tone))
    assert reply["data"]["text"] == f"This is a mock: {len(tone)} bytes of speech."
