"""The way to Dify, and what goes wrong on it."""

import asyncio
import errno
import ssl
import traceback

import aiohttp
import pytest

from service.answers import failures
from service.answers.base import AnswerError
from service.answers.dify.client import _FAILURE_BY_ERROR, DifyClient, failure_of_error
from tests import fake_dify
from tests.fake_dify import KEY


async def told(start, connect, url, **settings):
    settings = {"dify_api_url": url, "dify_api_key": KEY, "mock_mode": False, "degrade_to_mock": False} | settings
    client = await connect(await start(**settings))
    return (await client.answer("Hello"))["reason"]


async def test_no_way_to_the_host_is_unreachable(start, connect, unused_tcp_port):
    assert await told(start, connect, f"http://127.0.0.1:{unused_tcp_port}/v1") == "unreachable"


async def test_a_name_without_an_address_is_said_so(start, connect):
    assert await told(start, connect, "http://no-such-host.invalid/v1") == "name_not_found"


async def test_a_dify_that_speaks_no_tls_is_a_tls_error(start, connect, dify):
    assert await told(start, connect, dify.url.replace("http:", "https:")) == "tls_error"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (aiohttp.ConnectionTimeoutError(), "connect_timeout"),
        (aiohttp.ClientConnectorCertificateError(None, ssl.SSLCertVerificationError()), "tls_error"),
    ],
)
def test_what_loopback_cannot_show_has_its_row_too(error, reason):
    assert next(row for kind, row in _FAILURE_BY_ERROR.items() if isinstance(error, kind)).reason == reason


async def test_questions_share_connections_to_dify(with_dify, dify, connect, events):
    peers = set()

    async def scene(stage):
        peers.add(stage.request.transport.get_extra_info("peername"))
        await fake_dify.say("Hi")(stage)

    dify.plays(scene)
    client = await connect(await with_dify())
    for _ in range(5):
        await client.answer("Hello")
    assert len(peers) <= 2  # those over which info and parameters came at start


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_a_process_without_files_is_no_failure_of_dify(number):
    error = aiohttp.ClientOSError(number, "Too many open files")
    assert (failure_of_error(error), failures.NO_FILES.trips_breaker) == (failures.NO_FILES, False)


async def test_no_error_tells_the_address_of_a_form_or_its_key():
    async def talk_nonsense(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 nonsense\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk_nonsense, "127.0.0.1", 0)
    client = DifyClient(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", KEY, 5, 5)
    path = "form/human_input/its-token"
    for asking in (client.get(path, {}), client.submit(path, {}), client.run_events(path, {}, None).read()):
        with pytest.raises((AnswerError, aiohttp.ClientError)) as raised:
            await asking
        told = "".join(traceback.format_exception(raised.value))
        assert ("nonsense" in told, "its-token" in told, KEY in told) == (True, False, False)
    await client.close()
    server.close()
    await server.wait_closed()
