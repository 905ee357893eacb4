"""Records of the standard library's loggers, such as uvicorn's, as events."""

import logging
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import structlog

from service.log_limits import described
from service.log_writer import Events
from service.redaction import redacted

WEBSOCKET_LOGGER = "uvicorn.websockets"
"""Of each connection: its lines at INFO repeat ours, and to make them would take a twentieth of a handshake. Those at
DEBUG, frames and header fields, are wanted there.
"""
PROBES = {"/health", "/ready"}
"""Platforms ask for them every few seconds: what went well is told at DEBUG."""

_ACCESS_LOGGER = "uvicorn.access"
_SERVER_LOGGERS = ("uvicorn", "uvicorn.error", _ACCESS_LOGGER, WEBSOCKET_LOGGER)
_REQUEST_FIELDS = ("client_address", "method", "path", "http_version", "status")
_IRRELEVANT = (
    '%s - "WebSocket ',
    "connection open",
    "connection closed",
    "Invalid UTF-8 sequence received",
    "ASGI callable returned without completing",  # a refused handshake, or a reply that was cut off: we said why
)


def capture(queue: Events, level: int) -> None:
    logging.root.handlers = [_Handler(queue, level)]
    logging.root.setLevel(level)
    for name in _SERVER_LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
        logger.setLevel(logging.NOTSET)
    for name in ("uvicorn.error", WEBSOCKET_LOGGER):
        logging.getLogger(name).filters = [_is_relevant]
    is_debugging = level <= logging.DEBUG
    logging.getLogger(WEBSOCKET_LOGGER).setLevel(level if is_debugging else max(level, logging.WARNING))


def _is_relevant(record: logging.LogRecord) -> bool:
    """Uvicorn's lines on these repeat ours, or hold the query string or what a client sent."""
    return not str(record.msg).startswith(_IRRELEVANT)


class _Handler(logging.Handler):
    def __init__(self, queue: Events, level: int) -> None:
        super().__init__()
        self._queue = queue
        self._lowest = level

    def emit(self, record: logging.LogRecord) -> None:
        """Nothing is raised: the caller has other things to do."""
        request = _request_of(record)
        level = logging.DEBUG if _is_good_probe(request) else record.levelno
        if level < self._lowest:
            return
        event: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
            "level": logging.getLevelName(level).lower(),
            "event": "http.request" if request else redacted(_message_of(record)),
            "logger": record.name,
            **structlog.contextvars.get_contextvars(),
            **request,
        }
        if record.exc_info:
            event["exception"] = logging.Formatter().formatException(record.exc_info)
        self._queue.put((level, event))


def _request_of(record: logging.LogRecord) -> dict[str, Any]:
    """Of a line of uvicorn's access log: without the query, and without the port. Empty for any other."""
    arguments = record.args
    if record.name != _ACCESS_LOGGER or not isinstance(arguments, tuple) or len(arguments) != len(_REQUEST_FIELDS):
        return {}
    request = dict(zip(_REQUEST_FIELDS, arguments, strict=True))
    request["path"] = str(request["path"]).partition("?")[0]
    request["client_address"] = str(request["client_address"]).rpartition(":")[0]
    return request


def _is_good_probe(request: dict[str, Any]) -> bool:
    return bool(request) and request["path"] in PROBES and request["status"] == HTTPStatus.OK


def _message_of(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - arguments that do not fit the message, or cannot be shown
        return f"{record.msg} {described(record.args)}"
