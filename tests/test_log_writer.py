"""From events to lines: whatever an event holds, its line is written, and the next one too."""

import json
import logging
import time
from queue import SimpleQueue

import pytest

from service import log_limits, log_writer
from service.log_sinks import dropped_lines
from service.log_writer import LogWriter, json_line
from tests.conftest import PATIENCE_SECONDS


class Sink:
    """Keeps its lines."""

    def __init__(self, level=0):
        self.level = level
        self.lines = []
        self.is_ended = False
        self.written_bytes = 0

    def put(self, lines):
        self.lines += lines

    def end(self):
        self.is_ended = True

    def join(self, timeout):
        assert timeout <= log_writer.STALLED_SECONDS

    def events(self):
        return [json.loads(line) for line in self.lines]


@pytest.fixture
def queue():
    dropped_lines.clear()
    return SimpleQueue()


def event(name="turn.finished", **fields):
    return {"timestamp": "2026-01-01T00:00:00Z", "level": "info", "event": name, **fields}


def test_each_sink_gets_the_lines_of_its_level(queue):
    info, error = Sink(logging.INFO), Sink(logging.ERROR)
    writer = LogWriter(queue, [info, error])
    for level in (logging.INFO, logging.ERROR):
        queue.put((level, event(level=level)))
    writer.stop()
    assert [line["level"] for line in info.events()] == [logging.INFO, logging.ERROR]
    assert [line["level"] for line in error.events()] == [logging.ERROR]
    assert info.is_ended


class Unshowable:
    def __repr__(self):
        raise ValueError("no")


class Unreadable(dict):
    def items(self):
        raise ValueError("no")


class UnreadableText(str):
    __slots__ = ()

    def isprintable(self):
        raise ValueError("no")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (object, "<class 'object'>"),
        (Unshowable(), "<Unshowable whose repr raises ValueError>"),
        ([{"deep": Unshowable()}], [{"deep": "<Unshowable whose repr raises ValueError>"}]),
        (Unreadable(a=1), "{'a': 1}"),
        (UnreadableText("text\ud800"), "'text\\ud800'"),
        (float("nan"), None),
        (10**30, 10**30),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_json_cannot_say_is_written_as_python_would(value, shown):
    told = json.loads(json_line(event(value=value)))
    assert (told["event"], told["value"]) == ("turn.finished", shown)


@pytest.mark.parametrize("name", [123, None, Unshowable(), "x" * 10_000, "\ud800"])
def test_the_thread_survives_any_event(queue, name):
    sink = Sink()
    writer = LogWriter(queue, [sink])
    queue.put((logging.WARNING, event(name, client_address=Unshowable(), status=Unshowable())))
    queue.put((logging.INFO, event("next")))
    writer.stop()
    assert [line["event"] for line in sink.events()][1:] == ["next"]


def test_what_is_no_event_at_all_is_counted_and_the_thread_goes_on(queue):
    sink = Sink()
    writer = LogWriter(queue, [sink])
    queue.put("nothing of the kind")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not dropped_lines:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    queue.put((logging.INFO, event("next")))
    writer.stop()
    assert ([line["event"] for line in sink.events()], dropped_lines) == (["next"], {"queue": 1})


def test_more_than_may_wait_is_dropped_counted_and_told(queue, monkeypatch):
    monkeypatch.setattr(log_writer, "MAX_QUEUED", 10)
    sink = Sink()
    for number in range(100):
        queue.put((logging.INFO, event(number=number)))
    LogWriter(queue, [sink]).stop()
    first, told, *rest = sink.events()
    assert first["number"] == 0
    assert (told["event"], told["level"], told["sink"]) == ("logs.dropped", "warning", "queue")
    assert [line["number"] for line in rest] == list(range(1 + told["lines"], 100))
    assert dropped_lines == {"queue": told["lines"]}
    assert told["lines"] >= 89


def test_on_a_terminal_a_person_can_read_it(queue):
    terminal, file = Sink(), Sink()
    writer = LogWriter(queue, [terminal, file], terminal)
    queue.put((logging.INFO, event(status="done")))
    writer.stop()
    assert b"turn.finished" in terminal.lines[0]
    assert not terminal.lines[0].startswith(b"{")
    assert file.events()[0]["status"] == "done"


def test_what_cannot_be_made_readable_is_json_on_a_terminal_too(queue, monkeypatch):
    def fail(*_):
        raise ValueError

    monkeypatch.setattr(log_writer, "_render", fail)
    terminal = Sink()
    writer = LogWriter(queue, [terminal], terminal)
    queue.put((logging.INFO, event()))
    writer.stop()
    assert terminal.events() == [event()]


def test_at_the_end_the_limiter_tells_what_it_left_out(queue, monkeypatch):
    monkeypatch.setattr(log_limits, "LINES_PER_MINUTE", 1)
    sink = Sink()
    writer = LogWriter(queue, [sink])
    for _ in range(3):
        queue.put((logging.INFO, event(client_address="203.0.113.7")))
    writer.stop()
    assert [line.get("times") for line in sink.events()] == [None, 2]


class Blocked(Sink):
    """Has a target that blocks, or takes what it is given slowly, until so much is written."""

    def __init__(self, bytes_left):
        super().__init__()
        self.bytes_left = bytes_left

    def join(self, timeout):
        if self.bytes_left:
            self.bytes_left -= 1
            self.written_bytes += 1
        time.sleep(min(timeout, 0.01) if self.bytes_left else timeout)


def test_at_the_end_what_blocks_is_left_behind_and_what_is_written_on_is_waited_for(queue, monkeypatch):
    monkeypatch.setattr(log_writer, "STALLED_SECONDS", 0.2)
    blocked, slow = Blocked(0), Blocked(5)
    LogWriter(queue, [blocked, slow]).stop()
    assert slow.bytes_left == 0


def test_at_the_end_nothing_is_waited_for_without_end(queue, monkeypatch):
    monkeypatch.setattr(log_writer, "END_SECONDS", 0.2)
    slow = Blocked(1_000_000)
    LogWriter(queue, [slow]).stop()
    assert slow.bytes_left > 0
