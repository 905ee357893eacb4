"""Logs of structlog and of the standard library: console, logs/info.log, logs/error.log.

A thread writes them from a queue, so that no disk stalls the event loop. Several processes may write the same files.
"""

import atexit
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import IO, Any

import msgspec
import structlog
from structlog.typing import EventDict, WrappedLogger

from service.log_limits import Entry, LineLimiter, sanitize
from service.redaction import redacted
from service.settings import Settings

if sys.platform != "win32":
    import fcntl

MAX_FILE_BYTES = 10_000_000
BACKUPS = 5
BATCH_SECONDS = 0.05
MAX_BATCH = 1_000

WEBSOCKET_LOGGER = "uvicorn.websockets"
"""Of each connection: its lines at INFO repeat ours, and to make them would take a twentieth of a handshake."""
Events = SimpleQueue[Entry | None]
"""Ends with None."""

_IRRELEVANT = (
    '%s - "WebSocket ',
    "connection open",
    "connection closed",
    "Invalid UTF-8 sequence received",
    "ASGI callable returned without completing",  # a refused handshake, or a reply that was cut off: we said why
)
_SERVER_LOGGERS = ("uvicorn", "uvicorn.error", "uvicorn.access", WEBSOCKET_LOGGER)
_LEVELS = {name.lower(): level for name, level in logging.getLevelNamesMapping().items()}
_render = structlog.dev.ConsoleRenderer()


def configure(settings: Settings) -> Callable[[], None]:
    """Start logging. Returns a function that writes out what is left and stops; called at exit, if not before."""
    queue: Events = SimpleQueue()
    level = logging.getLevelNamesMapping()[settings.log_level]
    _capture_standard_records(queue, level)
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
    writer, error = _writer(queue, Path(settings.log_dir), is_shared=settings.web_concurrency > 1)
    if error is not None:
        structlog.get_logger().warning("logs.files_missing", folder=settings.log_dir, error=str(error))
    ending = ExitStack()
    ending.callback(writer.stop)
    atexit.register(ending.close)
    return ending.close


