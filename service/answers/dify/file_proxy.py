"""Files that the app made, as Dify hands them out: by the paths that it signs, without the key."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from email.message import Message
from http import HTTPStatus
from typing import NamedTuple, NoReturn

import aiohttp
from yarl import URL

from service.answers.app_api import ByteStream, Head
from service.answers.base import AnswerError
from service.answers.dify.app_files import FileLinks
from service.answers.dify.call_log import calling
from service.answers.dify.client import BodyStream
from service.answers.dify.connector import Endpoint, open_session
from service.answers.dify.error_mapping import failure_of_reply
from service.answers.dify.http_errors import UnexpectedResponse, nameless_errors, read_start, translated_errors
from service.answers.dify.read_ahead import paced
from service.answers.dify.request_retry import send
from service.answers.failures import FILE_NOT_FOUND, TOO_LARGE
from service.answers.resilience.limiter import Limiter
from service.answers.uploads import MEGABYTE
from service.trace_context import outgoing_headers

MAX_FILE_BYTES = 100 * MEGABYTE
MAX_SMALL_BYTES = 4 * MEGABYTE
"""A file up to this size is fetched at Dify's pace, and holds no slot while its reader takes its time."""
MAX_KEPT_BYTES = 64 * MEGABYTE
"""Of all small files that are being read; beyond that they are as large ones."""
SLOW_AFTER_SECONDS, SLOW_BYTES_PER_SECOND = 30, 128 * 1024
"""A reader for whom was waited so long, and who is slower than that, is cut off."""
PIECE_BYTES = 64 * 1024
_MAX_DIGITS = 18
_GOOD = {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT, HTTPStatus.NOT_MODIFIED, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE}
_HEADERS = ("Accept-Ranges", "Content-Length", "Content-Range", "ETag", "Last-Modified")
_NOT_ITS_FAULT = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


class FileLimiters(NamedTuple):
    """Each file is begun in a slot of `all`, and gone on with in one of `large` where it is."""

    all: Limiter
    large: Limiter


class DifyFiles:
    """Redirects are not followed, cookies neither kept nor sent."""

    def __init__(self, endpoint: Endpoint, links: FileLinks, limiters: FileLimiters) -> None:
        self._endpoint = endpoint
        self._origin = str(URL(endpoint.url).origin())
        self._links = links
        self._limiters = limiters
        self._kept_bytes = 0
        self._session: aiohttp.ClientSession | None = None

    async def open(
        self, path: str, query: Mapping[str, str], headers: Mapping[str, str], *, is_head: bool
    ) -> ByteStream:
        dify_path, max_age = self._links.open(path, query)
        async with AsyncExitStack() as opening:
            slot = await opening.enter_async_context(calling("app-files", self._limiters.all))
            method = "HEAD" if is_head else "GET"
            reply = await opening.enter_async_context(self._request(method, dify_path, headers))
            headers = _passed_on(reply) | {"Cache-Control": f"private, max-age={max_age}"}
            head = Head(reply.content_type, reply.status, headers, _name_of(reply))
            body = BodyStream(reply)
            start, is_whole = await _read_start(body, min(MAX_SMALL_BYTES, MAX_KEPT_BYTES - self._kept_bytes))
            if is_whole:
                return ByteStream(head, _paced(self._kept(start)), AsyncExitStack())
            slot.move(self._limiters.large)
            return ByteStream(head, _paced(_limited(start, body)), opening.pop_all())

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _kept(self, content: bytes) -> AsyncGenerator[bytes, None]:
        self._kept_bytes += len(content)
        try:
            for start in range(0, len(content), PIECE_BYTES):
                yield content[start : start + PIECE_BYTES]
        finally:
            self._kept_bytes -= len(content)

    @asynccontextmanager
    async def _request(
        self, method: str, path: str, headers: Mapping[str, str]
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        url = URL(self._origin + path, encoded=True)
        with translated_errors(), nameless_errors():
            async with await self._send(method, url, {**headers, **outgoing_headers()}) as response:
                if response.status not in _GOOD:
                    _refuse(UnexpectedResponse(response.status, await read_start(response)))
                if _size(response) > MAX_FILE_BYTES:
                    raise AnswerError(TOO_LARGE)
                yield response

    async def _send(self, method: str, url: URL, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
        try:
            return await send(self._open_session(), method, url, headers=headers)
        except UnexpectedResponse as error:
            _refuse(error)

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = open_session(self._endpoint, {"Accept-Encoding": "identity"})
        return self._session


def _refuse(reply: UnexpectedResponse) -> NoReturn:
    """Dify says 403 for a link of its own that has expired, and 415 for a file that it does not have."""
    is_client_error = HTTPStatus.BAD_REQUEST <= reply.status < HTTPStatus.INTERNAL_SERVER_ERROR
    is_gone = is_client_error and reply.status not in _NOT_ITS_FAULT
    raise AnswerError(FILE_NOT_FOUND if is_gone else failure_of_reply(reply.status, reply.body)) from reply


def _size(response: aiohttp.ClientResponse) -> int:
    """Of the whole file, in bytes, as far as it is said."""
    total = response.headers.get("Content-Range", "").rpartition("/")[2]
    return int(total) if total.isdecimal() and len(total) <= _MAX_DIGITS else response.content_length or 0


def _passed_on(response: aiohttp.ClientResponse) -> dict[str, str]:
    """Sizes and ranges are not those of what is read where the reply comes compressed all the same."""
    if "Content-Encoding" in response.headers:
        return {}
    return {name: response.headers[name] for name in _HEADERS if name in response.headers}


def _name_of(response: aiohttp.ClientResponse) -> str:
    disposition = Message()
    disposition["Content-Disposition"] = response.headers.get("Content-Disposition", "")
    return disposition.get_filename() or ""


async def _read_start(body: BodyStream, size: int) -> tuple[bytes, bool]:
    """A little more than `size` bytes, or all of it: then True."""
    start = bytearray()
    while chunk := await body.read():
        start += chunk
        if len(start) > size:
            return bytes(start), False
    return bytes(start), True


async def _limited(start: bytes, body: BodyStream) -> AsyncGenerator[bytes, None]:
    """Raises AnswerError."""
    size, chunk = 0, start
    while chunk:
        size += len(chunk)
        if size > MAX_FILE_BYTES:
            raise AnswerError(TOO_LARGE)
        yield chunk
        await asyncio.sleep(0)  # lets a client's disconnect be noticed, however fast Dify writes
        chunk = await body.read()


def _paced(chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Others wait for the reader's slot, or for the room that its file takes."""
    return paced(chunks, SLOW_AFTER_SECONDS, SLOW_BYTES_PER_SECOND)
