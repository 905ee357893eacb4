"""The processes of this service, as an interface, and its implementation for a single one."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from service.answers.base import Answer, Question
from service.answers.pauses import Continuation
from service.chat.client_identity import Owner
from service.chat.turn import Turn


class RemoteTurn(NamedTuple):
    """The answer of a turn that another process runs or ran, and the checksum of its question."""

    answer: Answer
    checksum: int


class LocalClients(Protocol):
    """The clients of this process."""

    def __len__(self) -> int: ...

    def on_client_resumed(self, identity: str, session_id: str) -> None:
        """A client has come back to some process. All processes learn of all in the same order."""


class Cluster(Protocol):
    """`can_resume`: a client may resume through another process what it asked here."""

    can_resume: bool

    def answer(
        self, owner: Owner, turn_id: str, question: Question | Continuation, ask: Callable[[], Answer]
    ) -> Answer:
        """`ask`s here, unless another process was asked under that id."""

    def publish(self, turn: Turn) -> None:
        """Let other processes read, join and stop a turn that starts here."""

    def forget(self, turn: Turn) -> None:
        """A turn that ended here is kept no longer: other processes need not find it, either."""

    async def find(self, owner: Owner, turn_id: str) -> RemoteTurn | None:
        """A turn of another process."""

    def announce(self, identity: str, session_id: str) -> None:
        """A client has come back to this process: its older connection to another one ends."""

    def counts(self) -> dict[str, Any]:
        """For /health."""

    async def start(self) -> None: ...

    async def run(self) -> None:
        """Until cancelled."""

    async def close(self) -> None: ...


class SingleProcess:
    """No other processes: every turn is in the memory of this one."""

    can_resume = False

    def answer(
        self, owner: Owner, turn_id: str, question: Question | Continuation, ask: Callable[[], Answer]
    ) -> Answer:
        return ask()

    def publish(self, turn: Turn) -> None: ...

    def forget(self, turn: Turn) -> None: ...

    async def find(self, owner: Owner, turn_id: str) -> None: ...

    def announce(self, identity: str, session_id: str) -> None: ...

    def counts(self) -> dict[str, Any]:
        return {}

    async def start(self) -> None: ...

    async def run(self) -> None: ...

    async def close(self) -> None: ...
