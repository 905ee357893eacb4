"""structlog, and the standard library's records with it: console, logs/info.log, logs/error.log.

Every event becomes a dict in the thread that tells it, goes through a queue, and is written by a thread of its own, so
that no disk stalls the event loop. Several processes may write the same files.
"""

import atexit
import logging
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from logging.handlers import QueueListener, RotatingFileHandler
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any, cast

import msgspec
import structlog
from structlog.typing import EventDict, WrappedLogger

from service.settings import Settings

if sys.platform != "win32":
    import fcntl  # where several processes are possible

MAX_FILE_BYTES = 10_000_000
BACKUPS = 5

_NO_NEWS = ('%s - "WebSocket ', "connection open", "connection closed", "Invalid UTF-8 sequence received")
_SERVER_LOGGERS = ("uvicorn", "uvicorn.error", "uvicorn.access")


def configure(settings: Settings) -> Callable[[], None]:
    """Start logging; the function returned writes out what is left and stops. It is called at exit, if not before."""
    queue: SimpleQueue[logging.LogRecord] = SimpleQueue()
    level = logging.getLevelNamesMapping()[settings.log_level]
    _take_standard_records(queue, level)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _as_record,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _Handover(queue),
        cache_logger_on_first_use=False,
    )
    listener, trouble = _listener(queue, Path(settings.log_dir), is_shared=settings.web_concurrency > 1)
    listener.start()
    if trouble is not None:
        structlog.get_logger().warning("logs.files_missing", folder=settings.log_dir, error=str(trouble))
    ending = ExitStack()
    for handler in listener.handlers:
        ending.callback(handler.close)
    ending.callback(listener.stop)
    atexit.register(ending.close)
    return ending.close


def _listener(
    queue: "SimpleQueue[logging.LogRecord]", folder: Path, *, is_shared: bool
) -> tuple[QueueListener, OSError | None]:
    """What writes; with an error where that is the console only."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        kind = _SharedFile if is_shared else RotatingFileHandler
        files = _file(kind, folder / "info.log", logging.INFO), _file(kind, folder / "error.log", logging.ERROR)
    except OSError as error:
        return QueueListener(queue, _console()), error
    listener = _InTurns(folder, queue) if is_shared else QueueListener(queue)
    listener.handlers, listener.respect_handler_level = (_console(), *files), True
    return listener, None


def _file(kind: type[RotatingFileHandler], path: Path, level: int) -> logging.Handler:
    handler = kind(path, maxBytes=MAX_FILE_BYTES, backupCount=BACKUPS, encoding="utf-8")
    handler.setLevel(level)
    handler.setFormatter(_JsonLine())
    return handler


class _InTurns(QueueListener):
    """Several processes that log to one folder, and one console, write one at a time."""

    def __init__(self, folder: Path, queue: "SimpleQueue[logging.LogRecord]") -> None:
        super().__init__(queue)
        self._folder = os.open(folder, os.O_RDONLY)

    def handle(self, record: logging.LogRecord) -> None:
        fcntl.flock(self._folder, fcntl.LOCK_EX)
        try:
            super().handle(record)
        finally:
            fcntl.flock(self._folder, fcntl.LOCK_UN)

    def stop(self) -> None:
        super().stop()
        os.close(self._folder)


class _SharedFile(RotatingFileHandler):
    """Notices when another process has rotated it."""

    def shouldRollover(self, record: logging.LogRecord) -> int:  # noqa: N802 - the standard library's name
        if self.stream is not None:
            self._catch_up(self.stream)
        return super().shouldRollover(record)

    def _catch_up(self, stream: IO[str]) -> None:
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(stream.fileno()), Path(self.baseFilename).stat()):
                stream.seek(0, os.SEEK_END)  # what others have written counts
                return
        stream.close()
        self.stream = None  # is opened anew


def _console() -> logging.Handler:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Readable() if sys.stdout.isatty() else _JsonLine())
    return handler


def _take_standard_records(queue: "SimpleQueue[logging.LogRecord]", level: int) -> None:
    logging.root.handlers = [_StandardRecords(queue)]
    logging.root.setLevel(level)
    for name in _SERVER_LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
        logger.setLevel(logging.NOTSET)
    logging.getLogger("uvicorn.error").filters = [_is_news]


def _is_news(record: logging.LogRecord) -> bool:
    """What the server says of each WebSocket repeats ours, or gives away the query string, or a client's nonsense."""
    return not str(record.msg).startswith(_NO_NEWS)


class _Handover:
    """What structlog writes to: puts the finished record into the queue."""

    def __init__(self, queue: "SimpleQueue[logging.LogRecord]") -> None:
        self.debug = self.info = self.warning = self.error = self.critical = queue.put_nowait


def _as_record(logger: WrappedLogger, method: str, event: EventDict) -> tuple[tuple[logging.LogRecord], dict[str, Any]]:
    return (_record(event, logging.getLevelNamesMapping()[method.upper()]),), {}


def _record(event: EventDict, level: int) -> logging.LogRecord:
    ordered = {key: event.pop(key) for key in ("timestamp", "level", "event")}
    ordered.update(event)
    return logging.LogRecord("service", level, "", 0, ordered, None, None)


class _StandardRecords(logging.Handler):
    """Brings the records of the standard library's loggers, uvicorn's first of all, into the same shape."""

    def __init__(self, queue: "SimpleQueue[logging.LogRecord]") -> None:
        super().__init__()
        self._queue = queue

    def emit(self, record: logging.LogRecord) -> None:
        event: EventDict = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "event": "http.request" if record.name == "uvicorn.access" else record.getMessage(),
            "logger": record.name,
            **structlog.contextvars.get_contextvars(),
        }
        if record.name == "uvicorn.access" and isinstance(record.args, tuple):
            event.update(zip(("peer", "method", "path", "http_version", "status"), record.args, strict=True))
            event["path"] = str(event["path"]).partition("?")[0]
        if record.exc_info:
            event["exception"] = logging.Formatter().formatException(record.exc_info)
        self._queue.put_nowait(_record(event, record.levelno))


class _JsonLine(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        return msgspec.json.encode(record.msg, enc_hook=repr).decode()


class _Readable(logging.Formatter):
    """The same event for a person at a terminal."""

    _render = structlog.dev.ConsoleRenderer()

    def format(self, record: logging.LogRecord) -> str:
        event: EventDict = dict(cast(EventDict, record.msg))  # the renderer takes it apart
        return str(self._render(None, "", event))
