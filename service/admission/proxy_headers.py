"""What proxies say of a connection, believed only from FORWARDED_ALLOW_IPS; in place of uvicorn's middleware.

That one believes loopback unless told otherwise, and where all are trusted takes the first address of
X-Forwarded-For, which a client can write.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from service.admission.addresses import LOOPBACK, Networks, source_of
from service.admission.authentication import Scope

log = structlog.get_logger()

PEER = "dify_live.peer"
"""In the scope of each request and connection: the host of the socket's own peer, before any forwarded address."""
ADDRESS = "dify_live.address"
"""In the scope: what quotas count by, or None where nobody is counted by it."""
_SCHEMES = frozenset(("http", "https", "ws", "wss"))

_ASGIApp = Callable[[Scope, Any, Any], Awaitable[None]]


class ProxyHeaders:
    """ASGI middleware: sets PEER, ADDRESS, `client`, and the scheme, for which loopback is believed, too."""

    def __init__(self, app: _ASGIApp, trusted: Networks) -> None:
        self._app = app
        self._trusted = trusted
        self._has_told = False

    def __call__(self, scope: Scope, receive: Any, send: Any) -> Awaitable[None]:
        """No coroutine of its own: it would be kept for as long as a connection."""
        if scope["type"] != "lifespan":
            self._read(scope)
        return self._app(scope, receive, send)

    def _read(self, scope: Scope) -> None:
        peer, port = scope.get("client") or ("", 0)
        source = source_of(peer, scope["headers"], self._trusted)
        scope[PEER], scope[ADDRESS] = peer, source.address
        if source.client != peer:
            scope["client"] = source.client, 0
        if peer in self._trusted or peer in LOOPBACK:
            _read_scheme(scope)
        if source.is_unproven and not self._has_told:
            self._has_told = True
            words = "a proxy's headers, from no address of FORWARDED_ALLOW_IPS: nobody is counted by their address"
            log.warning("proxy.not_trusted", peer=peer, port=port, why=words)


def _read_scheme(scope: Scope) -> None:
    value = next((value for name, value in scope["headers"] if name == b"x-forwarded-proto"), b"")
    scheme = value.decode("latin-1").strip()
    if scheme in _SCHEMES:
        scope["scheme"] = scheme.replace("http", "ws") if scope["type"] == "websocket" else scheme
