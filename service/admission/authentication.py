"""How users prove who they are, and why one is not believed. No I/O."""

from collections.abc import MutableMapping
from enum import StrEnum
from typing import Any, Protocol

from service.admission.caller import Principal

Scope = MutableMapping[str, Any]
"""ASGI's, of a request or of a WebSocket handshake."""


class Reason(StrEnum):
    """Stable words for clients."""

    MISSING = "token_missing"
    INVALID = "token_invalid"
    EXPIRED = "token_expired"
    UNAVAILABLE = "auth_unavailable"
    CROWDED = "too_many_unauthenticated"


class Unauthenticated(Exception):
    """`why` is for the log, and holds no token. `by_close`: a page is to hear of it, and a page cannot see the HTTP
    status of a refused handshake, only the close code of an accepted one.
    """

    def __init__(self, reason: Reason, why: str, *, by_close: bool = False) -> None:
        super().__init__(f"{reason}: {why}")
        self.reason = reason
        self.why = why
        self.by_close = by_close


class Tokens(Protocol):
    """Users have tokens, which may also come after the handshake."""

    async def verify(self, token: str) -> Principal:
        """Raises Unauthenticated."""


class Authenticator(Protocol):
    @property
    def tokens(self) -> Tokens | None: ...

    async def identify(self, scope: Scope) -> Principal | None:
        """By the head of a request; None where it offers no token. Raises Unauthenticated."""

    async def start(self) -> None:
        """Find out what can be known before the first request. Raises nothing."""

    async def close(self) -> None: ...
