"""What may be under way when the service is told to end, and how it ends for the client and for Dify.

Each case brings itself about (`begin`), may be let go on (`release`), and says what its client got: `finished` in time,
or `cut_off`. `stops` is how often Dify is told to stop then.
"""

import asyncio
import contextlib

import aiohttp
import pytest
from aiohttp import web

from tests import fake_dify
from tests.api import HEADERS
from tests.conftest import eventually
from tests.fake_workflows import asking_human
from tests.tokens import SECRET, Provider, key_set
from tests.uploads import ALL_KINDS, CHUNK, Sender

CHUNK_BYTES = len(CHUNK)


class Case:
    settings = {}
    stops = 0
    client = None

    def __init__(self, dify, http, connect, stand_ins):
        self.dify, self.http, self.connect, self.stand_ins = dify, http, connect, stand_ins
        self.may_go_on = asyncio.Event()

    async def prepare(self):
        """Before the service starts."""

    async def begin(self, service):
        self.client = await self.connect(service)

    def release(self):
        self.may_go_on.set()

    def listen(self):
        """From now on, as a client does: who reads only when all is over finds a dead connection."""
        self.listening = self.client and asyncio.create_task(self._frames())

    async def _frames(self):
        return [message.json() async for message in self.client.socket]

    async def until_closed(self):
        """All frames; the one that tells of the restart is said once, and the close code is 1012."""
        frames = await self.listening
        (notice,) = [frame for frame in frames if frame["type"] == "system"]
        assert 1000 <= notice["retry_after"] <= 3000
        assert self.client.socket.close_code == 1012
        return [frame for frame in frames if frame["type"] in {"chat", "error"}]

    async def finished(self):
        assert [frame["status"] for frame in await self.until_closed()] == ["done"]

    async def cut_off(self):
        (frame,) = await self.until_closed()
        assert (frame["type"], frame["reason"]) == ("error", "restarting")


class Idle(Case):
    async def finished(self):
        assert await self.until_closed() == []

    cut_off = finished


class Writing(Case):
    stops = 1

    async def begin(self, service):
        self.dify.plays(fake_dify.until_stopped("Some ", "words"))
        await super().begin(service)
        await self.client.ask("Hello", stream=True)
        await self.client.frame()

    def release(self):
        self.dify.release()

    async def cut_off(self):
        (frame,) = await self.until_closed()
        assert (frame["type"], frame["status"], frame["reason"]) == ("chat", "incomplete", "restarting")


class InLine(Writing):
    """One question is answered, another waits for its slot at Dify: of which Dify knows nothing."""

    settings = {"DIFY_MAX_CONCURRENCY": "1"}

    async def begin(self, service):
        await super().begin(service)
        self.dify.plays(fake_dify.say("Hello."))
        await self.client.ask("And now?", id="q2")
        await self.client.say({"type": "ping", "timestamp": 1})
        while (await self.client.frame())["type"] != "pong":
            pass

    async def finished(self):
        assert [frame["status"] for frame in await self.until_closed()] == ["done"] * 2

    async def cut_off(self):
        frames = await self.until_closed()
        assert {(frame["type"], frame["reason"]) for frame in frames} == {
            ("chat", "restarting"), ("error", "restarting")
        }  # fmt: skip
        assert len(self.dify.questions) == 1


class BeforeFirstEvent(Case):
    """Nothing names yet what could be stopped."""

    async def begin(self, service):
        async def think(stage):
            await stage.open()
            await self.may_go_on.wait()
            await fake_dify.say("Hello.")(stage)

        self.dify.plays(think)
        await super().begin(service)
        await self.client.ask("Hello", stream=True)
        await eventually(lambda: self.dify.questions)


