"""The way to Dify, and what goes wrong on it."""

import asyncio
import traceback

import aiohttp
import pytest

from service.answers.base import AnswerError
from service.answers.dify.client import DifyClient
from tests import fake_dify
from tests.fake_dify import KEY


async def test_questions_share_connections_to_dify(with_dify, dify, connect, events):
    peers = set()

    async def scene(stage):
        peers.add(stage.request.transport.get_extra_info("peername"))
        await fake_dify.say("Hi")(stage)

    dify.plays(scene)
    client = await connect(await with_dify())
    for _ in range(5):
        await client.answer("Hello")
    assert len(peers) <= 3  # those over which info, parameters and site came at start


async def test_no_error_tells_the_address_of_a_form_or_its_key():
    async def talk_nonsense(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 nonsense\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk_nonsense, "127.0.0.1", 0)
    client = DifyClient(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", KEY, 5, 5)
    path = "form/human_input/its-token"
    for asking in (client.get(path, {}), client.submit(path, {}), client.events(path, {}).read()):
        with pytest.raises((AnswerError, aiohttp.ClientError)) as raised:
            await asking
        told = "".join(traceback.format_exception(raised.value))
        assert ("nonsense" in told, "its-token" in told, KEY in told) == (True, False, False)
    await client.close()
    server.close()
    await server.wait_closed()
