"""The processes of this service, as an interface, and its implementation for a single one.

That of several is cluster/multi_process.py.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from service.chat.client_identity import Owner
from service.chat.connected import Connected
from service.chat.followed_turn import FollowedTurn
from service.chat.running_turn import RunningTurn


class LocalClients(Protocol):
    """The clients of this process: a SessionRegistry."""

    def __len__(self) -> int: ...

    def on_client_resumed(self, identity: str, number: int) -> int | None:
        """A client has come back to some process, and that connection has this number: older ones end.

        Returns the number of a newer one here.
        """

    def resumed(self) -> Iterable[tuple[str, int]]:
        """The identities of those who have come back to this process, and the numbers of their connections."""

    def connected(self) -> list[Connected]:
        """Who they are, for operators."""

    def close_client(self, client_id: str) -> list[Connected]:
        """End the connections under that id; returns them."""


class RedisState(NamedTuple):
    """`round_trip`, in seconds, is that of the last reply."""

    is_up: bool
    round_trip: float


class Elsewhere(NamedTuple):
    """What other processes have said, and how many of them did not."""

    connections: list[Connected]
    silent: int = 0


class Cluster(Protocol):
    """`can_resume`: a client may resume through another process what it asked here."""

    can_resume: bool

    async def claim(self, owner: Owner, turn_id: str, content: str) -> FollowedTurn | None:
        """None where no other process has that id: then the turn is to be started, and `publish`ed, at once."""

    def release(self, owner: Owner, turn_id: str) -> None:
        """What was claimed is not started."""

    def publish(self, turn: RunningTurn) -> None:
        """Let other processes follow and stop a turn that starts here."""

    def keep(self, turn: RunningTurn) -> None:
        """Its source has been read to the end: other processes find it, though this one should end."""

    def forget(self, turn: RunningTurn) -> None:
        """A turn that ended here is kept no longer: other processes need not find it, either."""

    async def find(self, owner: Owner, turn_id: str) -> FollowedTurn | None:
        """A turn of another process."""

    def stop(self, owner: Owner, turn_id: str | None) -> None:
        """That turn of another process, or all of this owner."""

    def forget_all(self, owner: Owner) -> None:
        """All turns of this owner end, and nothing of them is kept in other processes."""

    def next_number(self) -> int:
        """Greater than that of any connection so far that this process knows of, whichever it is to."""

    def announce(self, identity: str, number: int) -> None:
        """A client has come back to this process: its older connections to others end."""

    async def connected(self) -> Elsewhere:
        """Who is connected to the other processes."""

    async def close_client(self, client_id: str) -> Elsewhere:
        """Its connections to the other processes end."""

    def counts(self) -> dict[str, Any]:
        """For /health."""

    def redis(self) -> RedisState | None:
        """None where none joins them."""

    async def start(self) -> None: ...

    async def run(self) -> None:
        """Until cancelled."""

    async def close(self) -> None: ...


class SingleProcess:
    """No other processes: every turn is in the memory of this one."""

    can_resume = False

    def __init__(self) -> None:
        self._number = 0

    async def claim(self, owner: Owner, turn_id: str, content: str) -> None: ...

    def release(self, owner: Owner, turn_id: str) -> None: ...

    def publish(self, turn: RunningTurn) -> None: ...

    def keep(self, turn: RunningTurn) -> None: ...

    def forget(self, turn: RunningTurn) -> None: ...

    async def find(self, owner: Owner, turn_id: str) -> None: ...

    def stop(self, owner: Owner, turn_id: str | None) -> None: ...

    def forget_all(self, owner: Owner) -> None: ...

    def next_number(self) -> int:
        self._number += 1
        return self._number

    def announce(self, identity: str, number: int) -> None: ...

    async def connected(self) -> Elsewhere:
        return Elsewhere([])

    async def close_client(self, client_id: str) -> Elsewhere:
        return Elsewhere([])

    def counts(self) -> dict[str, Any]:
        return {}

    def redis(self) -> None: ...

    async def start(self) -> None: ...

    async def run(self) -> None: ...

    async def close(self) -> None: ...