class RetryPause(Case):
    """Each try is turned away at once, until it may go on."""

    settings = {"DEGRADE_TO_MOCK": "False"}

    async def begin(self, service):
        async def refuse(stage):
            if self.may_go_on.is_set():
                await fake_dify.say("Hello.")(stage)
            else:
                await stage.open(502, "text/html")

        self.dify.plays(refuse)
        await super().begin(service)
        await self.client.ask("Hello", stream=True)
        await eventually(lambda: self.dify.finished)

    async def cut_off(self):
        """By the second signal all tries may have failed."""
        (frame,) = await self.until_closed()
        assert (frame["type"], frame["reason"] in {"restarting", "bad_gateway"}) == ("error", True)


class FormSubmitted(Case):
    """A person has decided: Dify is not told to stop that."""

    async def begin(self, service):
        self.dify.plays(fake_dify.flow(asking_human("Draft. ", token="t0")))
        await super().begin(service)
        paused = await self.client.answer("Hello", stream=True)
        await self.dify.workflows.worker.acquire()
        form = {"action": "approve", "inputs": {"comment": "good"}, "continuation": paused["continuation"]}
        await self.client.say({"type": "form", "stream": True, **form})
        await eventually(lambda: self.dify.workflows.submissions)

    def release(self):
        self.dify.workflows.worker.release()


class Upload(Case):
    async def prepare(self):
        self.dify.parameters["file_upload"] = ALL_KINDS

    async def begin(self, service):
        sender = _Trickle(40, self.may_go_on)
        self.sending = asyncio.create_task(sender.send(self.http, service))
        await eventually(lambda: sender.sent > CHUNK_BYTES)

    async def finished(self):
        status, envelope = await self.sending
        assert (status, envelope["data"]["size"]) == (200, 40 * CHUNK_BYTES)

    async def cut_off(self):
        status, envelope = await self.sending
        assert (status, envelope["data"]["reason"]) == (503, "restarting")


class Speech(Case):
    async def begin(self, service):
        async def speak(stage):
            await stage.open(content_type="audio/mpeg")
            await stage.write(b"1" * 1000)
            await self.may_go_on.wait()
            await stage.write(b"2" * 1000)

        self.dify.app_api.scenes["text-to-audio"] = speak
        self.response = await self.http.post(
            f"{service.url}/api/text-to-audio", json={"text": "Hello!"}, headers=HEADERS
        )
        await self.response.content.readexactly(1000)

    async def finished(self):
        assert await self.response.read() == b"2" * 1000

    async def cut_off(self):
        with pytest.raises(aiohttp.ClientPayloadError):
            await self.response.read()


class Login(Case):
    """A connection whose user has not proved yet who it is: there is nothing to wait for."""

    settings = {"AUTH_JWT_SECRET": SECRET}

    async def finished(self):
        assert await self.until_closed() == []

    cut_off = finished


class Handshake(Case):
    """The keys for its token are being fetched."""

    async def prepare(self):
        async def keys(request):
            self.is_asked.set()
            await self.may_go_on.wait()
            return web.Response(body=key_set(provider.jwk))

        provider, self.is_asked = Provider(), asyncio.Event()
        self.token = provider.token()
        app = web.Application()
        app.router.add_get("/keys", keys)
        url = str((await self.stand_ins(app)).make_url("/keys"))
        self.settings = {"AUTH_JWKS_URL": url, "AUTH_JWT_AUDIENCE": "chat"}

    async def begin(self, service):
        await self.is_asked.wait()
        headers = {"Authorization": f"Bearer {self.token}"}
        self.shaking = asyncio.create_task(self.connect(service, headers=headers))
        await asyncio.sleep(0.2)  # nothing tells when it has come so far

    async def finished(self):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await self.shaking
        assert refused.value.status == 503
        assert 1 <= int(refused.value.headers["Retry-After"]) <= 3

    cut_off = finished


class _Trickle(Sender):
    """Slow until it may go on."""

    def __init__(self, chunks, may_go_on):
        super().__init__(chunks)
        self._may_go_on = may_go_on

    async def __aiter__(self):
        async for chunk in super().__aiter__():
            yield chunk
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._may_go_on.wait(), 0.1)


CASES = (Idle, Writing, InLine, BeforeFirstEvent, RetryPause, FormSubmitted, Upload, Speech, Login, Handshake)
