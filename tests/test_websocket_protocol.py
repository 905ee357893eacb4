"""The short way out of uvicorn's WebSocket transport: frames as RFC 6455 has them, and none where one may not write."""

import asyncio
import time

import aiohttp
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import WebSocketRoute

from service.__main__ import server_options
from service.chat.websocket_transport import WRITE_TEXT
from service.listener import listen
from service.settings import Settings
from service.websocket_protocol import Budget
from tests.conftest import PATIENCE_SECONDS, eventually, logged

LENGTHS = (0, 1, 125, 126, 65_535, 65_536)


@pytest.fixture
async def serve():
    """A server whose one connection does what `talk` says, once accepted if it `accepts`. Returns its address."""
    servers = []

    async def serve(talk, *, accepts=True, **options):
        async def endpoint(websocket):
            if accepts:
                await websocket.accept()
            await talk(websocket, websocket.scope["extensions"][WRITE_TEXT])

        app = Starlette(routes=[WebSocketRoute("/", endpoint)])
        listener = listen("127.0.0.1", 0)
        server = uvicorn.Server(uvicorn.Config(app, **server_options(Settings()) | options))
        app.state.server = server
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


def test_a_budget_fills_again_up_to_what_may_come_at_once():
    budget = Budget(per_second=10, at_once=5, now=0)
    assert [budget.take(5, 0), budget.take(1, 0)] == [True, False]
    assert [budget.take(1, 0.2), budget.take(1, 0.2)] == [True, False]
    assert [budget.take(5, 1000), budget.take(1, 1000)] == [True, False]


MASKED = b"\x80\x00\x00\x00\x00"  # no bytes, masked by a key of zeros
FLOODS = {
    "pings": b"\x89" + MASKED,
    "pongs": b"\x8a" + MASKED,
    "fragments": b"\x00" + MASKED,
    "texts": b"\x81\x81\x00\x00\x00\x00x",
}


async def handshake(service):
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    writer.write(
        b"GET /ws/chat/flood HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def flood(service, frame):
    """Send frames as fast as they are taken, and read nothing meanwhile. Returns what came."""
    reader, writer = await handshake(service)
    if frame == FLOODS["fragments"]:
        writer.write(b"\x01" + MASKED)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            for _ in range(400):
                writer.write(frame * 10_000)
                await writer.drain()
    except ConnectionError:
        pass
    came = b""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while chunk := await reader.read(100_000):
                came += chunk
    except ConnectionError:
        pass
    writer.transport.abort()
    return came


@pytest.mark.parametrize("what", FLOODS)
async def test_a_flood_ends_its_connection_and_the_neighbour_feels_nothing(start, connect, events, what):
    service = await start(mock_mode=True)
    neighbour = await connect(service)
    flooding = asyncio.create_task(flood(service, FLOODS[what]))
    waits = []
    while not flooding.done():
        before = time.monotonic()
        await neighbour.say({"type": "ping", "timestamp": 1})
        assert (await neighbour.frame())["type"] == "pong"
        waits.append(time.monotonic() - before)
    assert sorted(waits)[len(waits) // 2] < 0.5
    await flooding
    await eventually(lambda: [event for event in logged(events, "connection.closed") if event["code"] == 1008])


async def test_a_flood_of_bytes_ends_its_connection(start, connect):
    client = await connect(await start(mock_mode=True, websocket_max_size=200_000))
    for _ in range(8):
        await client.socket.send_str("x" * 190_000)
    while (message := await client.socket.receive()).type is aiohttp.WSMsgType.TEXT:
        pass
    assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1008)
    await client.socket.close()


async def test_who_sends_as_fast_as_answers_come_is_no_flood(start, connect):
    client = await connect(await start(mock_mode=True))
    for number in range(300):
        await client.say({"type": "ping", "timestamp": number})
        assert (await client.frame())["timestamp"] == number


async def deny(websocket):
    await websocket.send_denial_response(PlainTextResponse("later", 503))


async def greet(websocket):
    await websocket.accept()
    await websocket.send_text("hello")


@pytest.mark.parametrize("reply", [deny, greet])
async def test_a_handshake_that_is_answered_amid_a_shutdown_is_no_error(serve, http, caplog, reply):
    """uvicorn has sent 500 by then, and has not lost the connection yet."""

    async def talk(websocket, _):
        for connection in list(websocket.app.state.server.server_state.connections):
            connection.shutdown()
        await reply(websocket)

    with pytest.raises(aiohttp.WSServerHandshakeError, match="500"):
        await http.ws_connect(await serve(talk, accepts=False))
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
