"""The HTTP client of one Dify app: requests, and what goes wrong with them. The only place that knows aiohttp.

Source of the facts: Dify, api-reference, and recordings of Dify 1.12.1.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import Any

import aiohttp

from service.answers import failures
from service.answers.base import AnswerError, Failure
from service.answers.dify.error_mapping import failure_of_reply
from service.answers.dify.upload_stream import UploadStream
from service.answers.files import File
from service.tasks import Tasks

KEEP_ALIVE_SECONDS = 30
CHECK_TIMEOUT_SECONDS = 5
_MAX_REFUSAL_BYTES = 64 * 1024
_SUCCESSES = {HTTPStatus.OK, HTTPStatus.CREATED}
_JSON = {"Accept": "application/json"}

HTTP_ERRORS = (aiohttp.ClientError, TimeoutError)
"""What sending a request, and reading a reply, may raise, besides Refused; `connection_failure` reads them."""


class UnexpectedResponse(Exception):
    """Dify, or something on the way to it, gave another reply than the one that was asked for."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.body = body


class DifyClient:
    """One Dify app. All requests share one HTTP session, whose connections are kept alive between them.

    `connect_timeout` and `idle_timeout` (Dify is silent) are seconds. No redirect is followed: our key goes to Dify
    only. What is in a path is for the caller to check.
    """

    def __init__(self, url: str, key: str, connect_timeout: float, idle_timeout: float) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {key}"}
        self._connect_timeout = connect_timeout
        self._idle_timeout = idle_timeout
        self._session: aiohttp.ClientSession | None = None
        self._tasks = Tasks()

    async def get_app(self, path: str) -> Mapping[str, Any]:
        """What Dify says of the app under `info` or `parameters`, and `date`, its clock (HTTP). Raises AnswerError."""
        connect = self._connect_timeout
        timeout = aiohttp.ClientTimeout(total=connect + CHECK_TIMEOUT_SECONDS, connect=connect)
        with translated_errors():
            async with self._request("GET", path, timeout=timeout, headers=_JSON) as response:
                return {**await _json(response), "date": response.headers.get("Date")}

    async def get(self, path: str, query: dict[str, str]) -> Mapping[str, Any]:
        """Raises AnswerError."""
        with translated_errors():
            async with self._request("GET", path, params=query, headers=_JSON) as response:
                return await _json(response)

    async def post(self, path: str, body: dict[str, Any]) -> Mapping[str, Any]:
        """Raises AnswerError."""
        with translated_errors():
            async with self._request("POST", path, json=body, headers=_JSON) as response:
                return await _json(response)

    async def upload(self, path: str, user: str, file: File) -> Mapping[str, Any]:
        """Write the file on as it is read, at the pace of Dify. Raises AnswerError, and what reading raises."""
        upload_stream = UploadStream(file.content, self._idle_timeout)
        with translated_errors():
            try:
                async with (
                    upload_stream.timeout,
                    self._request("POST", path, data=_form(user, file, upload_stream), headers=_JSON) as response,
                ):
                    return await _json(response)
            except HTTP_ERRORS as error:
                raise upload_stream.read_error or error from error

    @asynccontextmanager
    async def stream(self, path: str, body: dict[str, Any]) -> AsyncIterator["BodyStream"]:
        """A reply that is no JSON and comes bit by bit. Raises AnswerError; so does reading it."""
        with translated_errors():
            async with self._request("POST", path, json=body, headers={"Accept": "*/*"}) as response:
                if response.status != HTTPStatus.OK or not response.content_type.startswith("audio/"):
                    raise UnexpectedResponse(response.status, await _read_start(response))
                yield BodyStream(response)

    def events(self, path: str, body: dict[str, Any]) -> "EventStream":
        """A reply of events; without a timeout but the one to connect."""
        return EventStream(self._tasks.spawn(self._open_events(path, body)))

    async def post_status(self, path: str, body: dict[str, Any], within: float) -> int:
        """The status of the reply, if it comes within so many seconds. Raises CLIENT_ERRORS."""
        limit = aiohttp.ClientTimeout(total=within)
        async with self._request("POST", path, json=body, timeout=limit) as response:
            return response.status

    async def close(self) -> None:
        await self._tasks.finish(within=0)
        if self._session is not None:
            await self._session.close()

    async def _open_events(self, path: str, body: dict[str, Any]) -> tuple[aiohttp.ClientResponse, bytes]:
        """The reply, and what comes first of it: a connection that breaks takes with it what nobody has read.

        Raises Refused and CLIENT_ERRORS.
        """
        timeout = aiohttp.ClientTimeout(total=None, connect=self._connect_timeout)
        response = await self._open_session().request(
            "POST", f"{self._url}/{path}", json=body, timeout=timeout, allow_redirects=False
        )
        try:
            await _check_is_event_stream(response)
            return response, await response.content.readany()
        except BaseException:
            response.release()
            raise

    def _request(self, method: str, path: str, **options: Any) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        return self._open_session().request(method, f"{self._url}/{path}", allow_redirects=False, **options)

    def _open_session(self) -> aiohttp.ClientSession:
        """Made at first use, since aiohttp wants a running event loop for it."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                # Without the first, an nginx in between may buffer; without the second, compress.
                headers=self._headers | {"Accept": "text/event-stream", "Accept-Encoding": "identity"},
                # The connector's own limit would be a silent queue.
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_SECONDS),
                timeout=aiohttp.ClientTimeout(total=None, connect=self._connect_timeout, sock_read=self._idle_timeout),
            )
        return self._session


class BodyStream:
    """The body of a reply, as it comes."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.media_type = response.content_type
        self._content = response.content

    async def read(self) -> bytes:
        """What has come since the last read; empty at the end. Raises AnswerError."""
        try:
            return await self._content.readany()
        except HTTP_ERRORS as error:
            stalled = isinstance(error, TimeoutError)
            raise AnswerError(failures.STALLED if stalled else failures.BROKEN_OFF) from error


