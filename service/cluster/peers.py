"""Which processes of the cluster live. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass

LEASE_SECONDS = 6.0
"""A process that has shown no sign of life for so long, over several looks, is dead."""
MIN_LOOKS = 3
FORGOTTEN_AFTER_LEASES = 10


@dataclass(slots=True)
class _Peer:
    sign: str
    seen_at: float
    looks: int = 0
    is_present: bool = True


class Peers:
    """What the processes show of themselves: a sign that each of them changes with every beat.

    No clock but this process's own counts, and only while it looks: after an absence those who lived have a whole lease
    anew. Times are monotonic seconds.
    """

    def __init__(self) -> None:
        self._peers: dict[str, _Peer] = {}
        self._looked_at = float("-inf")

    def look(self, signs: Mapping[str, str], now: float) -> None:
        """At all processes that show a sign."""
        if now - self._looked_at > LEASE_SECONDS:
            for process, peer in self._peers.items():
                if not self.is_dead(process):
                    peer.seen_at, peer.looks = now, 0
        self._looked_at = now
        for process, sign in signs.items():
            peer = self._peers.setdefault(process, _Peer("", now))
            if peer.sign != sign:
                peer.sign, peer.seen_at, peer.looks = sign, now, 0
        for process, peer in list(self._peers.items()):
            peer.looks += 1
            peer.is_present = process in signs
            if not peer.is_present and now - peer.seen_at > FORGOTTEN_AFTER_LEASES * LEASE_SECONDS:
                del self._peers[process]

    def hear(self, process: str, now: float) -> None:
        """A message is a sign of life, too, and may be the first of all."""
        peer = self._peers.setdefault(process, _Peer("", now))
        peer.seen_at, peer.looks, peer.is_present = now, 0, True

    def is_dead(self, process: str) -> bool:
        """One that has not been heard of before gets its time, too."""
        peer = self._peers.setdefault(process, _Peer("", self._looked_at, is_present=False))
        return self._looked_at - peer.seen_at >= LEASE_SECONDS and peer.looks >= MIN_LOOKS

    @property
    def living(self) -> list[str]:
        return [process for process, peer in self._peers.items() if peer.is_present and not self.is_dead(process)]

    @property
    def forgotten(self) -> list[str]:
        """Their signs can be removed."""
        oldest = self._looked_at - FORGOTTEN_AFTER_LEASES * LEASE_SECONDS
        return [process for process, peer in self._peers.items() if peer.is_present and peer.seen_at < oldest]
