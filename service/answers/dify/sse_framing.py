"""Incremental decoding of server-sent events (WHATWG HTML, "Interpreting an event stream"). No I/O.

Dify ends lines by LF only, and has raw U+2028 inside JSON, at which `splitlines` would split.
"""

import sys
from collections.abc import Callable

MAX_EVENT_BYTES = 1024 * 1024
MAX_TEXT_EVENT_BYTES = 16 * 1024 * 1024
"""A million characters, which is the longest answer that is kept, at twelve bytes: an escaped surrogate pair."""
HEAD_BYTES = 64 * 1024
_BOM = b"\xef\xbb\xbf"
_LONGEST_BLANK_LINE = 2


class EventTooLarge(Exception):
    """One text event is larger than MAX_TEXT_EVENT_BYTES."""


class SseDecoder:
    """Bytes in any pieces to the data of each complete event.

    Comments, other fields, and events without data (Dify's keep-alive is a bare `event: ping`) yield nothing. An event
    of more than `max_event_bytes` is truncated to HEAD_BYTES, unless it `is_text`, as its head tells: text may have
    `max_text_bytes`.
    """

    def __init__(
        self,
        max_event_bytes: int = MAX_EVENT_BYTES,
        is_text: Callable[[bytes], bool] = lambda _: False,
        max_text_bytes: int = MAX_TEXT_EVENT_BYTES,
    ) -> None:
        self._is_text = is_text
        self._max_event = self._limit = max_event_bytes
        self._max_text = max_text_bytes
        self._data: list[bytes] = []  # of the event so far
        self._line: list[bytes] = []  # the pieces of an incomplete line
        self._size = 0  # bytes of both
        self._is_truncated = False
        self._is_first_line = True

    def feed(self, chunk: bytes) -> list[bytes]:
        """Raises EventTooLarge as soon as a text event is, complete or not; feed no more then."""
        if not self._data and not self._line and len(chunk) < self._max_event and (whole := _whole_events(chunk)):
            return whole
        events: list[bytes] = []
        *lines, rest = chunk.split(b"\n")
        if lines and (self._line or self._is_first_line):
            lines[0] = self._complete_line(lines[0])
        for line in lines:
            self._end_line(line, events)
        if rest:
            self._add_to_line(rest)
        return events

    def finish(self) -> list[bytes]:
        """At the end of the stream: a last event that lacks only its blank line."""
        events: list[bytes] = []
        for line in (self._complete_line(b""), b""):
            self._end_line(line, events)
        return [event for event in events if event.endswith(b"}")]

    def _complete_line(self, rest: bytes) -> bytes:
        line = b"".join([*self._line, rest])
        self._size -= len(line) - len(rest)
        self._line.clear()
        if self._is_first_line:
            self._is_first_line = False
            line = line.removeprefix(_BOM)
        return line

    def _end_line(self, line: bytes, events: list[bytes]) -> None:
        if not line or line == b"\r":
            if self._data:
                events.append(b"\n".join(self._data))
            self._data, self._size, self._limit, self._is_truncated = [], 0, self._max_event, False
        elif line.startswith(b"data:") and not self._is_truncated:
            self._data.append(_data_of(line))
            self._size += len(line)
            if self._size > self._limit:
                self._check_kind()

    def _add_to_line(self, piece: bytes) -> None:
        self._line.append(piece)
        self._size += len(piece)
        if self._is_truncated:
            self._keep_start_of_line()
        elif self._size > self._limit:
            self._check_kind()

    def _check_kind(self) -> None:
        line = b"".join(self._line)
        data = [*self._data, _data_of(line)] if line.startswith(b"data:") else self._data
        head = b"\n".join(data)[:HEAD_BYTES]
        if not self._is_text(head):
            self._is_truncated, self._limit = True, sys.maxsize
            self._data = [head] if data else []
            self._keep_start_of_line()
        elif self._size > self._max_text:
            raise EventTooLarge
        else:
            self._limit = self._max_text

    def _keep_start_of_line(self) -> None:
        """Enough to see that it is not blank."""
        line = b"".join(self._line)[:_LONGEST_BLANK_LINE]
        self._line = [line] if line else []
        self._size = len(line)


def _data_of(line: bytes) -> bytes:
    return line[5:].removeprefix(b" ").removesuffix(b"\r")


def _whole_events(chunk: bytes) -> list[bytes] | None:
    """Of a chunk that has nothing else, as nearly always with Dify: each event one line of data, and a blank one."""
    if not chunk.startswith(b"data: ") or not chunk.endswith(b"\n\n"):
        return None
    events = chunk[6:-2].split(b"\n\ndata: ")
    return events if chunk.count(b"\n") == 2 * len(events) else None
