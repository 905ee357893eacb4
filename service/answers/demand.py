"""Who wants an answer, and whether somebody still waits for it: by what a limiter shares its slots. No I/O."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

caller_address: ContextVar[str | None] = ContextVar("caller_address", default=None)
"""Of the call of /api that is answered: what quotas count by. Set by each; a connection's demands are told theirs."""


def _ignore(*_: Any) -> None: ...


class Demand:
    """One wish for a slot: of `user`, at `address`, or at None where nobody is to be counted by it; on `connection`.

    What a person decided (`is_decision`) neither loses its place nor is displaced, whoever listens. `is_ending`: it was
    stopped, and is going to give its slot back. `displace` stops it for others; `on_change` is told when it becomes
    abandoned, and when it is no longer. For the log: `waited_ms` for slots, in all, and `tries` so far.
    """

    __slots__ = (
        "_is_listened_to",
        "address",
        "connection",
        "displace",
        "is_decision",
        "is_ending",
        "on_change",
        "tries",
        "user",
        "waited_ms",
    )

    def __init__(
        self, user: str = "", address: str | None = None, connection: str = "", *, is_decision: bool = False
    ) -> None:
        self.user = user
        self.address = address
        self.connection = connection
        self.is_decision = is_decision
        self.is_ending = False
        self.waited_ms = 0
        self.tries = 1
        self.displace: Callable[[], None] = _ignore
        self.on_change: Callable[[Demand], None] = _ignore
        self._is_listened_to = True

    @property
    def is_abandoned(self) -> bool:
        """Nobody waits for the answer."""
        return not self._is_listened_to and not self.is_decision

    @property
    def origin(self) -> tuple[str | None, str]:
        """The address, or the connection where there is none, or else the user."""
        return self.address, "" if self.address is not None else self.connection or self.user

    def set_listened_to(self, is_listened_to: bool) -> None:  # noqa: FBT001 - the only argument
        if is_listened_to != self._is_listened_to:
            self._is_listened_to = is_listened_to
            if not self.is_decision:
                self.on_change(self)
