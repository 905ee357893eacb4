"""Cross-origin requests to /api: only pages of ALLOWED_ORIGINS get a reply, and may read it (CORS)."""

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from service.admission.origins import is_allowed
from service.result_codes import ResultCode
from service.web.responses import fail


class OriginGuard:
    """Requests without an origin, from other clients than pages, pass."""

    def __init__(self, app: ASGIApp, allowed: tuple[str, ...]) -> None:
        self._app = app
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/api/"):
            headers = Headers(scope=scope)
            origin = headers.get("origin")
            if origin is not None and not is_allowed(origin, headers.get("host", ""), self._allowed):
                words = f"Pages from {origin} may not ask here: see ALLOWED_ORIGINS."
                await fail(ResultCode.FORBIDDEN, words)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def origin_middleware(allowed: tuple[str, ...]) -> list[Middleware]:
    guard = Middleware(OriginGuard, allowed=allowed)
    if not allowed:
        return [guard]
    headers = ["Authorization", "Content-Type", "Continuation"]
    return [
        guard,
        Middleware(CORSMiddleware, allow_origins=allowed, allow_methods=["GET", "POST"], allow_headers=headers),
    ]
