"""Sinks: what blocks or fails loses only its own lines, counts them, and says so."""

import threading
import time

import pytest

from service import log_sinks
from service.log_sinks import Sink, dropped_lines
from tests.conftest import PATIENCE_SECONDS


class Target:
    """Takes lines, blocks or fails."""

    def __init__(self):
        self.written = b""
        self.is_open = threading.Event()
        self.is_open.set()
        self.is_waited_for = threading.Event()
        self.error = None
        self.failures = 0
        self.is_closed = False
        self.most = 1_000_000

    def write(self, data):
        self.is_waited_for.set()
        self.is_open.wait()
        if self.error is not None:
            self.failures += 1
            raise self.error
        self.written += data[: self.most]
        return min(self.most, len(data))

    def close(self):
        self.is_closed = True


@pytest.fixture
def target(monkeypatch):
    monkeypatch.setattr(log_sinks, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(log_sinks, "TELL_AGAIN_SECONDS", 0)
    dropped_lines.clear()
    return Target()


@pytest.fixture
def sink(target):
    sink = Sink("a", target)
    yield sink
    target.is_open.set()
    sink.end()
    sink.join(PATIENCE_SECONDS)
    assert target.is_closed


def until(condition):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_lines_are_written_in_order_however_little_is_taken_at_once(sink, target):
    target.most = 7
    lines = [b"line %d\n" % number for number in range(20)]
    sink.put(lines[:10])
    sink.put(lines[10:])
    until(lambda: target.written == b"".join(lines))


def test_much_is_written_a_piece_at_a_time_each_of_whole_lines(sink, target, monkeypatch):
    monkeypatch.setattr(log_sinks, "MAX_WRITE_BYTES", 20)
    pieces, write = [], target.write
    target.write = lambda data: (pieces.append(data), write(data))[1]
    sink.put([b"x" * 50 + b"\n", *[b"line %d\n" % number for number in range(5)]])
    until(lambda: len(target.written) == 86)
    assert pieces == [b"x" * 50 + b"\n", b"line 0\nline 1\n", b"line 2\nline 3\n", b"line 4\n"]


def test_while_it_blocks_nobody_waits_and_the_oldest_lines_are_dropped_counted_and_told(
    sink, target, monkeypatch, events
):
    monkeypatch.setattr(log_sinks, "MAX_WAITING_BYTES", 70)
    target.is_open.clear()
    sink.put([b"in hand\n"])
    assert target.is_waited_for.wait(PATIENCE_SECONDS)
    for number in range(100):
        sink.put([b"line %02d\n" % number])
    assert dropped_lines == {"a": 92}
    assert [(line["event"], line["sink"]) for line in events] == [("logs.failed", "a")]  # once, while it lasts
    target.is_open.set()
    until(lambda: len(events) == 2)
    assert target.written == b"in hand\n" + b"".join(b"line %02d\n" % number for number in range(92, 100))
    assert events[1] == {"event": "logs.dropped", "log_level": "warning", "sink": "a", "lines": 92}


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("anything")])
def test_what_fails_is_told_once_and_tried_again_until_it_is_written(sink, target, events, error):
    target.error = error
    sink.put([b"one\n"])
    until(lambda: events)
    sink.put([b"two\n"])
    time.sleep(0.1)  # several tries
    target.error = None
    until(lambda: target.written == b"one\ntwo\n")
    assert events == [{"event": "logs.failed", "log_level": "error", "sink": "a", "error": str(error)}]
    assert dropped_lines == {}


def test_a_sink_that_fails_now_and_works_then_does_not_say_so_each_time(sink, target, events, monkeypatch):
    monkeypatch.setattr(log_sinks, "TELL_AGAIN_SECONDS", 60)
    for line in (b"one\n", b"two\n"):
        target.error, before = OSError(28, "No space left on device"), target.failures
        sink.put([line])
        until(lambda before=before: target.failures > before)
        target.error = None
        until(lambda line=line: target.written.endswith(line))
    assert len(events) == 1


def test_at_the_end_it_is_tried_once_more_and_what_cannot_be_written_is_counted(target, events):
    sink = Sink("a", target)
    target.error = OSError(32, "Broken pipe")
    sink.put([b"one\n", b"two\n"])
    until(lambda: events)
    sink.end()
    sink.join(PATIENCE_SECONDS)
    assert (dropped_lines, target.is_closed) == ({"a": 2}, True)


def test_at_the_end_what_waits_is_written(target):
    sink = Sink("a", target)
    sink.put([b"one\n", b"two\n"])
    sink.end()
    sink.join(PATIENCE_SECONDS)
    assert (target.written, target.is_closed) == (b"one\ntwo\n", True)


def test_what_blocks_is_left_behind_at_the_end(sink, target):
    target.is_open.clear()
    sink.put([b"one\n"])
    sink.end()
    sink.join(0.01)
    assert not target.is_closed
