"""Files that the app made, as Dify hands them out: by the paths that it signs, without the key."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from email.message import Message
from http import HTTPStatus

import aiohttp
from yarl import URL

from service.answers.app_api import ByteStream, Head
from service.answers.base import AnswerError
from service.answers.dify.app_files import FileLinks
from service.answers.dify.call_log import calling
from service.answers.dify.client import BodyStream, UnexpectedResponse, read_start, translated_errors
from service.answers.dify.error_mapping import failure_of_reply
from service.answers.failures import FILE_NOT_FOUND, TOO_LARGE
from service.answers.files import MEGABYTE
from service.answers.resilience.limiter import Limiter

MAX_FILE_BYTES = 100 * MEGABYTE
_GOOD = {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT, HTTPStatus.NOT_MODIFIED, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE}
_HEADERS = ("Accept-Ranges", "Content-Length", "Content-Range", "ETag", "Last-Modified")
_NOT_ITS_FAULT = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


class DifyFiles:
    """`connect_timeout` and `idle_timeout` are seconds. Redirects are not followed, cookies neither kept nor sent."""

    def __init__(
        self, url: str, links: FileLinks, limiter: Limiter, connect_timeout: float, idle_timeout: float
    ) -> None:
        self._origin = str(URL(url).origin())
        self._links = links
        self._limiter = limiter
        self._timeout = aiohttp.ClientTimeout(total=None, connect=connect_timeout, sock_read=idle_timeout)
        self._session: aiohttp.ClientSession | None = None

    async def open(
        self, path: str, query: Mapping[str, str], headers: Mapping[str, str], *, is_head: bool
    ) -> ByteStream:
        dify_path, max_age = self._links.open(path, query)
        async with AsyncExitStack() as opening:
            await opening.enter_async_context(calling("app-files", self._limiter))
            method = "HEAD" if is_head else "GET"
            reply = await opening.enter_async_context(self._request(method, dify_path, headers))
            headers = _passed_on(reply) | {"Cache-Control": f"private, max-age={max_age}"}
            head = Head(reply.content_type, reply.status, headers, _name_of(reply))
            return ByteStream(head, _limited(BodyStream(reply)), opening.pop_all())

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    @asynccontextmanager
    async def _request(
        self, method: str, path: str, headers: Mapping[str, str]
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        url = URL(self._origin + path, encoded=True)
        with translated_errors():
            async with self._open_session().request(method, url, headers=headers, allow_redirects=False) as response:
                if response.status not in _GOOD:
                    _refuse(UnexpectedResponse(response.status, await read_start(response)))
                if _size(response) > MAX_FILE_BYTES:
                    raise AnswerError(TOO_LARGE)
                yield response

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers={"Accept-Encoding": "identity"},
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self._timeout,
            )
        return self._session


def _refuse(reply: UnexpectedResponse) -> None:
    """Dify says 403 for a link of its own that has expired, and 415 for a file that it does not have."""
    is_client_error = HTTPStatus.BAD_REQUEST <= reply.status < HTTPStatus.INTERNAL_SERVER_ERROR
    is_gone = is_client_error and reply.status not in _NOT_ITS_FAULT
    raise AnswerError(FILE_NOT_FOUND if is_gone else failure_of_reply(reply.status, reply.body)) from reply


def _size(response: aiohttp.ClientResponse) -> int:
    """Of the whole file, in bytes, as far as it is said."""
    total = response.headers.get("Content-Range", "").rpartition("/")[2]
    return int(total) if total.isdecimal() else response.content_length or 0


def _passed_on(response: aiohttp.ClientResponse) -> dict[str, str]:
    """Sizes and ranges are not those of what is read where the reply comes compressed all the same."""
    if "Content-Encoding" in response.headers:
        return {}
    return {name: response.headers[name] for name in _HEADERS if name in response.headers}


def _name_of(response: aiohttp.ClientResponse) -> str:
    disposition = Message()
    disposition["Content-Disposition"] = response.headers.get("Content-Disposition", "")
    return disposition.get_filename() or response.url.raw_name


async def _limited(body: BodyStream) -> AsyncGenerator[bytes, None]:
    size = 0
    while chunk := await body.read():
        size += len(chunk)
        if size > MAX_FILE_BYTES:
            raise AnswerError(TOO_LARGE)
        yield chunk
        await asyncio.sleep(0)  # lets a client's disconnect be noticed, however fast Dify writes
