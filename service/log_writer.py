"""The thread that makes lines of events, and hands them to the sinks. It does no I/O, so that nothing delays it."""

import logging
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Event, Thread

import msgspec
import structlog

from service.log_limits import Entry, LineLimiter, cut_text, described, sanitize, timestamp
from service.log_limits import Event as LogEvent
from service.log_sinks import Sink, dropped_lines

BATCH_SECONDS = 0.05
MAX_BATCH = 1_000
MAX_QUEUED = 20_000
"""Events that wait for the thread; beyond that the oldest are dropped."""
STALLED_SECONDS, END_SECONDS = 0.7, 5.0
QUEUE = "queue"
"""As a sink among those that drop lines."""

Events = SimpleQueue[Entry | None]
"""None only wakes the thread."""

_render = structlog.dev.ConsoleRenderer()


class LogWriter:
    """Writes a batch each BATCH_SECONDS: one event at a time would slow answers down.

    The `terminal`, if there is one, is the sink whose lines a person reads; all others get JSON.
    """

    def __init__(self, queue: Events, sinks: Sequence[Sink], terminal: Sink | None = None) -> None:
        self._queue = queue
        self._sinks = sinks
        self._terminal = terminal
        self._limiter = LineLimiter(time.monotonic())
        self._ending = Event()
        self._thread = Thread(target=self._run, name="logs", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write out what is left. What blocks is left behind after STALLED_SECONDS, what is slow after END_SECONDS."""
        give_up_at = time.monotonic() + END_SECONDS
        self._ending.set()
        self._queue.put(None)
        self._thread.join(END_SECONDS)
        for sink in self._sinks:
            sink.end()
        before, written = -1, 0
        while before != written and time.monotonic() < give_up_at:
            before, stalled_at = written, time.monotonic() + STALLED_SECONDS
            for sink in self._sinks:
                sink.join(max(0, stalled_at - time.monotonic()))
            written = sum(sink.written_bytes for sink in self._sinks)

    def _run(self) -> None:
        is_over = False
        while not is_over:
            entries = self._next_entries()
            is_over = self._ending.is_set() and self._queue.empty()
            try:
                self._write(self._passed(entries, is_over=is_over))
            except Exception:  # noqa: BLE001 - the thread survives any event
                dropped_lines[QUEUE] += len(entries)

    def _next_entries(self) -> list[Entry]:
        """A batch; an empty one where the limiter has something to tell."""
        try:
            entries = [self._queue.get(timeout=self._limiter.seconds_left(time.monotonic()))]
        except Empty:
            return []
        if self._queue.qsize() < MAX_BATCH:
            self._ending.wait(BATCH_SECONDS)
        entries += self._without_excess()
        with suppress(Empty):
            while len(entries) < MAX_BATCH:
                entries.append(self._queue.get_nowait())
        return [entry for entry in entries if entry is not None]

    def _without_excess(self) -> list[Entry | None]:
        """Drops what is too much; returns a line on it, if anything was."""
        excess = self._queue.qsize() - MAX_QUEUED
        if excess <= 0:
            return []
        for _ in range(excess):
            self._queue.get_nowait()
        dropped_lines[QUEUE] += excess
        first = {"timestamp": timestamp(), "level": "warning", "event": "logs.dropped"}
        return [(logging.WARNING, first | {"sink": QUEUE, "lines": excess})]

    def _passed(self, entries: list[Entry], *, is_over: bool) -> list[Entry]:
        now = time.monotonic()
        passed = self._limiter.passed(entries, now)
        return [*passed, *self._limiter.left_out(now)] if is_over else passed

    def _write(self, entries: Iterable[Entry]) -> None:
        lines = [(level, json_line(event), event) for level, event in entries]
        for sink in self._sinks:
            if sink is self._terminal:
                own = [_readable_line(event, line) for _, line, event in lines]
            else:
                own = [line for level, line, _ in lines if level >= sink.level]
            if own:
                sink.put(own)


def json_line(event: LogEvent) -> bytes:
    """Sanitizes the event. What cannot be encoded is written as what it is."""
    try:
        sanitize(event)
        return msgspec.json.encode(event, enc_hook=described) + b"\n"
    except Exception:  # noqa: BLE001 - objects may do anything when they are looked at
        plain = {name: value if type(value) is str else described(value) for name, value in event.items()}
        return msgspec.json.encode({name: cut_text(text) for name, text in plain.items()}) + b"\n"


def _readable_line(event: LogEvent, line: bytes) -> bytes:
    """Of a sanitized event; what cannot be rendered is JSON here, too."""
    try:
        text = str(_render(None, "", dict(event)))  # which removes keys
        return text.encode(sys.stdout.encoding, "backslashreplace") + b"\n"
    except Exception:  # noqa: BLE001 - as above
        return line
