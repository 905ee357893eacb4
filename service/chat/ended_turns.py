"""Ended turns: how many are kept, of whom, and for how long. No I/O.

A turn counts for its owner and for its origin: tokens are free, so one client may be many owners. Sizes are characters,
those of a turn's text and progress, and TURN_CHARACTERS for the turn itself.
"""

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from service.chat.client_identity import Owner
from service.chat.running_turn import RunningTurn

MAX_TURNS_PER_OWNER = 32
MAX_SIZE_PER_OWNER = 8_000_000
MAX_SIZE_PER_ORIGIN = 16_000_000
MAX_SIZE = 64_000_000
TURN_CHARACTERS = 5_000
"""MAX_SIZE are 12,800 turns at the most."""
RELIEF = 0.95
"""Of a size that is exceeded so much stays: to look for who has most at each turn would be slow."""
RECEIVED_SHARE = 0.5
"""For so much of the window an answer is kept whose client got it, and was heard of since."""


@dataclass(slots=True, eq=False)
class _Holding:
    """Turns with their sizes, in the order of their ends."""

    turns: dict[RunningTurn, int] = field(default_factory=dict)
    size: int = 0

    @property
    def oldest(self) -> RunningTurn:
        return next(iter(self.turns))

    def add(self, turn: RunningTurn, size: int) -> None:
        self.turns[turn] = size
        self.size += size

    def remove(self, turn: RunningTurn) -> None:
        self.size -= self.turns.pop(turn)


class EndedTurns:
    """For `window` seconds after their sources were read to the end.

    What `excess` and `expired` yield is to be removed before the next is asked for.
    """

    def __init__(self, window: float) -> None:
        self._window = window
        self._all = _Holding()
        self._by_owner: defaultdict[Owner, _Holding] = defaultdict(_Holding)
        self._by_origin: defaultdict[str, _Holding] = defaultdict(_Holding)
        self._recent: dict[RunningTurn, None] = {}  # whether they were received is not asked yet
        self._missed: dict[RunningTurn, None] = {}  # they were not

    def __iter__(self) -> Iterator[RunningTurn]:
        return iter(list(self._all.turns))

    def add(self, turn: RunningTurn) -> None:
        size = turn.buffer.size + TURN_CHARACTERS
        for holding in (self._all, self._by_owner[turn.owner], self._by_origin[turn.origin.holder]):
            holding.add(turn, size)
        self._recent[turn] = None

    def remove(self, turn: RunningTurn) -> None:
        owner, origin = turn.owner, turn.origin.holder
        for holding in (self._all, self._by_owner[owner], self._by_origin[origin]):
            holding.remove(turn)
        if not self._by_owner[owner].turns:
            del self._by_owner[owner]
        if not self._by_origin[origin].turns:
            del self._by_origin[origin]
        self._recent.pop(turn, None)
        self._missed.pop(turn, None)

    def excess(self, newest: RunningTurn) -> Iterator[RunningTurn]:
        """What is too much now that `newest` was added. Nobody pushes out what others keep by taking more tokens."""
        owned, sent = self._by_owner[newest.owner], self._by_origin[newest.origin.holder]
        while owned.size > MAX_SIZE_PER_OWNER or len(owned.turns) > MAX_TURNS_PER_OWNER:
            yield owned.oldest
        if sent.size > MAX_SIZE_PER_ORIGIN:
            yield from _of_who_has_most(sent, MAX_SIZE_PER_ORIGIN, lambda turn: turn.origin.connection)
        if self._all.size > MAX_SIZE:
            yield from _of_who_has_most(self._all, MAX_SIZE, lambda turn: turn.origin.holder)

    def expired(self, now: float) -> Iterator[RunningTurn]:
        """`now` is on the monotonic clock."""
        while (turn := next(iter(self._recent), None)) and now >= turn.released_at + RECEIVED_SHARE * self._window:
            if turn.receipt.is_confirmed:
                yield turn
            else:
                del self._recent[turn]
                self._missed[turn] = None
        while (turn := next(iter(self._missed), None)) and now >= turn.released_at + self._window:
            yield turn

    def next_expiry(self) -> float | None:
        """On the monotonic clock."""
        oldest = ((RECEIVED_SHARE, next(iter(self._recent), None)), (1, next(iter(self._missed), None)))
        return min((turn.released_at + share * self._window for share, turn in oldest if turn), default=None)


def _of_who_has_most(
    holding: _Holding, max_size: int, holder_of: Callable[[RunningTurn], str]
) -> Iterator[RunningTurn]:
    """The oldest of whose turns are the largest now, again and again, until RELIEF of `max_size` is left."""
    holdings = _divided(holding.turns.items(), holder_of)
    heap = [(-part.size, number) for number, part in enumerate(holdings)]
    heapq.heapify(heap)
    while holding.size > RELIEF * max_size:
        number = heap[0][1]
        turn = holdings[number].oldest
        holdings[number].remove(turn)
        yield turn
        heapq.heapreplace(heap, (-holdings[number].size, number))


def _divided(turns: Iterable[tuple[RunningTurn, int]], holder_of: Callable[[RunningTurn], str]) -> list[_Holding]:
    parts: defaultdict[str, _Holding] = defaultdict(_Holding)
    for turn, size in turns:
        parts[holder_of(turn)].add(turn, size)
    return list(parts.values())
