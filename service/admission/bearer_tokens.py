"""Where a request carries its token. `?token=` is not among it: addresses are logged everywhere. No I/O."""

from collections.abc import Collection, Iterable

from service.admission.authentication import Reason, Scope, Unauthenticated
from service.admission.subprotocols import carried_token


def bearer_token(scope: Scope) -> str | None:
    """Of `Authorization: Bearer`, or of a WebSocket's subprotocol. Raises Unauthenticated where they are several."""
    offered = _of_subprotocols(scope.get("subprotocols", ()))
    tokens = offered | _of_headers(scope["headers"])
    if len(tokens) > 1:
        raise Unauthenticated(Reason.INVALID, "different tokens at once", by_close=bool(offered))
    return next(iter(tokens), None)


def is_by_subprotocol(scope: Scope) -> bool:
    return bool(_of_subprotocols(scope.get("subprotocols", ())))


def _of_subprotocols(names: Iterable[str]) -> set[str]:
    return {token for name in names if (token := carried_token(name)) is not None}


def _of_headers(headers: Collection[tuple[bytes, bytes]]) -> set[str]:
    """Other schemes are those of proxies, such as Basic."""
    values = [value.decode("latin-1").partition(" ") for name, value in headers if name == b"authorization"]
    return {token.strip() for scheme, _, token in values if scheme.lower() == "bearer"}
