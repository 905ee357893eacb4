"""The live sessions by client id, in order of the last sign of life; capacity."""

import time
from collections import OrderedDict
from collections.abc import Iterator
from itertools import takewhile

from service.chat import close_codes
from service.chat.session import Session


class SessionRegistry:
    """Knows who is connected, nothing of how. A client id is connected once: the newest session has it."""

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
        """Returns the session whose place this one takes, if its client id was connected."""
        replaced = self._sessions.pop(session.client_id, None)
        self._sessions[session.client_id] = session
        return replaced

    async def on_client_connected(self, client_id: str, is_ours: bool) -> None:  # noqa: FBT001 - what peers tell
        """The newest connection anywhere has the client id: all processes hear of all in the same order."""
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
        """Anything that a client sends counts as life."""
        session.last_received = time.monotonic()
        self._touch(session, session.last_received)

    def record_sent(self, session: Session) -> None:
        self._touch(session, time.monotonic())

    def idle_since(self, moment: float) -> list[Session]:
        """Those without a sign of life since `moment` (monotonic seconds), the longest silent first."""
        return list(takewhile(lambda session: session.last_activity <= moment, self._sessions.values()))

    def _touch(self, session: Session, moment: float) -> None:
        if self._sessions.get(session.client_id) is session:
            session.last_activity = moment
            self._sessions.move_to_end(session.client_id)
