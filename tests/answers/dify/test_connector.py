"""The way to Dify: flow control, proxies, certificates, cookies."""

import asyncio
import base64

import pytest
from aiohttp import web

from service.answers.base import AnswerError
from service.answers.dify.client import DifyClient
from tests.fake_dify import KEY
from tests.forward_proxy import ForwardProxy
from tests.tls import certificate


async def test_a_reader_that_falls_behind_pauses_dify_and_loses_nothing():
    body, sent = bytes(range(256)) * 40_000, 0

    async def pour(reader, writer):
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for start in range(0, len(body), 1000):
            writer.write(b"%x\r\n%b\r\n" % (len(piece := body[start : start + 1000]), piece))
            sent = start
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(pour, "127.0.0.1", 0)
    client = DifyClient(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", KEY, 5, 5)
    events = client.run_events("any", "user")
    read = [await events.read()]
    before = -1
    while before < sent:  # until no more is taken
        before = sent
        await asyncio.sleep(0.2)
    assert sent < len(body) - 1000
    while chunk := await events.read():
        read.append(chunk)
    assert b"".join(read) == body
    events.close()
    await client.close()
    server.close()
    await server.wait_closed()


@pytest.fixture
async def far(aiohttp_server, monkeypatch, tmp_path):
    """A Dify that is known to a proxy only, with a certificate that SSL_CERT_FILE has; what it was asked."""
    context, path = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))

    class Far:
        asked = []

    async def answer(request):
        Far.asked.append(request.headers)
        return web.json_response({"name": "far"}, headers={"Set-Cookie": "replica=1"})

    app = web.Application()
    app.router.add_get("/v1/info", answer)
    Far.plain_port = (await aiohttp_server(app)).port
    app = web.Application()
    app.router.add_get("/v1/info", answer)
    Far.tls_port = (await aiohttp_server(app, ssl=context)).port
    Far.context = context
    return Far


@pytest.fixture
async def through():
    """Ask a Dify at this URL through that proxy."""
    closing = []

    async def through(proxy, url, credentials="", **options):
        server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0, **options)
        scheme = "https" if options else "http"
        address = f"{scheme}://{credentials}127.0.0.1:{server.sockets[0].getsockname()[1]}"
        client = DifyClient(url, KEY, 5, 5, address)
        closing.append((client, server))
        return await client.get_app("info")

    yield through
    for client, server in closing:
        await client.close()
        server.close()
        await server.wait_closed()


BASIC = base64.b64encode(b"me:p@ss").decode()


async def test_https_goes_through_a_tunnel_of_the_proxy_which_sees_no_key(far, through):
    proxy = ForwardProxy(far.tls_port)
    assert (await through(proxy, "https://dify.example.com/v1", "me:p%40ss@"))["name"] == "far"
    assert proxy.asked[0].startswith("CONNECT dify.example.com:443 ")
    assert f"Proxy-Authorization: Basic {BASIC}" in proxy.asked[0]
    assert KEY not in proxy.asked[0]
    assert far.asked[0]["Authorization"] == f"Bearer {KEY}"
    assert "Proxy-Authorization" not in far.asked[0]


async def test_http_goes_through_it_too_where_the_setting_says_so(far, through):
    proxy = ForwardProxy(far.plain_port)
    assert (await through(proxy, "http://dify.example.com/v1", "me:p%40ss@"))["name"] == "far"
    assert proxy.asked[0].startswith("GET http://dify.example.com/v1/info ")
    assert f"Proxy-Authorization: Basic {BASIC}" in proxy.asked[0]


async def test_the_proxy_itself_may_speak_tls(far, through):
    proxy = ForwardProxy(far.tls_port)
    assert (await through(proxy, "https://dify.example.com/v1", ssl=far.context))["name"] == "far"


async def test_a_proxy_that_refuses_is_no_way_to_the_host(far, through):
    proxy = ForwardProxy(far.tls_port, b"407 Proxy Authentication Required")
    with pytest.raises(AnswerError) as raised:
        await through(proxy, "https://dify.example.com/v1", "me:p%40ss@")
    assert raised.value.failure.reason == "unreachable"
    assert str(raised.value.__cause__) == "the proxy replied 407 Proxy Authentication Required"


async def test_no_cookie_is_kept_which_would_lead_all_users_to_one_replica(far):
    client = DifyClient(f"http://localhost:{far.plain_port}/v1", KEY, 5, 5)
    for _ in range(2):
        await client.get_app("info")
    assert "Cookie" not in far.asked[1]
    await client.close()
