"""Every line that a request or a connection causes tells its address, and the trace that it belongs to."""

from collections.abc import Awaitable

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from service import trace_context


class LogContext:
    """ASGI middleware, inside whatever knows the address behind proxies."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """No coroutine of its own: it would be kept for as long as a connection."""
        if (client := scope.get("client")) is not None:
            structlog.contextvars.bind_contextvars(client_address=client[0])
        if (trace := trace_context.trace_of(scope.get("headers", ()))) is not None:
            trace_context.current.set(trace)
            structlog.contextvars.bind_contextvars(trace_id=trace.id)
        return self._app(scope, receive, send)