def _writer(queue: Events, folder: Path, *, is_shared: bool) -> tuple["_Writer", OSError | None]:
    """With the error for which it writes to the console only."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        kind = _SharedFile if is_shared else RotatingFileHandler
        files = _file(kind, folder / "info.log", logging.INFO), _file(kind, folder / "error.log", logging.ERROR)
    except OSError as error:
        return _Writer(queue, []), error
    return _Writer(queue, files, folder if is_shared else None), None


def _file(kind: type[RotatingFileHandler], path: Path, level: int) -> logging.Handler:
    handler = kind(path, maxBytes=MAX_FILE_BYTES, backupCount=BACKUPS, encoding="utf-8")
    handler.setLevel(level)
    return handler


class _Writer:
    """Writes a batch each BATCH_SECONDS: one event at a time would slow answers down.

    Processes that share a `folder`, and a console, write in turn.
    """

    def __init__(self, queue: Events, files: Sequence[logging.Handler], folder: Path | None = None) -> None:
        self._queue = queue
        self._files = files
        self._folder = os.open(folder, os.O_RDONLY) if folder is not None else None
        self._console = logging.StreamHandler(sys.stdout)
        self._is_terminal = sys.stdout.isatty()
        self._limiter = LineLimiter(time.monotonic())
        self._ending = Event()
        self._thread = Thread(target=self._run, name="logs", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ending.set()
        self._queue.put(None)
        self._thread.join()
        for handler in (self._console, *self._files):
            handler.close()
        if self._folder is not None:
            os.close(self._folder)

    def _run(self) -> None:
        entries: list[Entry | None] = []
        while None not in entries:
            entries = self._next_entries()
            lines = self._limiter.passed((one for one in entries if one is not None), time.monotonic())
            if None in entries:
                lines += self._limiter.left_out(time.monotonic())
            with self._exclusive():
                self._write(lines)

    def _next_entries(self) -> list[Entry | None]:
        """A batch; an empty one where the limiter has something to tell."""
        try:
            entries = [self._queue.get(timeout=self._limiter.seconds_left(time.monotonic()))]
        except Empty:
            return []
        self._ending.wait(BATCH_SECONDS)
        while not self._queue.empty() and len(entries) < MAX_BATCH:
            entries.append(self._queue.get())
        return entries

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        if self._folder is None:
            yield
            return
        fcntl.flock(self._folder, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._folder, fcntl.LOCK_UN)

    def _write(self, entries: list[Entry]) -> None:
        for _, event in entries:
            sanitize(event)
        lines = [(level, _json(event)) for level, event in entries]
        _emit(
            self._console,
            [_readable(event) for _, event in entries] if self._is_terminal else [line for _, line in lines],
        )
        for file in self._files:
            _emit(file, [line for level, line in lines if level >= file.level])


def _emit(handler: logging.Handler, lines: list[str]) -> None:
    if lines:
        handler.handle(logging.LogRecord("service", logging.CRITICAL, "", 0, "\n".join(lines), None, None))


def _json(event: EventDict) -> str:
    return msgspec.json.encode(event, enc_hook=repr).decode()


def _readable(event: EventDict) -> str:
    return str(_render(None, "", dict(event)))  # which removes keys


class _SharedFile(RotatingFileHandler):
    """Reopens the file when another process has rotated it."""

    def shouldRollover(self, record: logging.LogRecord) -> int:  # noqa: N802 - the standard library's name
        if self.stream is not None:
            self._catch_up(self.stream)
        return super().shouldRollover(record)

    def _catch_up(self, stream: IO[str]) -> None:
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(stream.fileno()), Path(self.baseFilename).stat()):
                stream.seek(0, os.SEEK_END)  # counts what other processes have written
                return
        stream.close()
        self.stream = None  # to be opened again


def _capture_standard_records(queue: Events, level: int) -> None:
    logging.root.handlers = [_StandardRecords(queue)]
    logging.root.setLevel(level)
    for name in _SERVER_LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
        logger.setLevel(logging.NOTSET)
    for name in ("uvicorn.error", WEBSOCKET_LOGGER):
        logging.getLogger(name).filters = [_is_relevant]
    if level > logging.DEBUG:
        logging.getLogger(WEBSOCKET_LOGGER).setLevel(max(level, logging.WARNING))


def _is_relevant(record: logging.LogRecord) -> bool:
    """Uvicorn's lines on these repeat ours, or hold the query string or what a client sent."""
    return not str(record.msg).startswith(_IRRELEVANT)


class _QueueLogger:
    """The logger behind structlog: every level puts the event into the queue."""

    def __init__(self, queue: Events) -> None:
        self.debug = self.info = self.warning = self.error = self.critical = queue.put


def _enqueue(logger: WrappedLogger, method: str, event: EventDict) -> tuple[tuple[Entry], dict[str, Any]]:
    return (_entry(_LEVELS[method], event),), {}


def _entry(level: int, event: EventDict) -> Entry:
    first = {key: event.pop(key) for key in ("timestamp", "level", "event")}
    return level, {**first, **event}


class _StandardRecords(logging.Handler):
    """Converts records of the standard library's loggers, such as uvicorn's."""

    def __init__(self, queue: Events) -> None:
        super().__init__()
        self._queue = queue

    def emit(self, record: logging.LogRecord) -> None:
        event: EventDict = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "event": "http.request" if record.name == "uvicorn.access" else redacted(record.getMessage()),
            "logger": record.name,
            **structlog.contextvars.get_contextvars(),
        }
        if record.name == "uvicorn.access" and isinstance(record.args, tuple):
            event.update(zip(("client_address", "method", "path", "http_version", "status"), record.args, strict=True))
            event["path"] = str(event["path"]).partition("?")[0]
            event["client_address"] = str(event["client_address"]).rpartition(":")[0]
        if record.exc_info:
            event["exception"] = logging.Formatter().formatException(record.exc_info)
        self._queue.put(_entry(record.levelno, event))
