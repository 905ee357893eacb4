"""What operators ask of all other processes at once."""

import asyncio
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from service.chat.cluster import Elsewhere, LocalClients
from service.chat.connected import Connected
from service.cluster.wire_format import CloseClient, ConnectedHere, ListConnected, Message
from service.tasks import wait_within

WITHIN_SECONDS = 2.0


class _Inquiry:
    def __init__(self, asked: Iterable[str]) -> None:
        self.silent = set(asked)
        self.connections: list[Connected] = []
        self.is_over = asyncio.Event()


@dataclass(slots=True, eq=False)
class Inquiries:
    _clients: LocalClients
    _post: Callable[[str, Message], None]
    _others: Callable[[], Iterable[str]]
    _open: dict[int, _Inquiry] = field(default_factory=dict)
    _next_number: Callable[[], int] = field(default_factory=lambda: itertools.count(1).__next__)

    async def ask(self, question: Callable[[int], Message]) -> Elsewhere:
        """`question` is made with a number, by which they reply; who does not within WITHIN_SECONDS is counted."""
        number, inquiry = self._next_number(), _Inquiry(self._others())
        if inquiry.silent:
            self._open[number] = inquiry
            for process in inquiry.silent:
                self._post(process, question(number))
            try:
                await wait_within(WITHIN_SECONDS, inquiry.is_over.wait())
            finally:
                del self._open[number]
        return Elsewhere(inquiry.connections, len(inquiry.silent))

    def receive(self, by: str, message: ListConnected | CloseClient | ConnectedHere) -> None:
        match message:
            case ListConnected(number):
                self._post(by, ConnectedHere(number, self._clients.connected()))
            case CloseClient(number, client_id):
                self._post(by, ConnectedHere(number, self._clients.close_client(client_id)))
            case ConnectedHere():
                self._note(by, message)

    def _note(self, by: str, reply: ConnectedHere) -> None:
        """A letter may come twice."""
        inquiry = self._open.get(reply.number)
        if inquiry is None or by not in inquiry.silent:
            return
        inquiry.silent.remove(by)
        inquiry.connections += reply.connections
        if not inquiry.silent:
            inquiry.is_over.set()
