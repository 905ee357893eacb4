"""What a mock offers around the chat."""

import io
import wave

import pytest

from tests.api import HEADERS, MESSAGE, form, speech


async def test_in_mock_mode_the_routes_answer_too(start, call):
    service = await start(app_name="Ward 7")
    _, app = await call(service, "GET", "/api/app", token=None)
    assert (app["data"]["name"], app["data"]["source"], app["data"]["stale"]) == ("Ward 7", "mock", False)
    assert app["data"]["upload"]["kinds"] == ["image", "document", "audio", "video", "custom"]
    _, suggested = await call(service, "GET", f"/api/messages/{MESSAGE}/suggested")
    assert all(isinstance(question, str) for question in suggested["data"])
    _, rated = await call(service, "POST", f"/api/messages/{MESSAGE}/feedback", json={"rating": None})
    assert rated["data"] is None


async def test_a_mock_speaks_a_tone_and_hears_something(start, http, call):
    service = await start()
    async with http.post(f"{service.url}/api/text-to-audio", json={"text": "Hi"}, headers=HEADERS) as response:
        assert response.content_type == "audio/wav"
        tone = await response.read()
    with wave.open(io.BytesIO(tone)) as wav:
        assert wav.getnframes() / wav.getframerate() == pytest.approx(0.4)
    _, reply = await call(service, "POST", "/api/audio-to-text", data=speech(tone))
    assert reply["data"]["text"] == f"This is a mock: {len(tone)} bytes of speech."


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/text-to-audio", {"json": {"text": "/mock error quota"}}),
        (f"/api/messages/{MESSAGE}/feedback", {"json": {"rating": "like", "content": "/mock error quota"}}),
        ("/api/files", {"data": "mock-error-quota.pdf"}),
        ("/api/audio-to-text", {"data": "mock-error-quota.wav"}),
    ],
)
async def test_a_failure_around_the_chat_on_demand(start, call, path, body):
    options = {"data": speech(name=body["data"])} if "data" in body else body
    status, reply = await call(await start(), "POST", path, **options)
    assert (status, reply["code"], reply["data"]) == (503, 503, {"reason": "quota"})


async def test_a_failure_around_the_chat_that_there_is_not_is_told_with_those_that_there_are(start, call):
    status, reply = await call(await start(), "POST", "/api/files", data=speech(name="mock-error-nonsense.wav"))
    assert (status, reply["data"]) == (400, {"reason": "invalid_inputs"})
    assert reply["message"].startswith("There is no reason `nonsense`. There are: ")


async def test_the_head_of_its_file_says_how_long_that_is(start, http):
    url = f"{(await start()).url}/api/app-files/mock-sunrise.png"
    async with http.get(url) as got, http.head(url) as head:
        assert head.headers["Content-Length"] == got.headers["Content-Length"] == str(len(await got.read()))


async def test_a_mock_takes_files_of_all_kinds_and_counts_them(start, call):
    service = await start()
    for name, kind in (("a.png", "image"), ("a.zip", "custom")):
        status, reply = await call(service, "POST", "/api/files", data=form(b"12345", name, "application/zip"))
        assert (status, reply["data"]["kind"], reply["data"]["size"]) == (200, kind, 5)
    large = form(b"x" * (10 * 1024 * 1024 + 100_000), "a.png", "image/png")
    assert (await call(service, "POST", "/api/files", data=large))[0] == 413
