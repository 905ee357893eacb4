"""Who is connected, and since when they are silent."""

import time

import pytest

from service.chat import close_codes
from service.chat.session_registry import SessionRegistry
from tests.chat.sessions import Session


@pytest.fixture
def registry():
    return SessionRegistry(capacity=3)


def test_the_longest_silent_come_first(registry):
    first, second, third = Session("1", 30), Session("2", 20), Session("3", 0)
    for session in (first, second, third):
        registry.add(session)
    assert registry.idle_since(time.monotonic() - 10) == [first, second]
    registry.record_received(first)
    assert registry.idle_since(time.monotonic() - 10) == [second]
    registry.record_sent(second)
    assert registry.idle_since(time.monotonic() - 10) == []
    assert list(registry) == [third, first, second]


def test_what_is_sent_is_no_sign_of_the_client_s_life(registry):
    session = Session(seen_ago=10)
    registry.add(session)
    heard_at = session.last_received
    registry.record_sent(session)
    assert (session.last_received, session.last_activity > heard_at) == (heard_at, True)
    registry.record_received(session)
    assert session.last_received > heard_at


def test_silent_since_a_moment_is_also_who_was_heard_at_that_moment(registry):
    session = Session()
    registry.add(session)
    assert registry.idle_since(session.last_activity) == [session]


def test_no_more_are_let_in_than_there_is_room_for(registry):
    for number in range(3):
        assert registry.has_room_for("new")
        registry.add(Session(str(number)))
    assert (len(registry), registry.has_room_for("new"), registry.has_room_for("1")) == (3, False, True)


def test_the_newest_session_has_the_client_id(registry):
    old, new = Session(seen_ago=10), Session()
    assert registry.add(old) is None
    assert registry.add(new) is old
    assert list(registry) == [new]


def test_a_session_that_was_replaced_neither_removes_nor_touches_the_new_one(registry):
    old, new, other = Session(seen_ago=10), Session(seen_ago=5), Session("other", 5)
    for session in (old, new, other):
        registry.add(session)
    registry.record_received(old)
    registry.record_sent(old)
    assert list(registry) == [new, other]
    registry.remove(old)
    assert list(registry) == [new, other]
    registry.remove(new)
    assert list(registry) == [other]


async def test_a_client_that_connects_elsewhere_ends_its_older_connection_here(registry):
    session = Session()
    registry.add(session)
    await registry.on_client_connected("bed-7", is_ours=True)
    assert session.close_code is None
    await registry.on_client_connected("bed-7", is_ours=False)
    assert session.close_code is close_codes.REPLACED


async def test_what_connected_elsewhere_before_this_one_did_does_not_end_it(registry):
    session = Session()
    registry.add(session)
    await registry.on_client_connected("bed-7", is_ours=False)
    await registry.on_client_connected("bed-8", is_ours=False)
    assert session.close_code is None
