"""A turn of this process, as other processes see it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from service.answers.base import Identity, Part, Queued, Replacement, Text
from service.chat.answer_buffer import Cursor, Delta, Update
from service.chat.running_turn import RunningTurn
from service.chat.turn import Turn
from service.chat.turn_status import Ending
from service.cluster.wire_format import Follow, Snapshot, Updates, encode_parts

LOOK_SECONDS = 0.1
STORE_SECONDS = 0.5
STORED_CHARACTERS_PER_SECOND = 200_000
"""A snapshot has all text: of a long answer one is made less often."""


@dataclass(slots=True)
class _Follower:
    number: int
    cursor: Cursor
    position: int = 0
    identified_as: Identity | None = None
    is_queue_told: bool = False


@dataclass(slots=True)
class PublishedTurn:
    """Its followers, by process and number, listen to it as a client does.

    `is_claimed`: no other process has its id.
    """

    key: str
    turn: RunningTurn
    is_claimed: bool = True
    _followers: dict[tuple[str, int], _Follower] = field(default_factory=dict)
    _stored: int = -1
    _stored_at: float = 0.0

    @property
    def is_followed(self) -> bool:
        return bool(self._followers)

    def follow(self, process: str, follow: Follow) -> None:
        """Whoever listens there knows the turn's id, and so can come back."""
        if (process, follow.number) not in self._followers:
            cursor = Cursor(self.turn.buffer, follow.offset, follow.replacements, follow.progress)
            self._followers[process, follow.number] = _Follower(follow.number, cursor)
            self.turn.join(may_resume=True)

    def unfollow(self, process: str, number: int) -> None:
        if self._followers.pop((process, number), None) is not None:
            self.turn.leave()

    def lose_followers(self, is_lost: Callable[[str], bool] = lambda _: True) -> None:
        """Those of such processes."""
        for process, number in list(self._followers):
            if is_lost(process):
                self.unfollow(process, number)

    def updates(self) -> Iterator[tuple[str, Updates]]:
        """What is new since the last call, for each follower. The end is the last that one is told."""
        turn, ending = self.turn, ending_of(self.turn)
        for (process, number), follower in list(self._followers.items()):
            parts = list(self._new(follower))
            if parts or ending is not None or follower.position == 0:
                raw = encode_parts(parts)
                yield process, Updates(number, follower.position, turn.checksum, raw, turn.buffer.replacements, ending)
                follower.position += 1
            if ending is not None:
                self.unfollow(process, number)

    def is_due(self, now: float) -> bool:
        """Whether a snapshot is: in case this process dies. The first one as soon as it is known who writes."""
        if self._stored < 0:
            return self.turn.identity is not None
        pause = max(STORE_SECONDS, self.turn.buffer.size / STORED_CHARACTERS_PER_SECOND)
        return self._stored != self.turn.buffer.total_written and now - self._stored_at >= pause

    def snapshot(self, process: str, now: float) -> Snapshot:
        self._stored, self._stored_at = self.turn.buffer.total_written, now
        return snapshot_of(self.turn, process)

    def _new(self, follower: _Follower) -> Iterator[Part]:
        turn = self.turn
        if turn.identity is not None and turn.identity != follower.identified_as:
            follower.identified_as = turn.identity
            yield turn.identity
        if turn.is_queued and not follower.is_queue_told:
            follower.is_queue_told = True
            yield Queued()
        yield from map(_part, follower.cursor.updates())


def snapshot_of(turn: Turn, process: str) -> Snapshot:
    parts: list[Part] = [] if turn.identity is None else [turn.identity]
    parts += map(_part, Cursor(turn.buffer).updates())
    return Snapshot(process, turn.checksum, encode_parts(parts), turn.buffer.replacements, ending_of(turn))


def ending_of(turn: Turn) -> Ending | None:
    if turn.status is None:
        return None
    return Ending(turn.status, turn.reason, turn.failure, turn.summary, turn.pause)


def _part(update: Update) -> Part:
    if not isinstance(update, Delta):
        return update
    return Replacement(update.content) if update.replace else Text(update.content)
