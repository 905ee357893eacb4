"""What is held at the same time, counted by name: answers on their way, connections."""

import itertools
import secrets
from collections.abc import Iterable, Mapping


class Lease:
    """One of those that may be held at once, under each of its names."""

    __slots__ = ("_leases", "id", "names")

    def __init__(self, leases: "Leases", id_: str, names: tuple[str, ...]) -> None:
        self._leases = leases
        self.id = id_
        self.names = names

    def give_back(self) -> None:
        names, self.names = self.names, ()
        if names:
            self._leases.give_back(self.id, names)


class Leases:
    """Of this process."""

    def __init__(self) -> None:
        self._held: dict[str, set[str]] = {}
        self._numbers = itertools.count()
        self._nothing = Lease(self, "", ())
        self._process = secrets.token_hex(4)

    async def take(self, limits: Mapping[str, int]) -> Lease | str:
        """A lease under all these names; or the name under which as many are held as may be."""
        if not limits:
            return self._nothing
        full = next((name for name, limit in limits.items() if len(self._held.get(name, ())) >= limit), None)
        if full is not None:
            return full
        lease = Lease(self, f"{self._process}:{next(self._numbers)}", tuple(limits))
        for name in lease.names:
            self._held.setdefault(name, set()).add(lease.id)
        return lease

    def give_back(self, lease: str, names: Iterable[str]) -> None:
        for name in names:
            held = self._held[name]
            held.discard(lease)
            if not held:
                del self._held[name]

    async def run(self) -> None:
        """Until cancelled."""

    async def close(self) -> None: ...
