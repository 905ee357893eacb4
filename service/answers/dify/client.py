"""The HTTP client of one Dify app. No other module sends its key."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import aiohttp

from service.answers import failures
from service.answers.base import AnswerError
from service.answers.dify.connector import Endpoint, open_session
from service.answers.dify.event_fields import decode_object
from service.answers.dify.http_errors import (
    HTTP_ERRORS,
    UnexpectedResponse,
    nameless_errors,
    read_start,
    translated_errors,
)
from service.answers.dify.request_retry import send
from service.answers.dify.upload_stream import UploadStream
from service.answers.uploads import File
from service.tasks import Tasks
from service.trace_context import outgoing_headers

CHECK_TIMEOUT_SECONDS = 5
_SUCCESSES = {HTTPStatus.OK, HTTPStatus.CREATED}


class DifyClient:
    """One Dify app. Methods raise AnswerError where nothing else is said; paths are the caller's to validate.

    `connect_timeout` and `idle_timeout` are seconds, `proxy` is a URL, or empty. Redirects are not followed, lest the
    key goes elsewhere.
    """

    def __init__(self, url: str, key: str, connect_timeout: float, idle_timeout: float, proxy: str = "") -> None:
        self._url = url
        self._endpoint = Endpoint(url, connect_timeout, idle_timeout, proxy)
        self._headers = {"Authorization": f"Bearer {key}"}
        self._session: aiohttp.ClientSession | None = None
        self._tasks = Tasks()

    async def get_app(self, path: str) -> Mapping[str, Any]:
        """`info` or `parameters` of the app; under `date`, the time of the reply (RFC 9110, 6.6.1)."""
        connect = self._endpoint.connect_timeout
        timeout = aiohttp.ClientTimeout(total=connect + CHECK_TIMEOUT_SECONDS, connect=connect)
        with translated_errors():
            return await self._fetch("GET", path, timeout=timeout)

    async def get(self, path: str, query: dict[str, str]) -> Mapping[str, Any]:
        with translated_errors():
            return await self._fetch("GET", path, params=query)

    async def post(self, path: str, body: dict[str, Any]) -> Mapping[str, Any]:
        with translated_errors():
            return await self._fetch("POST", path, json=body)

    async def submit(self, path: str, body: dict[str, Any]) -> None:
        """Raises UnexpectedResponse and HTTP_ERRORS. What a good reply says does not matter."""
        async with self._request("POST", path, json=body) as response:
            if response.status not in _SUCCESSES:
                raise UnexpectedResponse(response.status, await read_start(response))

    async def upload(self, path: str, user: str, file: File) -> Mapping[str, Any]:
        """Send the file while it is read, at Dify's pace. Raises what reading it raises, too."""
        content = UploadStream(file.content, self._endpoint.idle_timeout)
        with translated_errors():
            try:
                async with content.timeout:
                    return await self._fetch("POST", path, data=_form(user, file, content))
            except HTTP_ERRORS as error:
                raise content.read_error or error from error

    @asynccontextmanager
    async def stream(self, path: str, body: dict[str, Any]) -> AsyncIterator["BodyStream"]:
        with translated_errors():
            async with self._request("POST", path, json=body, headers={"Accept": "*/*"}) as response:
                if response.status != HTTPStatus.OK or not response.content_type.startswith("audio/"):
                    raise UnexpectedResponse(response.status, await read_start(response))
                yield BodyStream(response)

    def events(self, path: str, body: dict[str, Any]) -> "EventStream":
        """Server-sent events, without a timeout but the one to connect."""
        return EventStream(self._tasks.spawn(self._open_events("POST", path, None, json=body)))

    def run_events(
        self, run_id: str, user: str, then: Callable[[], Awaitable[None]] | None = None, *, with_snapshot: bool = False
    ) -> "EventStream":
        """The same, of a run that was asked for before; of what came before them, a snapshot says how the run stands.

        `then` is done when they are subscribed to, before any is read. It may raise UnexpectedResponse, HTTP_ERRORS
        and AnswerError.
        """
        path = f"workflow/{quote(run_id, safe='')}/events"
        query = {"user": user} | ({"include_state_snapshot": "true"} if with_snapshot else {})
        return EventStream(self._tasks.spawn(self._open_events("GET", path, then, params=query)))

    async def post_status(self, path: str, body: dict[str, Any], within: float) -> int:
        """The HTTP status of the reply to a single try. Raises HTTP_ERRORS, also after `within` seconds."""
        url, limit = f"{self._url}/{path}", aiohttp.ClientTimeout(total=within)
        with nameless_errors():
            async with self._open_session().post(url, json=body, timeout=limit, allow_redirects=False) as response:
                return response.status

    async def close(self) -> None:
        await self._tasks.finish(within=0)
        if self._session is not None:
            await self._session.close()

    async def _open_events(
        self, method: str, path: str, then: Callable[[], Awaitable[None]] | None, **options: Any
    ) -> tuple[aiohttp.ClientResponse, bytes]:
        """The reply and its first chunk, which would be lost if the connection broke before it is read."""
        timeout = aiohttp.ClientTimeout(total=None, connect=self._endpoint.connect_timeout)
        with nameless_errors():
            response = await self._open_session().request(
                method,
                f"{self._url}/{path}",
                timeout=timeout,
                headers=outgoing_headers(),
                allow_redirects=False,
                **options,
            )
        try:
            await _check_is_event_stream(response)
            chunk = await response.content.readany()
            if then is not None:
                await then()
        except BaseException:
            response.release()
            raise
        return response, chunk

    async def _fetch(self, method: str, path: str, **options: Any) -> Mapping[str, Any]:
        """The JSON object of a reply. Raises UnexpectedResponse and HTTP_ERRORS, too."""
        async with self._request(method, path, headers={"Accept": "application/json"}, **options) as response:
            if response.status not in _SUCCESSES or response.content_type != "application/json":
                raise UnexpectedResponse(response.status, await read_start(response))
            if (reply := decode_object(await response.read())) is not None:
                return {**reply, "date": response.headers.get("Date")}
        raise AnswerError(failures.LOST)

    @asynccontextmanager
    async def _request(
        self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        headers = outgoing_headers() | (headers or {})
        response = await send(self._open_session(), method, f"{self._url}/{path}", headers=headers, **options)
        with nameless_errors():
            async with response:
                yield response

    def _open_session(self) -> aiohttp.ClientSession:
        """Created at first use: aiohttp needs a running event loop."""
        if self._session is None:
            # So that no nginx in between buffers or compresses.
            headers = self._headers | {"Accept": "text/event-stream", "Accept-Encoding": "identity"}
            self._session = open_session(self._endpoint, headers)
        return self._session


async def _check_is_event_stream(response: aiohttp.ClientResponse) -> None:
    if response.status != HTTPStatus.OK or response.content_type != "text/event-stream":
        raise UnexpectedResponse(response.status, await read_start(response))


def _form(user: str, file: File, content: UploadStream) -> aiohttp.MultipartWriter:
    """With the file name in UTF-8 and its quotation marks escaped, as browsers write it (WHATWG HTML, 4.10.21.8)."""
    form = aiohttp.MultipartWriter("form-data")
    form.append(user, {"Content-Disposition": 'form-data; name="user"'})
    name = file.name.replace('"', "%22")
    headers = {"Content-Disposition": f'form-data; name="file"; filename="{name}"', "Content-Type": file.media_type}
    form.append(aiter(content), headers)
    return form


class BodyStream:
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.media_type = response.content_type
        self._content = response.content

    async def read(self) -> bytes:
        """What has come since the last read; empty at the end."""
        try:
            return await self._content.readany()
        except HTTP_ERRORS as error:
            stalled = isinstance(error, TimeoutError)
            raise AnswerError(failures.STALLED if stalled else failures.BROKEN_OFF) from error


class EventStream:
    """A reply of server-sent events. Cancelling a read leaves it open for another reader; close it."""

    def __init__(self, opening: asyncio.Task[tuple[aiohttp.ClientResponse, bytes]]) -> None:
        self._opening = opening
        self._content: aiohttp.StreamReader | None = None

    @property
    def is_open(self) -> bool:
        """Neither its end nor an error has come."""
        if self._content is not None:
            return not self._content.at_eof() and self._content.exception() is None
        return not self._opening.done() or (not self._opening.cancelled() and self._opening.exception() is None)

    def read(self) -> Awaitable[bytes]:
        """What has come since the last read; empty at the end. Raises UnexpectedResponse and HTTP_ERRORS."""
        return self._content.readany() if self._content is not None else self._begin()

    async def _begin(self) -> bytes:
        response, chunk = await asyncio.shield(self._opening)
        self._content = response.content
        return chunk

    def close(self) -> None:
        """The connection is used again only if the reply was read to its end."""
        if not self._opening.done():
            self._opening.cancel()
        elif not self._opening.cancelled() and self._opening.exception() is None:
            response, _ = self._opening.result()
            response.release()
