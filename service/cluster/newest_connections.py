"""Clients that have come back, and which of a client's connections is the newest, whichever process it leads to."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from service.chat.cluster import LocalClients
from service.cluster.wire_format import ClientResumed, Message

PROCESSES = 1024
"""So many have numbers of their own, most probably."""


@dataclass(slots=True, eq=False)
class NewestConnections:
    """Numbers are of a hybrid clock: this process's own, never behind that of a process that was heard of.

    `process` is this one's name, in hexadecimal digits.
    """

    process: str
    _local: LocalClients
    _post: Callable[[str, Message], None]
    _others: Callable[[], Iterable[str]]
    _number: int = 0

    def next_number(self) -> int:
        """No two processes have the same in one millisecond."""
        since = max(self._number // PROCESSES + 1, time.time_ns() // 1_000_000)
        self._number = since * PROCESSES + int(self.process, 16) % PROCESSES
        return self._number

    def announce(self, identity: str, number: int) -> None:
        for process in self._others():
            self._post(process, ClientResumed(identity, number))

    def announce_all(self, process: str) -> None:
        """Those who came back while one of the two could not reach Redis."""
        for identity, number in self._local.resumed():
            self._post(process, ClientResumed(identity, number))

    def receive(self, by: str, resumed: ClientResumed) -> None:
        """The other process learns of a newer connection here, if it has not."""
        self._number = max(self._number, resumed.number)
        newer = self._local.on_client_resumed(resumed.identity, resumed.number)
        if newer is not None:
            self._post(by, ClientResumed(resumed.identity, newer))
