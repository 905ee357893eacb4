"""Places for connections that have proved nothing yet: few, so that strangers do not take everybody's. No I/O."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

MAX_IN_ALL = 100
MAX_OF_ADDRESS = 5


class NoPlace(Exception):
    pass


class Waiting:
    def __init__(self) -> None:
        self._count = 0
        self._by_address: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._count

    @contextmanager
    def place(self, address: str | None) -> Iterator[None]:
        """Raises NoPlace. None is an address that is not counted."""
        if self._count >= MAX_IN_ALL or (address is not None and self._by_address[address] >= MAX_OF_ADDRESS):
            raise NoPlace
        self._add(address, 1)
        try:
            yield
        finally:
            self._add(address, -1)

    def _add(self, address: str | None, number: int) -> None:
        self._count += number
        if address is not None:
            self._by_address[address] += number
            self._by_address += Counter()  # forgets those without any
