"""Who is connected, and since when they are silent."""

import time

from service.chat.session_registry import SessionRegistry
from tests.chat.sessions import Session


def test_the_longest_silent_come_first():
    sessions = SessionRegistry(capacity=3)
    first, second, third = Session("1", 30), Session("2", 20), Session("3", 0)
    for session in (first, second, third):
        sessions.add(session)
    assert sessions.idle_since(time.monotonic() - 10) == [first, second]
    sessions.record_received(first)
    assert sessions.idle_since(time.monotonic() - 10) == [second]
    sessions.record_sent(second)
    assert second.last_received < second.last_activity
    assert sessions.idle_since(time.monotonic() - 10) == []


def test_the_newest_session_has_the_client_id():
    sessions = SessionRegistry(capacity=1)
    old, new = Session("bed-7"), Session("bed-7")
    assert sessions.add(old) is None
    assert not sessions.has_room_for("bed-8")
    assert sessions.has_room_for("bed-7")
    assert sessions.add(new) is old
    sessions.remove(old)
    sessions.record_received(old)
    assert len(sessions) == 1
    sessions.remove(new)
    assert sessions.has_room_for("bed-8")
