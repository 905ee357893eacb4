"""Request bodies: small JSON; one file of a form, passed on while it is read."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import TypeVar

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from service.answers.uploads import File, sanitize_name
from service.chat.message_parser import explain_field
from service.result_codes import ResultCode

MAX_OVERHEAD_BYTES = 64 * 1024
"""Of a form besides the file: other fields, headers, boundaries."""
IDLE_TIMEOUT_SECONDS = 30
GRACE_SECONDS = 60
MIN_BYTES_PER_SECOND = 32 * 1024
"""A body may take GRACE_SECONDS, and for each so many bytes a second more."""

T = TypeVar("T")


class BadBody(Exception):
    """For the client, in words."""

    def __init__(self, words: str, code: ResultCode = ResultCode.PARAMETER_ERROR) -> None:
        super().__init__(words)
        self.code = code


async def read_json(request: Request, kind: type[T], max_bytes: int) -> T:
    """Raises BadBody and ClientDisconnect."""
    body = b""
    async for chunk in _chunks(request):
        body += chunk
        if len(body) > max_bytes:
            raise BadBody(f"The body is larger than {max_bytes} bytes.", ResultCode.TOO_LARGE)
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        where, what = explain_field(error)
        raise BadBody(f"{where}{what}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadBody("The body is not JSON.") from None
    except RecursionError:
        raise BadBody("The body is nested too deeply.") from None


async def open_file(request: Request, is_read: asyncio.Event) -> File:
    """The part `file` of a form, read up to its content. Raises BadBody and ClientDisconnect, as does its content.

    When that was read to its end, `is_read` is set.
    """
    form = _FormParser(_boundary(request))
    chunks = _chunks(request)
    length = int(request.headers.get("content-length") or 0)
    before = 0
    while not form.is_in_file:
        chunk = await anext(chunks, b"")
        before += len(chunk)
        if not chunk or before > MAX_OVERHEAD_BYTES + len(chunk):
            raise BadBody("The form has no part `file` with a file name, or too much before it.")
        form.feed(chunk)
    name = sanitize_name(form.file_name, form.media_type)
    return File(name, form.media_type, _content(form, chunks, is_read), max(0, length - MAX_OVERHEAD_BYTES))


async def _content(form: "_FormParser", chunks: AsyncIterator[bytes], is_read: asyncio.Event) -> AsyncIterator[bytes]:
    while True:
        if data := form.take():
            yield data
        if form.is_over:
            is_read.set()
            return
        chunk = await anext(chunks, b"")
        if not chunk:
            raise BadBody("The form breaks off in the middle of the file.")
        form.feed(chunk)


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes, without empty chunks, unless it comes too slowly.

    Only the time of the sender counts, not that of Dify.
    """
    stream = request.stream()
    left = float(GRACE_SECONDS)
    try:
        while True:
            asked_at = time.monotonic()
            async with asyncio.timeout(min(IDLE_TIMEOUT_SECONDS, left)):
                chunk = await anext(stream)
            left += len(chunk) / MIN_BYTES_PER_SECOND - (time.monotonic() - asked_at)
            if chunk:
                yield chunk
    except StopAsyncIteration:
        return
    except TimeoutError:
        is_slow = left < IDLE_TIMEOUT_SECONDS
        words = "The body comes too slowly." if is_slow else f"Nothing came for {IDLE_TIMEOUT_SECONDS} seconds."
        raise BadBody(words, ResultCode.BAD_REQUEST) from None


def _boundary(request: Request) -> bytes:
    media_type, options = parse_options_header(request.headers.get("content-type"))
    if media_type != b"multipart/form-data" or not options.get(b"boundary"):
        raise BadBody("Send multipart/form-data with a part `file`.")
    return options[b"boundary"]


class _FormParser:
    """An incremental parser for the first part `file` with a file name."""

    def __init__(self, boundary: bytes) -> None:
        self.file_name = ""
        self.media_type = ""
        self.is_in_file = False
        self.is_over = False
        self._headers: dict[bytes, bytes] = {}
        self._field = self._value = b""
        self._data = bytearray()
        callbacks = {
            "on_part_begin": self._headers.clear,
            "on_header_field": self._add_to_field,
            "on_header_value": self._add_to_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": self._add_data,
            "on_part_end": self._end_part,
        }
        try:
            self._parser = MultipartParser(boundary, callbacks)  # type: ignore[arg-type]
        except FormParserError:
            raise BadBody("The form's boundary is too long.") from None

    def feed(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except FormParserError:
            raise BadBody("The form is not well-formed multipart/form-data.") from None

    def take(self) -> bytes:
        data = bytes(self._data)
        self._data.clear()
        return data

    def _add_to_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _add_to_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._headers[self._field.lower()] = self._value
        self._field = self._value = b""

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b"").decode("latin-1"))
        if self.is_over or options.get(b"name") != b"file" or b"filename" not in options:
            return
        self.is_in_file = True
        self.file_name = options[b"filename"].decode(errors="replace")
        self.media_type = _media_type(self._headers.get(b"content-type", b""))

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        if self.is_in_file and not self.is_over:
            self._data += data[start:end]

    def _end_part(self) -> None:
        self.is_over = self.is_over or self.is_in_file


def _media_type(value: bytes) -> str:
    """As given, if it is a valid header value."""
    text = value.decode("latin-1").strip()
    return text if "/" in text and text.isascii() and text.isprintable() else "application/octet-stream"
