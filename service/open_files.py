"""How many files and sockets this process may have open."""

from collections.abc import Sized

import structlog

try:
    import resource
except ImportError:  # Windows has no such limit
    resource = None  # type: ignore[assignment]

log = structlog.get_logger()

UNLIMITED = 1_000_000
RESERVED = 128
"""For Redis, logs, the listener, imports, and uploads that are kept on disk."""


class Sockets:
    """Of clients: those that are open, and how many may be. Who needs the place of an idle one gets it."""

    open: Sized = ()
    idle: Sized = ()
    cap = UNLIMITED

    @property
    def are_full(self) -> bool:
        return len(self.open) - len(self.idle) >= self.cap


sockets = Sockets()
"""Of this process."""


def raise_limit() -> int:
    """The soft limit becomes the hard one. Returns how many may be open."""
    if resource is None:
        return UNLIMITED
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = UNLIMITED if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
        except (OSError, ValueError):  # macOS has a lower limit of its own
            pass
    return UNLIMITED if soft == resource.RLIM_INFINITY else soft


def max_sockets(limit: int, upstream: int) -> int:
    """Of clients, below the limit: `upstream` calls may be under way to Dify at once."""
    return limit - RESERVED - min(upstream, limit // 4)
