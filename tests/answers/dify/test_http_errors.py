"""What goes wrong on the way to Dify."""

import errno
import ssl

import aiohttp
import pytest

from service.answers import failures
from service.answers.dify.http_errors import _FAILURE_BY_ERROR, failure_of_error
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


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_a_process_without_files_is_no_failure_of_dify(number):
    error = aiohttp.ClientOSError(number, "Too many open files")
    assert (failure_of_error(error), failures.NO_FILES.trips_breaker) == (failures.NO_FILES, False)
