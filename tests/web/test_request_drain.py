"""A drain and HTTP: what is under way is finished, what comes meanwhile is refused, and nothing of it is an error."""

import asyncio

import aiohttp
import pytest

from service.web import request_drain
from tests.api import HEADERS
from tests.conftest import PATIENCE_SECONDS, eventually, logged
from tests.uploads import ALL_KINDS, Sender

SPEECH = {"json": {"text": "Hello!"}, "headers": HEADERS}


class Speaker:
    """What Dify says, while it is let."""

    def __init__(self, dify):
        self.may_end = asyncio.Event()
        dify.app_api.scenes["text-to-audio"] = self._speak

    async def _speak(self, stage):
        await stage.open(content_type="audio/mpeg")
        await stage.write(b"1" * 1000)
        await self.may_end.wait()
        await stage.write(b"2" * 1000)


@pytest.fixture
async def speaker(dify):
    speaker = Speaker(dify)
    yield speaker
    speaker.may_end.set()


@pytest.fixture
async def uploading(dify):
    """Dify takes files, but reads none yet."""
    dify.parameters["file_upload"] = ALL_KINDS
    dify.app_api.may_read.clear()
    yield dify.app_api.may_read
    dify.app_api.may_read.set()


async def until_draining(service, events):
    service.server.should_exit = True
    await eventually(lambda: logged(events, "drain.started"))


async def test_a_speech_under_way_is_spoken_to_its_end(with_dify, speaker, http, events):
    service = await with_dify(drain_timeout=PATIENCE_SECONDS)
    async with http.post(f"{service.url}/api/text-to-audio", **SPEECH) as response:
        assert await response.content.readexactly(1000)
        await until_draining(service, events)
        speaker.may_end.set()
        assert await response.read() == b"2" * 1000
    await service.task
    assert logged(events, "drain.started")[0]["requests"] == 1


async def test_an_upload_under_way_is_stored(with_dify, uploading, dify, http, events):
    service = await with_dify(drain_timeout=PATIENCE_SECONDS)
    sending = asyncio.create_task(Sender(100).send(http, service))
    await eventually(lambda: dify.app_api.uploads)
    await until_draining(service, events)
    uploading.set()
    status, envelope = await sending
    assert (status, envelope["data"]["size"]) == (200, 100 * 65536)


async def test_what_comes_meanwhile_is_refused_with_the_time_to_wait(with_dify, speaker, http, events):
    service = await with_dify(drain_timeout=PATIENCE_SECONDS)
    async with http.post(f"{service.url}/api/text-to-audio", **SPEECH) as response:
        await until_draining(service, events)
        async with http.get(f"{service.url}/api/app", headers=HEADERS) as refused:
            assert (refused.status, refused.headers["Connection"]) == (503, "close")
            assert 1 <= int(refused.headers["Retry-After"]) <= 3
            envelope = await refused.json()
        assert (envelope["code"], envelope["data"]["reason"]) == (503, "restarting")
        assert 1000 <= envelope["data"]["retry_after"] <= 3000
        async with http.get(f"{service.url}/health") as health:
            assert health.status == 200
        speaker.may_end.set()
        await response.read()


async def test_an_upload_that_comes_meanwhile_hears_why(with_dify, speaker, http, events):
    """Its sender reads no reply before it has sent some more."""
    service = await with_dify(drain_timeout=PATIENCE_SECONDS)
    async with http.post(f"{service.url}/api/text-to-audio", **SPEECH) as response:
        await until_draining(service, events)
        assert (await Sender(100).send(http, service))[0] == 503
        speaker.may_end.set()
        await response.read()


async def test_an_upload_that_takes_too_long_hears_why_without_an_error(
    with_dify, uploading, dify, http, events, caplog
):
    service = await with_dify(drain_timeout=0.1)
    sending = asyncio.create_task(Sender(100).send(http, service))
    await eventually(lambda: dify.app_api.uploads)
    service.server.should_exit = True
    status, envelope = await sending
    assert (status, envelope["data"]["reason"]) == (503, "restarting")
    await service.task
    assert [event["path"] for event in logged(events, "request.cut_off")] == ["/api/files"]
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_speech_that_takes_too_long_breaks_off_so_that_its_listener_notices(
    with_dify, speaker, http, events, caplog
):
    service = await with_dify(drain_timeout=0.1)
    async with http.post(f"{service.url}/api/text-to-audio", **SPEECH) as response:
        service.server.should_exit = True
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()
    await service.task
    unexplained = [record for record in caplog.records if "without completing" not in record.getMessage()]
    assert [record for record in unexplained if record.levelname == "ERROR"] == []


async def test_a_time_out_of_the_app_itself_is_still_its_own():
    async def app(scope, receive, send):
        raise TimeoutError

    drain = request_drain.RequestDrain(app, request_drain.InFlight(), lambda: False)
    with pytest.raises(TimeoutError):
        await drain({"type": "http", "path": "/api/app"}, None, None)
