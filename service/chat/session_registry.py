"""The live sessions in order of their last activity, and by the client whose they are; capacity."""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from itertools import takewhile

from service.chat import close_codes
from service.chat.client_identity import client_key
from service.chat.connected import Connected
from service.chat.session import Session
from service.tasks import Tasks

MAX_LISTED = 1000


class SessionRegistry:
    """Sessions of one client id live side by side. The same client, by its token, has one: the newest."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._sessions: OrderedDict[Session, str] = OrderedDict()  # with their identities
        self._by_identity: dict[str, Session] = {}
        self._client_ids: Counter[str] = Counter()
        self._closing = Tasks()

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions))

    def has_room_for(self, client_id: str) -> bool:
        """A client that lost its connection finds a place, too, while the lost one still holds the last."""
        return len(self._sessions) < self._capacity or self._client_ids[client_id] == 1

    def add(self, session: Session) -> None:
        identity = client_key(session.owner, session.client_id)
        self._client_ids[session.client_id] += 1
        self._sessions[session] = identity
        self._by_identity[identity] = session

    def identify(self, session: Session, next_number: Callable[[], int]) -> str | None:
        """Its owner has changed: the older session of that client is closed. Returns what other processes are told."""
        identity = client_key(session.owner, session.client_id)
        if self._sessions.get(session, identity) == identity:
            return None  # nothing is new, or the session is over
        self._forget_identity(session)
        self._sessions[session] = identity
        session.number = next_number()
        if (older := self._by_identity.get(identity)) is not None:
            self._replace(older)
        self._by_identity[identity] = session
        return identity

    def on_client_resumed(self, identity: str, number: int) -> int | None:
        """The newest connection in the cluster stays. Returns the number of one that is newer than that."""
        session = self._by_identity.get(identity)
        if session is None or session.number == number:
            return None
        if session.number > number:
            return session.number
        self._replace(session)
        return None

    def resumed(self) -> list[tuple[str, int]]:
        """The identities of those who have come back, and the numbers of their connections."""
        return [(identity, session.number) for session, identity in self._sessions.items() if session.number]

    def connected(self) -> list[Connected]:
        """For operators: MAX_LISTED at most, the newest ones."""
        newest = sorted(self._sessions, key=lambda session: session.opened_at, reverse=True)
        return [session.describe() for session in newest[:MAX_LISTED]]

    def close_client(self, client_id: str) -> list[Connected]:
        """End all connections under that id, by the word of an operator. Returns them."""
        closed = [session for session in self._sessions if session.client_id == client_id]
        told = [session.describe() for session in closed]
        for session in closed:
            self.remove(session)
            self._closing.spawn(session.close(close_codes.CLOSED_BY_OPERATOR))
        return told

    def remove(self, session: Session) -> None:
        if session not in self._sessions:
            return
        self._forget_identity(session)
        del self._sessions[session]
        self._client_ids[session.client_id] -= 1
        if not self._client_ids[session.client_id]:
            del self._client_ids[session.client_id]

    def record_received(self, session: Session) -> None:
        session.last_received = session.heard_at = time.monotonic()
        self._touch(session, session.last_received)

    def record_sent(self, session: Session) -> None:
        self._touch(session, time.monotonic())

    def idle_since(self, moment: float) -> list[Session]:
        """Sessions without activity since `moment` (monotonic seconds), the longest idle first."""
        return list(takewhile(lambda session: session.last_activity <= moment, self._sessions))

    async def close(self) -> None:
        await self._closing.finish(within=0)

    def _replace(self, session: Session) -> None:
        """In a task: the newcomer does not wait for a connection that may be dead."""
        self.remove(session)
        self._closing.spawn(session.close(close_codes.REPLACED))

    def _forget_identity(self, session: Session) -> None:
        identity = self._sessions[session]
        if self._by_identity.get(identity) is session:
            del self._by_identity[identity]

    def _touch(self, session: Session, moment: float) -> None:
        if session in self._sessions:
            session.last_activity = moment
            self._sessions.move_to_end(session)
