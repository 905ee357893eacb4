"""A turn of this process, as other processes read it."""

from dataclasses import dataclass, field

from service.answers.base import Identity, Part, Queued, Replacement, Text
from service.chat.answer_buffer import Cursor, Delta, Update
from service.chat.turn import Turn
from service.chat.turn_status import Status
from service.cluster.wire_format import End, Entry


@dataclass(slots=True)
class PublishedTurn:
    """Copies a turn to entries, update by update. `listeners` are the processes with listeners to it."""

    turn: Turn
    listeners: set[str] = field(default_factory=set)
    is_claimed: bool = False
    is_complete: bool = False
    _cursor: Cursor = field(init=False)
    _identified_as: Identity | None = None
    _is_queue_told: bool = False
    _restarts: bool = False

    def __post_init__(self) -> None:
        self._cursor = Cursor(self.turn.buffer)

    def restart(self) -> None:
        """It is unknown what has arrived: all text is published again, as a replacement."""
        self.is_complete = False
        self._cursor = Cursor(self.turn.buffer)
        self._identified_as, self._is_queue_told = None, False
        self._restarts = True

    def updates(self) -> list[Entry]:
        """What is new since the last call; `is_complete` after the end."""
        if self.is_complete:
            return []
        turn = self.turn
        entries: list[Entry] = []
        if turn.identity is not None and turn.identity != self._identified_as:
            self._identified_as = turn.identity
            entries.append(turn.identity)
        if turn.is_queued and not self._is_queue_told:
            self._is_queue_told = True
            entries.append(Queued())
        entries += [self._part(item) for item in self._cursor.updates()]
        if turn.status is not None:
            self.is_complete = True
            entries.append(End(turn.status, turn.failure, turn.summary, turn.pause, _stopped_for(turn)))
        return entries

    def join(self, process: str) -> None:
        """Whoever listens there knows the turn's id, and so can come back."""
        if process not in self.listeners:
            self.listeners.add(process)
            self.turn.join(claims=True)

    def leave(self, process: str) -> None:
        if process in self.listeners:
            self.listeners.remove(process)
            self.turn.leave()

    def _part(self, updates: Update) -> Part:
        if not isinstance(updates, Delta):
            return updates
        replaces, self._restarts = updates.replace or self._restarts, False
        return Replacement(updates.content) if replaces else Text(updates.content)


def _stopped_for(turn: Turn) -> str | None:
    return turn.reason if turn.status is Status.STOPPED else None
