"""Which requests around the chat are tried once more."""

import asyncio
import socket

import aiohttp
import pytest
from aiohttp import web

from service.answers.base import AnswerError
from service.answers.dify import request_retry
from service.answers.dify.client import DifyClient
from service.answers.dify.http_errors import ProxyRefused, UnexpectedResponse, UnreadableReply
from service.answers.dify.request_retry import may_repeat
from service.answers.uploads import File
from tests.conftest import PATIENCE_SECONDS, eventually, logged
from tests.fake_dify import KEY


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(request_retry, "PAUSE_SECONDS", 0.01)


@pytest.fixture
async def server(aiohttp_server):
    """Replies with what is left of `replies`, then well; `bodies` are what it was sent."""

    class Server:
        replies, bodies = [], []

    async def answer(request):
        server.bodies.append(await request.read())
        reply = server.replies.pop(0) if server.replies else 200
        if reply == "hang up":
            request.transport.abort()
        return web.json_response({"a": 1}, status=200 if reply == "hang up" else reply)

    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    server.url = str((await aiohttp_server(app)).make_url("/v1"))
    return server


@pytest.fixture
async def client(server):
    client = DifyClient(server.url, KEY, PATIENCE_SECONDS, PATIENCE_SECONDS)
    yield client
    await client.close()


@pytest.mark.parametrize("reply", [429, 502, 503, 504, "hang up"])
async def test_what_changes_nothing_is_asked_once_more(client, server, quick, reply):
    server.replies = [reply]
    assert (await client.get("messages", {}))["a"] == 1
    assert len(server.bodies) == 2


@pytest.mark.parametrize("reply", [502, "hang up"])
async def test_and_only_once(client, server, quick, reply):
    server.replies = [reply] * 9
    with pytest.raises(AnswerError):
        await client.get_app("info")
    assert len(server.bodies) == 2


@pytest.mark.parametrize("reply", [400, 401, 404, 500])
async def test_what_will_not_pass_is_not_asked_again(client, server, quick, reply):
    server.replies = [reply]
    with pytest.raises(AnswerError):
        await client.get("messages", {})
    assert len(server.bodies) == 1


@pytest.mark.parametrize("reply", [429, 502, "hang up"])
async def test_what_may_have_arrived_is_not_sent_again(client, server, quick, reply):
    server.replies = [reply]
    with pytest.raises(AnswerError):
        await client.post("messages/1/feedbacks", {})
    assert len(server.bodies) == 1


async def test_what_took_long_is_not_asked_again(client, server, quick, monkeypatch):
    monkeypatch.setattr(request_retry, "MAX_FIRST_SECONDS", 0)
    server.replies = [502]
    with pytest.raises(AnswerError):
        await client.get("messages", {})
    assert len(server.bodies) == 1


async def test_what_never_left_is_sent_once_more(unused_tcp_port, aiohttp_server, monkeypatch, events):
    """An upload to a Dify that listens only when the first try has failed."""
    monkeypatch.setattr(request_retry, "PAUSE_SECONDS", 3)
    client, sent = DifyClient(f"http://127.0.0.1:{unused_tcp_port}/v1", KEY, 5, 5), []

    async def answer(request):
        sent.append(await request.read())
        return web.json_response({"id": "1"})

    app = web.Application()
    app.router.add_post("/v1/files/upload", answer)

    async def content():
        yield b"the content"

    uploading = asyncio.create_task(client.upload("files/upload", "ann", File("a.txt", "text/plain", content())))
    await eventually(lambda: logged(events, "dify.retried"))
    await aiohttp_server(app, port=unused_tcp_port)
    assert (await uploading)["id"] == "1"
    assert b"the content" in sent[0]
    await client.close()


KEY_OF_CONNECTION = aiohttp.client_reqrep.ConnectionKey("dify", 443, True, True, None, None, None)


@pytest.mark.parametrize(
    ("error", "get", "post"),
    [
        (aiohttp.ClientConnectorError(KEY_OF_CONNECTION, OSError(111, "refused")), True, True),
        (aiohttp.ClientConnectorDNSError(KEY_OF_CONNECTION, socket.gaierror(-2, "no name")), True, True),
        (aiohttp.ClientConnectorCertificateError(KEY_OF_CONNECTION, Exception("bad")), False, False),
        (aiohttp.ConnectionTimeoutError(), True, True),
        (ProxyRefused("the proxy replied 502"), True, False),
        (aiohttp.ServerDisconnectedError(), False, False),  # aiohttp itself did, where that is safe
        (TimeoutError(), False, False),
        (UnreadableReply("nonsense"), False, False),
        (UnexpectedResponse(503, b""), True, False),
    ],
)
def test_what_is_repeated_is_safe_and_may_pass(error, get, post):
    assert (may_repeat("GET", error), may_repeat("POST", error)) == (get, post)
