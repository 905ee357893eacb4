"""What goes wrong with an HTTP request to Dify, as rows of the table of failures."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError

from service.answers import failures
from service.answers.base import AnswerError, Failure
from service.answers.dify.error_mapping import failure_of_reply

_MAX_REFUSAL_BYTES = 64 * 1024
_OUT_OF_FILES = {errno.EMFILE, errno.ENFILE}

HTTP_ERRORS = (aiohttp.ClientError, TimeoutError)


class UnexpectedResponse(Exception):
    """Dify, or a proxy, replied with another status or content type than a request wants."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.body = body


class UnreadableReply(aiohttp.ClientError):
    """A head, or chunks, that are no HTTP: what is wrong, without the address."""


class ProxyRefused(aiohttp.ClientError):
    """The proxy on the way lets nothing through: what it said, without the address."""


async def read_start(response: aiohttp.ClientResponse) -> bytes:
    body = b""
    while len(body) < _MAX_REFUSAL_BYTES and (chunk := await response.content.readany()):
        body += chunk
    return body


@contextmanager
def nameless_errors() -> Iterator[None]:
    """The words of aiohttp's error name the address, where a form's token or a file's signature may be: no log's."""
    try:
        yield
    except aiohttp.ClientHttpProxyError as error:
        raise ProxyRefused(f"the proxy replied {error.status} {error.message}") from None
    except aiohttp.ClientResponseError as error:
        raise UnreadableReply(error.message) from None


@contextmanager
def translated_errors() -> Iterator[None]:
    """UnexpectedResponse and HTTP_ERRORS as AnswerError."""
    try:
        yield
    except (UnexpectedResponse, *HTTP_ERRORS) as error:
        raise AnswerError(failure_of(error)) from error


def failure_of(error: Exception) -> Failure:
    """Of an UnexpectedResponse, or one of HTTP_ERRORS."""
    if isinstance(error, UnexpectedResponse):
        return failure_of_reply(error.status, error.body)
    return failure_of_error(error)


# The first match counts: subclasses stand before their base classes.
_FAILURE_BY_ERROR: dict[type[Exception], Failure] = {
    aiohttp.ConnectionTimeoutError: failures.CONNECT_TIMEOUT,
    aiohttp.ClientConnectorDNSError: failures.NAME_NOT_FOUND,
    aiohttp.ClientSSLError: failures.TLS_ERROR,
    aiohttp.ClientConnectorError: failures.UNREACHABLE,
    TimeoutError: failures.SILENT,
    ProxyRefused: failures.UNREACHABLE,
    UnreadableReply: failures.UNREADABLE,
    aiohttp.ClientPayloadError: failures.BROKEN_OFF,
    Exception: failures.LOST,
}


def failure_of_error(error: Exception) -> Failure:
    """Of one of HTTP_ERRORS. Only what comes before a reply may be tried again."""
    if isinstance(error, OSError) and error.errno in _OUT_OF_FILES:
        return failures.NO_FILES
    if isinstance(error.__cause__, ContentEncodingError):
        return failures.UNREADABLE
    return next(failure for kind, failure in _FAILURE_BY_ERROR.items() if isinstance(error, kind))
