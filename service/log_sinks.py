"""Where log lines go, each for itself: one that blocks or fails costs neither the others nor the service anything."""

import time
from collections import Counter, deque
from collections.abc import Sequence
from threading import Condition, Event, Thread
from typing import Protocol

import structlog

MAX_WAITING_BYTES = 4 * 1024 * 1024
"""Of one sink; beyond that the oldest lines are dropped."""
MAX_WRITE_BYTES = 64 * 1024
RETRY_SECONDS = 1.0
TELL_AGAIN_SECONDS = 60.0
"""A sink that fails now and works then says so once in that time."""

dropped_lines: Counter[str] = Counter()
"""Of this process since its start, by the name of the sink."""


class Target(Protocol):
    def write(self, data: bytes) -> int:
        """Returns how many bytes were written, one at least. May block. Raises OSError."""

    def close(self) -> None: ...


class Sink:
    """Writes lines of `level` and above to its target, in a thread of its own.

    What cannot be written waits, and is tried again every RETRY_SECONDS. `logs.failed` tells the other sinks that this
    one fails, `logs.dropped`, as soon as it works again, how many lines it lost.
    """

    def __init__(self, name: str, target: Target, level: int = 0) -> None:
        self.level = level
        self.written_bytes = 0
        self._name = name
        self._target = target
        self._lines: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._untold = 0
        self._is_failing = False
        self._tell_after = 0.0
        self._changed = Condition()
        self._ending = Event()
        self._thread = Thread(target=self._run, name=f"logs {name}", daemon=True)
        self._thread.start()

    def put(self, lines: Sequence[bytes]) -> None:
        """Each ends with a line feed. Returns at once."""
        with self._changed:
            self._lines += lines
            self._waiting_bytes += sum(map(len, lines))
            is_full = self._waiting_bytes > MAX_WAITING_BYTES
            while self._waiting_bytes > MAX_WAITING_BYTES:
                self._waiting_bytes -= len(self._lines.popleft())
                self._drop(1)
            self._changed.notify()
        if is_full:
            self._tell_failure(TimeoutError("It takes no lines at present, and the oldest that wait are dropped."))

    def end(self) -> None:
        """Write what waits, once, and no more."""
        with self._changed:
            self._ending.set()
            self._changed.notify()

    def join(self, timeout: float) -> None:
        """Wait for that end, up to so many seconds: a target that blocks is left behind with its thread."""
        self._thread.join(timeout)

    def _run(self) -> None:
        while chunk := self._next_chunk():
            self._write(chunk)
        self._target.close()

    def _next_chunk(self) -> bytes:
        """Whole lines; nothing at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._lines or self._ending.is_set())
            chunk: list[bytes] = []
            size = 0
            while self._lines and (not chunk or size + len(self._lines[0]) <= MAX_WRITE_BYTES):
                chunk.append(self._lines.popleft())
                size += len(chunk[-1])
            self._waiting_bytes -= size
        return b"".join(chunk)

    def _write(self, chunk: bytes) -> None:
        while chunk:
            try:
                written = self._target.write(chunk)
            except Exception as error:  # noqa: BLE001 - whatever it is, the thread goes on
                if self._ending.is_set():
                    self._drop(chunk.count(b"\n"))
                    return
                self._tell_failure(error)
                self._ending.wait(RETRY_SECONDS)
            else:
                chunk = chunk[written:]
                self.written_bytes += written
                self._is_failing = False
        if self._untold:
            self._tell_dropped()

    def _drop(self, lines: int) -> None:
        self._untold += lines
        dropped_lines[self._name] += lines

    def _tell_failure(self, error: Exception) -> None:
        now, is_news = time.monotonic(), not self._is_failing
        self._is_failing = True
        if is_news and now >= self._tell_after:
            self._tell_after = now + TELL_AGAIN_SECONDS
            structlog.get_logger().error("logs.failed", sink=self._name, error=str(error))

    def _tell_dropped(self) -> None:
        with self._changed:
            lines, self._untold = self._untold, 0
        structlog.get_logger().warning("logs.dropped", sink=self._name, lines=lines)
