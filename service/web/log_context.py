"""Every line that a request or a connection causes tells its address."""

from collections.abc import Awaitable

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send


class LogContext:
    """ASGI middleware, inside whatever knows the address behind proxies."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """No coroutine of its own: it would be kept for as long as a connection."""
        if (client := scope.get("client")) is not None:
            structlog.contextvars.bind_contextvars(client_address=client[0])
        return self._app(scope, receive, send)
