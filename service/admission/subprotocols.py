"""WebSocket subprotocols (RFC 6455, 1.9): which is spoken with a client. No I/O."""

from collections.abc import Sequence

from service.redaction import redacted

DIFY_LIVE = "dify-live"
BEARER = "bearer."
"""Carries a token, since a page cannot set a header of a WebSocket: a secret, neither chosen nor shown."""
_MOST_SHOWN = 5
_LONGEST_SHOWN = 40


class UnknownSubprotocol(Exception):
    """A client offers others only. A browser takes no connection, and so no reason, without one of those: `named`."""

    def __init__(self, offered: Sequence[str]) -> None:
        shown = [f"{redacted(name)[:_LONGEST_SHOWN]!r}" for name in offered[:_MOST_SHOWN]]
        super().__init__(f"This service speaks the subprotocol {DIFY_LIVE}, or none, but not {' or '.join(shown)}.")
        self.named = offered[0]


def carried_token(name: str) -> str | None:
    """As `Bearer` of the Authorization header, in any case."""
    return name[len(BEARER) :] if name[: len(BEARER)].lower() == BEARER else None


def choose(offered: Sequence[str]) -> str | None:
    """None where a client offers none, or nothing but a token. Raises UnknownSubprotocol."""
    names = [name for name in offered if name and carried_token(name) is None]
    if names and DIFY_LIVE not in names:
        raise UnknownSubprotocol(names)
    return DIFY_LIVE if names else None