class EventStream:
    """A reply of events, as it comes: whoever gives up waiting for it leaves it open for another to read on.

    It is to be closed.
    """

    def __init__(self, opening: asyncio.Task[tuple[aiohttp.ClientResponse, bytes]]) -> None:
        self._opening = opening
        self._content: aiohttp.StreamReader | None = None

    @property
    def is_open(self) -> bool:
        """Whether neither its end nor an error has come."""
        if self._content is not None:
            return not self._content.at_eof() and self._content.exception() is None
        return not self._opening.done() or (not self._opening.cancelled() and self._opening.exception() is None)

    def read(self) -> Awaitable[bytes]:
        """What has come since the last read; empty at the end. Raises Refused and CLIENT_ERRORS."""
        return self._content.readany() if self._content is not None else self._begin()

    async def _begin(self) -> bytes:
        response, chunk = await asyncio.shield(self._opening)
        self._content = response.content
        return chunk

    def close(self) -> None:
        """A connection whose reply was read to its end goes on to serve others."""
        if not self._opening.done():
            self._opening.cancel()
        elif not self._opening.cancelled() and self._opening.exception() is None:
            response, _ = self._opening.result()
            response.release()


@contextmanager
def translated_errors() -> Iterator[None]:
    """What aiohttp raises, and what Dify refuses, as an AnswerError."""
    try:
        yield
    except UnexpectedResponse as error:
        raise AnswerError(failure_of_reply(error.status, error.body)) from error
    except HTTP_ERRORS as error:
        fallback = failures.SILENT if isinstance(error, TimeoutError) else failures.LOST
        raise AnswerError(connection_failure(error) or fallback) from error


# The first that fits counts: a more special one stands before the more general.
_FAILURE_BY_ERROR: dict[type[Exception], Failure] = {
    aiohttp.ConnectionTimeoutError: failures.CONNECT_TIMEOUT,
    aiohttp.ClientConnectorDNSError: failures.NAME_NOT_FOUND,
    aiohttp.ClientSSLError: failures.TLS_ERROR,
    aiohttp.ClientConnectorError: failures.UNREACHABLE,
}


def connection_failure(error: Exception) -> Failure | None:
    """What kept a request from reaching Dify; None for what happened later."""
    return next((failure for kind, failure in _FAILURE_BY_ERROR.items() if isinstance(error, kind)), None)


async def _check_is_event_stream(response: aiohttp.ClientResponse) -> None:
    """Raises Refused."""
    if response.status != HTTPStatus.OK or response.content_type != "text/event-stream":
        raise UnexpectedResponse(response.status, await _read_start(response))


async def _read_start(response: aiohttp.ClientResponse) -> bytes:
    """The body, or as much of it as a refusal can sensibly have."""
    body = b""
    while len(body) < _MAX_REFUSAL_BYTES and (chunk := await response.content.readany()):
        body += chunk
    return body


async def _json(response: aiohttp.ClientResponse) -> Mapping[str, Any]:
    if response.status not in _SUCCESSES or response.content_type != "application/json":
        raise UnexpectedResponse(response.status, await _read_start(response))
    try:
        reply = await response.json()
    except ValueError:
        reply = None
    if not isinstance(reply, dict):
        raise AnswerError(failures.LOST)
    return reply


def _form(user: str, file: File, content: UploadStream) -> aiohttp.MultipartWriter:
    """As a browser would write it: the name in UTF-8, and what would end it escaped."""
    form = aiohttp.MultipartWriter("form-data")
    form.append(user, {"Content-Disposition": 'form-data; name="user"'})
    name = file.name.replace('"', "%22")
    headers = {"Content-Disposition": f'form-data; name="file"; filename="{name}"', "Content-Type": file.media_type}
    form.append(aiter(content), headers)
    return form
