"""The other processes of this service: what turns and client ids have to do with them."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from service.answers.base import Answer, Question
from service.chat.turn import Turn


class RemoteTurn(NamedTuple):
    """An answer that a peer writes, or wrote lately, and the checksum of its question."""

    answer: Answer
    checksum: int


class LocalClients(Protocol):
    """The clients of this process."""

    def __len__(self) -> int: ...

    async def on_client_connected(self, client_id: str, is_ours: bool) -> None:  # noqa: FBT001 - what peers tell
        """A client has connected to some process. All hear of all in the same order."""


class Cluster(Protocol):
    """`can_resume`: whether a client may go on elsewhere with what it asked here."""

    can_resume: bool

    def answer(self, owner: str, turn_id: str, question: Question, ask: Callable[[], Answer]) -> Answer:
        """The answer to a question: `ask`ed here, unless a peer has been asked under that id."""

    def publish(self, turn: Turn) -> None:
        """Let the peers have a turn that has just started here: read it, join it, stop it."""

    async def find(self, owner: str, turn_id: str) -> RemoteTurn | None: ...

    def announce(self, client_id: str) -> None:
        """A client has connected here: an older connection of the same id elsewhere is to end."""

    def counts(self) -> dict[str, Any]: ...

    async def start(self) -> None: ...

    async def run(self) -> None:
        """Until it is cancelled."""

    async def close(self) -> None: ...


class SingleProcess:
    """No peers: all that is known is in the memory of this process."""

    can_resume = False

    def answer(self, owner: str, turn_id: str, question: Question, ask: Callable[[], Answer]) -> Answer:
        return ask()

    def publish(self, turn: Turn) -> None:
        """Nobody is there to have it."""

    async def find(self, owner: str, turn_id: str) -> RemoteTurn | None:
        return None

    def announce(self, client_id: str) -> None:
        """Nobody is there to know."""

    def counts(self) -> dict[str, Any]:
        return {}

    async def start(self) -> None:
        """Nothing is needed."""

    async def run(self) -> None:
        """Nobody is heard."""

    async def close(self) -> None:
        """Nothing is held open."""
