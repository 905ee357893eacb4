"""uvicorn's server, as ours ends it."""

import asyncio
import signal
import socket

from tests import fake_dify
from tests.conftest import eventually
from tests.fake_dify import KEY
from tests.system.test_deploy import ask


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


def _unread(connection):
    return connection.transport.get_write_buffer_size()
