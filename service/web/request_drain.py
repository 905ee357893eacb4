"""While the service drains, requests under way are finished, and new calls of /api are refused."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.chat.drain import restart_refusal
from service.in_flight import InFlight
from service.result_codes import ResultCode
from service.web.responses import UNCACHED, Reply, fail

log = structlog.get_logger()

UNREAD_BODY_SECONDS = 0.5
"""So long is a body read on whose sender was refused: closing with unread data would reset the connection."""


class RequestDrain:
    """ASGI middleware. `requests` are under way from their heads to the ends of their replies."""

    def __init__(self, app: ASGIApp, requests: InFlight, is_closing: Callable[[], bool]) -> None:
        self._app = app
        self._requests = requests
        self._is_closing = is_closing

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Without a coroutine of its own around a WebSocket, which would keep it."""
        if scope["type"] != "http":
            return self._app(scope, receive, send)
        if self._is_closing() and scope["path"].startswith("/api/"):
            return _refuse(receive, send)
        return self._track(scope, receive, send)

    async def _track(self, scope: Scope, receive: Receive, send: Send) -> None:
        reply = _Reply(send)
        with self._requests.track() as work:
            try:
                async with work.lifetime:
                    await self._app(scope, receive, reply.send)
            except TimeoutError:
                if not work.lifetime.expired():
                    raise
                log.warning("request.cut_off", path=scope["path"])
                if not reply.has_begun:  # else it is left without an end: its client notices
                    await _refuse(receive, send)


class _Reply:
    def __init__(self, send: Send) -> None:
        self._send = send
        self.has_begun = False

    async def send(self, message: Message) -> None:
        await self._send(message)
        self.has_begun = True


async def _refuse(receive: Receive, send: Send) -> None:
    reply = _refusal()
    await send({"type": "http.response.start", "status": reply.status_code, "headers": reply.raw_headers})
    await send({"type": "http.response.body", "body": reply.body, "more_body": True})
    with suppress(TimeoutError):
        async with asyncio.timeout(UNREAD_BODY_SECONDS):
            while (await receive()).get("more_body"):
                pass
    await send({"type": "http.response.body"})


def _refusal() -> Reply:
    """The connection is closed, so that a proxy asks another process."""
    refusal = restart_refusal()
    headers = UNCACHED | refusal.headers | {"Connection": "close"}
    return fail(ResultCode.UNAVAILABLE, refusal.message, headers, refusal.data)
