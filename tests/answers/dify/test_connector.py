"""Flow control between Dify and its readers."""

import asyncio

from service.answers.dify.client import DifyClient
from tests.fake_dify import KEY


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
    events = client.run_events("any", {}, None)
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
