"""The live sessions by client id, in order of their last activity; capacity."""

import time
from collections import OrderedDict
from collections.abc import Iterator
from itertools import takewhile

from service.chat import close_codes
from service.chat.session import Session


class SessionRegistry:
    """A client id is connected once: by its newest session."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions.values()))

    def has_room_for(self, client_id: str) -> bool:
        return len(self._sessions) < self._capacity or client_id in self._sessions

    def add(self, session: Session) -> Session | None:
        """Returns the session that this one replaces, if its client id was connected."""
        replaced = self._sessions.pop(session.client_id, None)
        self._sessions[session.client_id] = session
        return replaced

    async def on_client_connected(self, client_id: str, is_ours: bool) -> None:  # noqa: FBT001 - by position
        """The newest connection in the cluster keeps the client id: all processes learn of all in the same order."""
        session = self._sessions.get(client_id)
        if session is None:
            return
        if is_ours:
            session.is_announced = True
        elif session.is_announced:
            await session.close(close_codes.REPLACED)

    def remove(self, session: Session) -> None:
        if self._sessions.get(session.client_id) is session:
            del self._sessions[session.client_id]

    def record_received(self, session: Session) -> None:
        session.last_received = time.monotonic()
        self._touch(session, session.last_received)

    def record_sent(self, session: Session) -> None:
        self._touch(session, time.monotonic())

    def idle_since(self, moment: float) -> list[Session]:
        """Sessions without activity since `moment` (monotonic seconds), the longest idle first."""
        return list(takewhile(lambda session: session.last_activity <= moment, self._sessions.values()))

    def _touch(self, session: Session, moment: float) -> None:
        if self._sessions.get(session.client_id) is session:
            session.last_activity = moment
            self._sessions.move_to_end(session.client_id)
