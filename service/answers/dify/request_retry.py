"""Requests around the chat that are tried once more: those that change nothing, and those that never left."""

import asyncio
import random
import time
from http import HTTPStatus
from typing import Any

import aiohttp
import structlog

from service.answers.dify.http_errors import HTTP_ERRORS, UnexpectedResponse, failure_of, nameless_errors, read_start

log = structlog.get_logger()

PAUSE_SECONDS = 0.4
MAX_FIRST_SECONDS = 2
"""Somebody waits: what took longer is not tried again."""
_SAFE_METHODS = {"GET", "HEAD"}
_NEVER_LEFT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
_TRIED_TWICE_BY_AIOHTTP = (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)
"""At once, where the method is safe."""
_MAY_PASS = {
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}


async def send(session: aiohttp.ClientSession, method: str, url: Any, **options: Any) -> aiohttp.ClientResponse:
    """The reply, to be released. Raises HTTP_ERRORS, and UnexpectedResponse for a status that may pass.

    Which failures are tried again is the table's. Redirects are not followed.
    """
    started_at = time.monotonic()
    try:
        return await _send_once(session, method, url, **options)
    except (UnexpectedResponse, *HTTP_ERRORS) as error:
        if time.monotonic() - started_at > MAX_FIRST_SECONDS or not may_repeat(method, error):
            raise
        pause = PAUSE_SECONDS * random.uniform(0.5, 1.5)  # noqa: S311 - jitter
        log.warning("dify.retried", reason=failure_of(error).reason, tries=1, pause_ms=round(pause * 1000))
    await asyncio.sleep(pause)
    return await _send_once(session, method, url, **options)


def may_repeat(method: str, error: Exception) -> bool:
    """Of UnexpectedResponse, or one of HTTP_ERRORS."""
    if not failure_of(error).is_retryable:
        return False
    if isinstance(error, _NEVER_LEFT):
        return True
    return method in _SAFE_METHODS and not isinstance(error, _TRIED_TWICE_BY_AIOHTTP)


async def _send_once(session: aiohttp.ClientSession, method: str, url: Any, **options: Any) -> aiohttp.ClientResponse:
    with nameless_errors():
        response = await session.request(method, url, allow_redirects=False, **options)
        if response.status not in _MAY_PASS:
            return response
        async with response:
            raise UnexpectedResponse(response.status, await read_start(response))
