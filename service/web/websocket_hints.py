"""Plain HTTP requests under /ws: what they lack."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from service.result_codes import ResultCode
from service.web.responses import fail

_UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade"}  # RFC 9110, 15.5.22


class _UpgradeRequired:
    """With any method."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        words = "Connect here with a WebSocket. A proxy in between has to pass on the headers Upgrade and Connection."
        await fail(ResultCode.UPGRADE_REQUIRED, words, _UPGRADE)(scope, receive, send)


async def _not_found(request: Request) -> Response:
    return fail(ResultCode.NOT_FOUND, "There is nothing here: connect a WebSocket to /ws/chat or /ws/chat/{client_id}.")


HINTS = [
    Route("/ws/chat", _UpgradeRequired()),
    Route("/ws/chat/{client_id}", _UpgradeRequired()),
    Route("/ws", _not_found),
    Route("/ws/{path:path}", _not_found),
]
