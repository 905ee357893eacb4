"""The standard library's records as events."""

import logging
from queue import SimpleQueue

import pytest
import structlog

from service import log_records


@pytest.fixture
def capture():
    """Capture at a level; returns what is in the queue. All is put back afterwards."""
    loggers = [logging.root, *map(logging.getLogger, log_records._SERVER_LOGGERS)]
    before = [(each, each.handlers[:], each.level, each.filters[:], each.propagate) for each in loggers]
    queue = SimpleQueue()

    def captured(level=logging.INFO):
        log_records.capture(queue, level)

        def events():
            return [queue.get() for _ in range(queue.qsize())]

        return events

    yield captured
    for logger, handlers, level, filters, propagate in before:
        logger.handlers, logger.filters, logger.propagate = handlers, filters, propagate
        logger.setLevel(level)


def access(path, status=200, peer="10.0.0.1:5"):
    line = '%s - "%s %s HTTP/%s" %d'
    logging.getLogger("uvicorn.access").info(line, peer, "GET", path, "1.1", status)


def test_records_have_the_shape_of_events(capture):
    events = capture()
    structlog.contextvars.bind_contextvars(worker=2)
    logging.getLogger("uvicorn.error").info("Started server process [%d]", 7)
    ((level, event),) = events()
    assert list(event) == ["timestamp", "level", "event", "logger", "worker"]
    assert (level, event["level"], event["event"]) == (logging.INFO, "info", "Started server process [7]")
    assert event["timestamp"].endswith("Z")


def test_an_exception_comes_with_its_stack(capture):
    events = capture()
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        logging.getLogger("asyncio").exception("Task exception was never retrieved")
    ((_, event),) = events()
    assert "ZeroDivisionError" in event["exception"]


def test_a_request_is_told_in_fields_without_its_query(capture):
    events = capture()
    access("/docs?token=secret")
    ((_, event),) = events()
    assert (event["event"], event["path"], event["status"], event["client_address"]) == (
        "http.request", "/docs", 200, "10.0.0.1",
    )  # fmt: skip


@pytest.mark.parametrize("path", ["/health", "/ready", "/ready?verbose=1"])
def test_a_probe_that_went_well_is_told_at_debug_only(capture, path):
    events = capture()
    access(path)
    access(path, 503)
    assert [(event["level"], event["status"]) for _, event in events()] == [("info", 503)]
    events = capture(logging.DEBUG)
    access(path)
    assert [(level, event["level"]) for level, event in events()] == [(logging.DEBUG, "debug")]


def test_the_server_s_own_word_on_what_we_have_told_is_left_out(capture):
    events = capture()
    logging.getLogger("uvicorn.error").error("ASGI callable returned without completing response.")
    logging.getLogger("uvicorn.error").info('%s - "WebSocket %s" [accepted]', "10.0.0.1:5", "/ws/chat?token=secret")
    logging.getLogger("uvicorn.error").info("connection open")
    logging.getLogger(log_records.WEBSOCKET_LOGGER).info("> TEXT")
    assert events() == []


class Unshowable:
    def __repr__(self):
        raise ValueError("no")


@pytest.mark.parametrize(("arguments", "shown"), [(("x",), "%d ('x',)"), ((Unshowable(), 1), "%d <tuple whose repr")])
def test_what_does_not_fit_its_message_raises_nothing_where_it_is_logged(capture, arguments, shown):
    events = capture()
    logging.getLogger("anything").warning("%d", *arguments)
    ((_, event),) = events()
    assert event["event"].startswith(shown)


def test_a_line_of_the_access_log_that_has_other_fields_is_told_as_it_is(capture):
    events = capture()
    logging.getLogger("uvicorn.access").info("%s", "odd")
    assert [event["event"] for _, event in events()] == ["odd"]
