"""Places for connections that have proved nothing yet: few, so that strangers do not take everybody's. No I/O.

A newcomer always gets one: who means to log in does so at once, and who only sits there makes room.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

MAX_IN_ALL = 100
MAX_OF_ADDRESS = 5


class Place:
    def __init__(self, on_lost: Callable[[], None]) -> None:
        self._on_lost = on_lost
        self.is_lost = False

    def lose(self) -> None:
        self.is_lost = True
        self._on_lost()


class Waiting:
    """Those without a counted address, whose address is None, are one group, but each may have any number."""

    def __init__(self) -> None:
        self._by_address: dict[str | None, deque[Place]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._by_address.values()))

    @contextmanager
    def place(self, address: str | None, on_lost: Callable[[], None]) -> Iterator[Place]:
        """Where all are taken, the oldest of whose address has most is lost for it."""
        own = self._by_address.get(address, ())
        if address is not None and len(own) >= MAX_OF_ADDRESS:
            self._lose_oldest(address)
        elif len(self) >= MAX_IN_ALL:
            self._lose_oldest(max(self._by_address, key=lambda each: len(self._by_address[each])))
        place = Place(on_lost)
        self._by_address.setdefault(address, deque()).append(place)
        try:
            yield place
        finally:
            if not place.is_lost:
                self._give_back(address, place)

    def _lose_oldest(self, address: str | None) -> None:
        oldest = self._by_address[address][0]
        self._give_back(address, oldest)
        oldest.lose()

    def _give_back(self, address: str | None, place: Place) -> None:
        places = self._by_address[address]
        places.remove(place)
        if not places:
            del self._by_address[address]
