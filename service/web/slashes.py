"""/chat/ leads to /chat, and the like: by relative redirects, in place of Starlette's.

Those name scheme, host and path as the service sees them: behind a proxy that ends TLS, or takes a prefix away, they
lead elsewhere.
"""

from starlette.responses import RedirectResponse
from starlette.routing import Match, Router
from starlette.types import Receive, Scope, Send


def redirect_slashes(router: Router) -> None:
    """What no route takes is redirected, if a route takes it without the slashes at its end."""
    not_found = router.default

    async def redirect_or_not_found(scope: Scope, receive: Receive, send: Send) -> None:
        answer = RedirectResponse(_without_slashes(scope)) if _is_known_without_slashes(router, scope) else not_found
        await answer(scope, receive, send)

    router.redirect_slashes = False
    router.default = redirect_or_not_found


def _is_known_without_slashes(router: Router, scope: Scope) -> bool:
    path = scope["path"].rstrip("/")
    if scope["type"] != "http" or not path or not scope["raw_path"].endswith(b"/"):
        return False
    return any(route.matches({**scope, "path": path})[0] is not Match.NONE for route in router.routes)


def _without_slashes(scope: Scope) -> str:
    """Relative to the path of the request (RFC 3986, 5.2), and never to another host: it begins with dots."""
    raw = scope["raw_path"].decode("latin-1")
    kept = raw.rstrip("/")
    query = scope["query_string"].decode("latin-1")
    up = "../" * (len(raw) - len(kept))
    return f"{up}{kept.rpartition('/')[2]}" + (f"?{query}" if query else "")
