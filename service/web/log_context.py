"""Every line that a request or a connection causes tells its address."""

from typing import Any

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send


class LogContext:
    """ASGI middleware, inside whatever knows the address behind proxies."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client: Any = scope.get("client")
        if client is not None:
            structlog.contextvars.bind_contextvars(client_address=client[0])
        await self._app(scope, receive, send)
