"""Cross-origin requests to /api: only pages of ALLOWED_ORIGINS get a reply, and may read it (CORS)."""

from collections.abc import Awaitable

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from service.admission.host_check import HostCheck
from service.admission.origins import is_allowed
from service.result_codes import ResultCode
from service.web.responses import fail


class ApiGuard:
    """Refuses foreign hosts and origins. Requests without an origin, from other clients than pages, pass."""

    def __init__(self, app: ASGIApp, hosts: HostCheck, allowed: tuple[str, ...]) -> None:
        self._app = app
        self._hosts = hosts
        self._allowed = allowed

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """No coroutine of its own: it would be kept for as long as a connection."""
        if scope["type"] == "http" and scope["path"].startswith("/api/") and (refusal := self._refusal(scope)):
            return fail(ResultCode.FORBIDDEN, refusal)(scope, receive, send)
        return self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> str | None:
        """In words."""
        headers = Headers(scope=scope)
        host, origin, client = headers.get("host", ""), headers.get("origin"), scope.get("client")
        if (refusal := self._hosts.refusal(host, client and client[0])) is not None:
            return refusal
        if origin is not None and not is_allowed(origin, host, self._allowed):
            return f"Pages from {origin} may not ask here: see ALLOWED_ORIGINS."
        return None


class _Cors(CORSMiddleware):
    """Lets those read who may ask: the own origin needs no permission of this kind."""

    def is_allowed_origin(self, origin: str) -> bool:
        return is_allowed(origin, "", tuple(self.allow_origins))


def api_middleware(hosts: HostCheck, allowed: tuple[str, ...]) -> list[Middleware]:
    guard = Middleware(ApiGuard, hosts=hosts, allowed=allowed)
    if not allowed:
        return [guard]
    headers = ["Authorization", "Content-Type", "Continuation"]
    return [guard, Middleware(_Cors, allow_origins=allowed, allow_methods=["GET", "POST"], allow_headers=headers)]
