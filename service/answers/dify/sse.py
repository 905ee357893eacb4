"""Incremental decoding of server-sent events (WHATWG HTML, "Interpreting an event stream"). No I/O.

Dify ends lines by LF only, and has raw U+2028 inside JSON, at which `splitlines` would split.
"""

MAX_EVENT_BYTES = 1024 * 1024


class EventTooLarge(Exception):
    """One event is larger than MAX_EVENT_BYTES."""


class SseDecoder:
    """Bytes in any pieces to the data of each complete event.

    Comments, other fields, and events without data (Dify's keep-alive is a bare `event: ping`) yield nothing.
    """

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max = max_event_bytes
        self._rest = b""
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """Raises EventTooLarge as soon as an event is, complete or not; feed no more then."""
        if not self._rest and not self._data and _is_one_event(chunk) and len(chunk) < self._max:
            return [chunk[6:-2]]
        events: list[bytes] = []
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                self._keep(line[5:].removeprefix(b" ").removesuffix(b"\r"))
            elif self._data and line in {b"", b"\r"}:
                events.append(b"\n".join(self._data))
                self._data, self._size = [], 0
        if self._size + len(self._rest) > self._max:
            raise EventTooLarge
        return events

    def _keep(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._max:
            raise EventTooLarge
        self._data.append(data)


def _is_one_event(chunk: bytes) -> bool:
    """The fast path: Dify sends nearly every event in a chunk of its own."""
    return chunk.startswith(b"data: ") and chunk.find(b"\n") == len(chunk) - 2 and chunk.endswith(b"\n\n")
