"""python -m service: settings, logs, uvicorn. With `check`: check.py. With `worker`: a process of workers.py."""

import sys

from service import ending_signals

if __name__ == "__main__" and sys.argv[1:2] != ["check"]:
    ending_signals.exit_at_once()  # a signal may come while the rest is imported, which takes most of a second

import asyncio
import atexit
import gc
import logging
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import structlog
import uvicorn

from service import logs, open_files
from service.app import create_app
from service.check import check
from service.check_answers import MAX_LOAD
from service.http_protocol import HttpProtocol, IdleConnections
from service.listener import listen, reason, url
from service.server import Server
from service.settings import Settings
from service.settings_reader import SettingsError, read_settings
from service.websocket_protocol import WebSocketProtocol
from service.worker_numbers import ALONE, Worker
from service.workers import Workers

log = structlog.get_logger()

SHUTDOWN_TIMEOUT_SECONDS = 1
COLLECT_AFTER_OBJECTS = 30_000


def main() -> None:
    try:
        settings = read_settings()
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 - there is no log yet
        sys.exit(2)
    match sys.argv[1:]:
        case []:
            serve(settings)
        case ["worker", number, listener, lifeline, *folder]:
            serve_worker(settings, Worker(int(number), *map(Path, folder)), int(listener), int(lifeline))
        case ["check"]:
            run_check(settings)
        case ["check", "--load", number] if number in map(str, range(1, MAX_LOAD + 1)):
            run_check(settings, int(number))
        case _:
            print(f"Usage: python -m service [check [--load N]], N up to {MAX_LOAD}", file=sys.stderr)  # noqa: T201
            sys.exit(2)


def run_check(settings: Settings, load: int = 0) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    sys.exit(0 if asyncio.run(check(settings, load)) else 1)


def serve(settings: Settings) -> None:
    _set_up_process(settings)
    try:
        listener = listen(settings.host, settings.port)
    except OSError as error:
        host, port = settings.host, settings.port
        log.error("service.cannot_listen", host=host, port=port, error=str(error), fix=reason(error, host, port))  # noqa: TRY400
        sys.exit(1)
    if settings.reload:
        listener.close()
        ending_signals.exit_if_noted()
        ending_signals.restore()  # uvicorn's supervisor has its own
        uvicorn.run(
            "service.app:app", reload=True, reload_dirs=[str(Path(__file__).parent)], **server_options(settings)
        )
        return
    log.info("service.listening", url=url(listener))
    if settings.web_concurrency > 1:
        with _folder_of_numbers(settings) as folder:
            exit_code = asyncio.run(Workers(listener, settings.web_concurrency, folder).run())
        ending_signals.ignore()
        sys.exit(exit_code)
    _serve(settings, listener)


@contextmanager
def _folder_of_numbers(settings: Settings) -> Iterator[str | None]:
    """Where workers tell each other what /metrics is asked for. Where there is none, each tells of itself."""
    folder = None
    if settings.metrics_token:
        try:
            folder = tempfile.TemporaryDirectory(prefix="dify-live-", ignore_cleanup_errors=True)
        except OSError as error:
            log.warning("metrics.no_folder", error=str(error))
    try:
        yield None if folder is None else folder.name
    finally:
        if folder is not None:
            folder.cleanup()


def serve_worker(settings: Settings, worker: Worker, listener: int, lifeline: int) -> None:
    """One of several: accepts from an inherited listener, and drains when the other end of the lifeline is closed."""
    _set_up_process(settings)
    structlog.contextvars.bind_contextvars(worker=worker.number)
    _serve(settings, socket.socket(fileno=listener), lifeline, worker)


def _set_up_process(settings: Settings) -> None:
    ending_signals.note()
    atexit.register(_leave_console)  # the last of all
    logs.configure(settings)


def _leave_console() -> None:
    """A console that is gone, as that of a closed terminal, is no failure: Python would exit with 120 for it."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _serve(settings: Settings, listener: socket.socket, lifeline: int | None = None, worker: Worker = ALONE) -> None:
    app = create_app(settings, worker=worker)
    server = Server(uvicorn.Config(app, **server_options(settings)), app.state.drain, lifeline)
    _tune_garbage_collector()
    ending_signals.exit_if_noted()
    try:
        server.run(sockets=[listener])
    finally:
        ending_signals.ignore()


def _tune_garbage_collector() -> None:
    """Collect less often: by default, with thousands of ended turns, it takes some 6 % of the time of an answer."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER_OBJECTS, 20, 20)


def _event_loop() -> str:
    """Uvloop where there is one; not in asyncio's debug mode on Python 3.12 and later, where it ends the process by
    SIGSEGV when an asynchronous generator is left unfinished (uvloop, issue 715).
    """
    is_debugged = bool(os.environ.get("PYTHONASYNCIODEBUG")) and not sys.flags.ignore_environment
    return "asyncio" if is_debugged and sys.version_info >= (3, 12) else "auto"


def server_options(settings: Settings) -> dict[str, Any]:
    max_sockets = open_files.max_sockets(open_files.raise_limit(), settings.dify_max_concurrency)
    if settings.max_connections > max_sockets:
        log.warning("settings.too_many_connections", max_connections=settings.max_connections, fit=max_sockets)
    return {
        "host": settings.host,
        "port": settings.port,
        "loop": _event_loop(),
        "log_config": None,
        "http": partial(HttpProtocol, max_sockets, IdleConnections()),
        "ws": WebSocketProtocol,
        "ws_max_size": settings.websocket_max_size,
        "ws_per_message_deflate": False,  # costs 40 KiB a browser
        "ws_ping_interval": None,  # the supervisor's job
        "timeout_keep_alive": settings.http_keep_alive,
        "timeout_graceful_shutdown": SHUTDOWN_TIMEOUT_SECONDS,
        "server_header": False,
        "proxy_headers": False,  # see admission/proxy_headers.py
    }


if __name__ == "__main__":
    main()
