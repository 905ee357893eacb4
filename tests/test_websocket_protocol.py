"""The short way out of uvicorn's WebSocket transport: frames as RFC 6455 has them, and none where one may not write."""

import asyncio

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

from service.__main__ import listen, server_options
from service.settings import Settings
from service.websocket_protocol import WRITE_TEXT
from tests.conftest import eventually

LENGTHS = (0, 1, 125, 126, 65_535, 65_536)


@pytest.fixture
async def serve():
    """A server whose one connection does what `talk` says. Returns its address."""
    servers = []

    async def serve(talk, **options):
        async def endpoint(websocket):
            await websocket.accept()
            await talk(websocket, websocket.scope["extensions"][WRITE_TEXT])

        app = Starlette(routes=[WebSocketRoute("/", endpoint)])
        listener = listen("127.0.0.1", 0)
        server = uvicorn.Server(uvicorn.Config(app, **server_options(Settings()) | options))
        servers.append((server, asyncio.create_task(server.serve(sockets=[listener]))))
        await eventually(lambda: server.started)
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield serve
    for server, task in servers:
        server.should_exit = True
        await task


async def say_all(websocket, write):
    for length in LENGTHS:
        assert write(b"x" * length)
    assert write("ü€😀".encode())
    await websocket.close()


@pytest.mark.parametrize("deflates", [False, True])
async def test_frames_of_each_length_arrive_whole(serve, http, deflates):
    url = await serve(say_all, ws_per_message_deflate=deflates)
    async with http.ws_connect(url, compress=15 if deflates else 0) as client:
        messages = [message.data async for message in client]
    assert bool(client.compress) == deflates
    assert [len(message) for message in messages[:-1]] == list(LENGTHS)
    assert messages[-1] == "ü€😀"


async def test_nothing_is_written_after_the_close(serve, http):
    written = []

    async def talk(websocket, write):
        await websocket.close()
        written.append(write(b"late"))

    async with http.ws_connect(await serve(talk)) as client:
        assert [message async for message in client] == []
    await eventually(lambda: written == [False])


async def test_nothing_is_written_to_a_client_that_left(serve, http):
    written = []

    async def talk(websocket, write):
        await websocket.receive()
        written.append(write(b"late"))

    async with http.ws_connect(await serve(talk)):
        pass
    await eventually(lambda: written == [False])


async def test_a_client_that_does_not_read_is_not_written_to_beyond_the_buffer(serve):
    written = []

    async def talk(_, write):
        while write(b"x" * 100_000):
            written.append(True)
        written.append(False)

    port = int((await serve(talk)).rpartition(":")[2])
    _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
    writer.write(
        b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    await eventually(lambda: written and not written[-1])
    assert len(written) < 1_000
    writer.transport.abort()
