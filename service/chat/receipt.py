"""How far an answer got to its clients. No I/O."""

import time
from dataclasses import dataclass
from typing import Protocol
from weakref import ReferenceType, ref


class Receiver(Protocol):
    """Who was sent an answer; last heard of at `heard_at`, in monotonic seconds."""

    heard_at: float


@dataclass(slots=True, eq=False)
class Receipt:
    """Of one text: up to `offset`, in code points, it was sent to some client."""

    offset: int = 0
    _receiver: ReferenceType[Receiver] | None = None
    _completed_at: float = 0.0

    @property
    def is_confirmed(self) -> bool:
        """Somebody was sent all of it and the end, and was heard of afterwards: the connection lived."""
        receiver = self._receiver() if self._receiver is not None else None
        return receiver is not None and receiver.heard_at > self._completed_at

    def advance(self, offset: int) -> None:
        self.offset = max(self.offset, offset)

    def restart(self) -> None:
        """The text was replaced."""
        self.offset = 0

    def complete(self, length: int, receiver: Receiver) -> None:
        """All of it was sent, and the end."""
        self.offset = length
        self._receiver, self._completed_at = ref(receiver), time.monotonic()
