"""METRICS_TOKEN and ADMIN_TOKEN: what shows that an operator asks."""

import hmac

from starlette.requests import Request


def carries(request: Request, *tokens: str) -> bool:
    """Whether `Authorization: Bearer` has one of these; one that is empty is none. In the same time, right or wrong."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return False
    said = given.strip().encode("latin-1")
    return any(token != "" and hmac.compare_digest(said, token.encode()) for token in tokens)
