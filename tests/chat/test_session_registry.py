"""Who is connected, and since when they are silent."""

import asyncio
import itertools
import time

import pytest

from service.chat import close_codes
from service.chat.client_identity import client_key, owner_of
from service.chat.session_registry import SessionRegistry
from tests.chat.sessions import Session
from tests.conftest import eventually

TOKEN = "0123456789abcdef" * 2


def numbers(first=7):
    """The next number of a connection, as a cluster says it."""
    return itertools.count(first).__next__


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


def test_who_comes_back_finds_a_place_while_its_lost_connection_holds_the_last(registry):
    for number in range(3):
        registry.add(Session(str(number)))
    registry.add(Session("1"))
    assert (registry.has_room_for("1"), registry.has_room_for("2")) == (False, True)


async def test_sessions_of_one_client_id_live_side_by_side(registry):
    first, second = Session(), Session()
    registry.add(first)
    registry.add(second)
    registry.remove(first)
    registry.remove(first)
    assert (list(registry), first.close_code) == ([second], None)


def comes_back(session, token=TOKEN):
    session.owner = owner_of(token)
    return session


async def test_only_the_same_id_with_the_same_token_replaces_an_older_session(registry):
    old, stranger, other = Session(token=TOKEN), Session(), Session("bed-8")
    for session in (old, stranger, other):
        registry.add(session)
    assert registry.identify(comes_back(stranger, "f" * 32), numbers())
    assert registry.identify(comes_back(other), numbers())
    assert list(registry) == [old, stranger, other]
    new = Session()
    registry.add(new)
    identity = registry.identify(comes_back(new), numbers())
    await eventually(lambda: old.close_code is close_codes.REPLACED)
    assert (identity, new.number) == (client_key(owner_of(TOKEN), "bed-7"), 7)
    assert list(registry) == [stranger, other, new]


async def test_who_says_again_who_it_is_replaces_nobody(registry):
    session = Session(token=TOKEN)
    registry.add(session)
    assert registry.identify(session, numbers()) is None
    assert (session.number, session.close_code) == (0, None)


async def test_a_session_that_is_over_replaces_nobody(registry):
    lost, session = Session(), Session(token=TOKEN)
    for each in (lost, session):
        registry.add(each)
    registry.remove(lost)
    assert registry.identify(comes_back(lost), numbers()) is None
    assert list(registry) == [session]


async def test_a_session_that_was_replaced_neither_removes_nor_touches_the_new_one(registry):
    old, new, other = Session(seen_ago=10, token=TOKEN), Session(seen_ago=5), Session("other", 5)
    for session in (old, new, other):
        registry.add(session)
    registry.identify(comes_back(new), numbers())
    registry.record_received(old)
    registry.record_sent(old)
    assert list(registry) == [new, other]
    registry.remove(old)
    assert list(registry) == [new, other]
    registry.remove(new)
    assert list(registry) == [other]
    assert (registry._by_identity.keys(), registry._client_ids) == ({client_key(other.owner, "other")}, {"other": 1})


async def test_who_takes_another_token_is_no_longer_the_client_of_the_first(registry):
    session, newcomer = Session(token=TOKEN), Session()
    for each in (session, newcomer):
        registry.add(each)
    registry.identify(comes_back(session, "f" * 32), numbers())
    registry.identify(comes_back(newcomer), numbers())
    assert list(registry) == [session, newcomer]


async def test_a_client_that_comes_back_elsewhere_ends_its_older_session_here(registry):
    session = Session()
    registry.add(session)
    identity = registry.identify(comes_back(session), numbers())
    assert registry.on_client_resumed(identity, session.number) is None
    assert session.close_code is None
    assert registry.on_client_resumed(identity, session.number + 1) is None
    await eventually(lambda: session.close_code is close_codes.REPLACED)
    assert list(registry) == []


async def test_a_client_s_first_session_ends_too_when_it_comes_back_elsewhere(registry):
    session = Session(token=TOKEN)
    registry.add(session)
    registry.on_client_resumed(client_key(owner_of(TOKEN), "bed-7"), 1)
    await eventually(lambda: session.close_code is close_codes.REPLACED)


async def test_at_the_end_none_is_left_closing(registry):
    old, new = Session(token=TOKEN), Session()
    old.close = lambda _: asyncio.Event().wait()
    for session in (old, new):
        registry.add(session)
    registry.identify(comes_back(new), numbers())
    await registry.close()
    assert registry._closing._running == set()


async def test_what_came_back_elsewhere_before_this_one_did_does_not_end_it_and_learns_its_number(registry):
    session = Session()
    registry.add(session)
    identity = registry.identify(comes_back(session), numbers(7))
    assert registry.on_client_resumed(identity, 6) == 7
    assert registry.on_client_resumed("somebody:else", 8) is None
    assert (session.close_code, list(registry)) == (None, [session])


async def test_it_is_known_who_has_come_back_and_with_what_number(registry):
    for session in (Session(), first := Session(), second := Session("bed-8")):
        registry.add(session)
    number = numbers(7)
    identities = [registry.identify(comes_back(session), number) for session in (first, second)]
    assert registry.resumed() == [(identities[0], 7), (identities[1], 8)]
    registry.remove(first)
    assert registry.resumed() == [(identities[1], 8)]


def test_operators_are_told_of_the_newest(registry, monkeypatch):
    monkeypatch.setattr("service.chat.session_registry.MAX_LISTED", 2)
    for number in range(3):
        registry.add(session := Session(str(number)))
        session.opened_at = number
    assert registry.connected() == ["2", "1"]


async def test_an_operator_ends_all_connections_of_a_client_at_once(registry):
    first, second, other = Session("bed-7"), Session("bed-7"), Session("bed-8")
    for session in (first, second, other):
        registry.add(session)
    assert registry.close_client("bed-7") == ["bed-7", "bed-7"]
    assert list(registry) == [other]
    for session in (first, second):
        await session.closed.wait()
    assert (first.close_code, other.close_code) == (close_codes.CLOSED_BY_OPERATOR, None)
