"""Logs of structlog and of the standard library: console, logs/info.log, logs/error.log.

The event loop's thread only puts events into a queue. One thread makes lines of them (log_writer.py), and each of the
three has a thread that writes them (log_sinks.py).
"""

import atexit
import logging
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

from service import log_records
from service.log_files import Console, LogFile
from service.log_limits import Entry
from service.log_sinks import Sink
from service.log_writer import Events, LogWriter
from service.settings import Settings

_LEVELS = {name.lower(): level for name, level in logging.getLevelNamesMapping().items()}


def configure(settings: Settings) -> Callable[[], None]:
    """Start logging. Returns a function that writes out what is left and stops; called at exit, if not before."""
    queue: Events = SimpleQueue()
    level = logging.getLevelNamesMapping()[settings.log_level]
    log_records.capture(queue, level)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _enqueue,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _QueueLogger(queue),
        cache_logger_on_first_use=True,
    )
    console = _console(is_shared=settings.web_concurrency > 1)
    files, error = _files(Path(settings.log_dir))
    if error is not None:
        structlog.get_logger().warning("logs.files_missing", folder=settings.log_dir, error=str(error))
    terminal = console[0] if console and sys.stdout.isatty() else None
    writer = LogWriter(queue, [*console, *files], terminal)
    ending = ExitStack()
    ending.callback(writer.stop)
    atexit.register(ending.close)
    return ending.close


def _console(*, is_shared: bool) -> list[Sink]:
    """None where standard output is closed."""
    with suppress(OSError, ValueError):
        return [Sink("console", Console(is_shared=is_shared))]
    return []


def _files(folder: Path) -> tuple[list[Sink], OSError | None]:
    """With the error for which there are none."""
    try:
        info, error = LogFile(folder / "info.log"), LogFile(folder / "error.log")
    except OSError as missing:
        return [], missing
    return [Sink("info.log", info, logging.INFO), Sink("error.log", error, logging.ERROR)], None


class _QueueLogger:
    """The logger behind structlog: every level puts the event into the queue."""

    def __init__(self, queue: Events) -> None:
        self.debug = self.info = self.warning = self.error = self.critical = queue.put


def _enqueue(logger: WrappedLogger, method: str, event: EventDict) -> tuple[tuple[Entry], dict[str, Any]]:
    first = {key: event.pop(key) for key in ("timestamp", "level", "event")}
    return ((_LEVELS[method], {**first, **event}),), {}
