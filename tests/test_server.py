"""uvicorn's server, as ours ends it."""

import asyncio
import signal
import socket

import pytest
import uvicorn

from service import server as server_module
from service.server import Server
from tests import fake_dify
from tests.api import TOKEN
from tests.conftest import PATIENCE_SECONDS, eventually, logged
from tests.fake_dify import KEY
from tests.system.test_deploy import ask

SPEECH_BYTES = 300_000
SPEECH_REQUEST = (
    b"POST /api/text-to-audio HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 13\r\n"
    b"Authorization: Bearer " + TOKEN.encode() + b'\r\n\r\n{"text":"Hi"}'
)


async def test_a_second_signal_ends_it_at_once(run, http, connect, dify):
    dify.plays(fake_dify.until_stopped("Some ", "words"))
    process = await (await run(DIFY_API_URL=dify.url, DIFY_API_KEY=KEY, DRAIN_TIMEOUT="600")).until_up(http)
    client = await connect(process)
    await ask(client)
    process.process.send_signal(signal.SIGTERM)
    assert "retry_after" in (await client.frame())
    await asyncio.sleep(0.6)  # two signals within half a second are one request
    assert (await process.end(signal.SIGTERM))[0] == 0


async def test_a_dify_that_ignores_stops_does_not_keep_it_from_ending(run, http, connect, dify):
    dify.plays(fake_dify.until_stopped("Some ", "words"))
    dify.ignores_stops = True
    process = await (await run(DIFY_API_URL=dify.url, DIFY_API_KEY=KEY, DRAIN_TIMEOUT="0.1")).until_up(http)
    await ask(await connect(process))
    assert (await process.end(signal.SIGTERM))[0] == 0
    dify.release()


async def test_who_does_not_read_is_no_error_at_its_end(start, caplog):
    service, request = await start(mock_mode=True), b"GET /docs HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        deaf.connect(("127.0.0.1", service.port))
        deaf.sendall(request * 500)
        await eventually(lambda: any(_unread(each) for each in service.server.server_state.connections))
        await service.stop()
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
    assert not service.server.server_state.connections


async def test_what_does_not_end_in_time_is_left_and_said_so(monkeypatch, events):
    monkeypatch.setattr(server_module, "SHUTDOWN_TIMEOUT_SECONDS", 0.2)
    may_end = asyncio.Event()

    async def app(scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await may_end.wait()

    async def drain(hurry):
        return 0.0

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(uvicorn.Config(app, log_config=None), drain)
        server.should_exit = True
        await server.serve([listener])
    assert [event["event"] for event in events] == ["service.end_cut_off"]
    may_end.set()


@pytest.mark.slow
async def test_who_reads_slowly_gets_the_last_words_of_a_speech_too(with_dify, dify, events):
    async def speak(stage):
        await stage.open(content_type="audio/mpeg")
        await stage.write(b"1" * SPEECH_BYTES)

    dify.app_api.scenes["text-to-audio"] = speak
    service = await with_dify(drain_timeout=PATIENCE_SECONDS)
    reader, writer = await asyncio.open_connection(sock=_narrow(service.port), limit=1024)
    await eventually(lambda: service.server.server_state.connections)
    (connection,) = service.server.server_state.connections
    connection.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
    writer.write(SPEECH_REQUEST)
    received = await reader.readexactly(1000)
    service.server.should_exit = True
    while not logged(events, "drain.finished"):
        received += await reader.read(8192)
        await asyncio.sleep(0.005)
    assert connection.transport.get_write_buffer_size()
    while chunk := await reader.read(1024):
        received += chunk
        await asyncio.sleep(0.1)
    writer.close()
    await writer.wait_closed()
    await service.task
    assert received.count(b"1") >= SPEECH_BYTES
    assert received.endswith(b"0\r\n\r\n")


def _narrow(port):
    """A socket that takes little at a time."""
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    narrow.connect(("127.0.0.1", port))
    return narrow


def _unread(connection):
    return connection.transport.get_write_buffer_size()
