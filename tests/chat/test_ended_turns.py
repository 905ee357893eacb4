"""Of whom ended turns are kept, and which are too many."""

from types import SimpleNamespace

import pytest

from service.chat import ended_turns
from service.chat.client_identity import Origin
from service.chat.ended_turns import EndedTurns

WINDOW = 60


@pytest.fixture
def kept(monkeypatch):
    monkeypatch.setattr(ended_turns, "TURN_CHARACTERS", 10)
    return EndedTurns(WINDOW)


class Turn:
    def __init__(self, owner, origin=None, size=0, released_at=0.0, *, is_received=False):
        self.owner = owner
        self.origin = origin or Origin(owner)
        self.buffer = SimpleNamespace(size=size)
        self.released_at = released_at
        self.receipt = SimpleNamespace(is_confirmed=is_received)


def keep(kept, *turns):
    """Returns what was too much, in order."""
    removed = []
    for turn in turns:
        kept.add(turn)
        for excess in kept.excess(turn):
            kept.remove(excess)
            removed.append(excess)
    return removed


def test_each_owner_keeps_so_many(kept, monkeypatch):
    monkeypatch.setattr(ended_turns, "MAX_TURNS_PER_OWNER", 2)
    others = [Turn("bob"), Turn("eve")]
    first, *rest = [Turn("ann") for _ in range(3)]
    assert keep(kept, *others, first, *rest) == [first]
    assert list(kept) == [*others, *rest]
    assert (first in list(kept), rest[0] in list(kept)) == (False, True)


def test_each_owner_keeps_so_much_and_nothing_is_counted_twice(kept, monkeypatch):
    monkeypatch.setattr(ended_turns, "MAX_SIZE_PER_OWNER", 100)
    turns = [Turn("ann", size=size) for size in (10, 20, 50, 80)]
    assert keep(kept, *turns[:3]) == turns[:1]
    turns[1].buffer.size = 1_000  # what it grows by afterwards would be taken off too much
    assert keep(kept, turns[3]) == turns[1:3]
    assert keep(kept, Turn("ann"), Turn("bob", size=90)) == []


def test_of_one_address_the_connection_with_the_most_gives_up_its_oldest(kept, monkeypatch):
    monkeypatch.setattr(ended_turns, "MAX_SIZE_PER_ORIGIN", 100)
    ward = [Turn("ann", Origin("a", "203.0.113.7")), Turn("bob", Origin("b", "203.0.113.7"))]
    flood = [Turn(f"eve {number}", Origin("e", "203.0.113.7")) for number in range(20)]
    elsewhere = Turn("joe", Origin("j", "198.51.100.7"), size=70)
    assert keep(kept, elsewhere, *ward, *flood) == flood[:12]  # from 11 of the address to 9, each time
    assert list(kept) == [elsewhere, *ward, *flood[12:]]


def test_in_all_who_has_most_gives_up_its_oldest_however_many_tokens_it_took(kept, monkeypatch):
    monkeypatch.setattr(ended_turns, "MAX_SIZE", 100)
    ann, bob = Turn("ann", size=15), Turn("bob")
    flood = [Turn(f"eve {number}", Origin("e")) for number in range(10)]
    assert keep(kept, ann, bob, *flood) == flood[:4]
    assert list(kept) == [ann, bob, *flood[4:]]


def test_two_who_have_as_much_give_up_in_turn(kept, monkeypatch):
    monkeypatch.setattr(ended_turns, "MAX_SIZE", 100)
    monkeypatch.setattr(ended_turns, "RELIEF", 0.6)
    ann, bob = ([Turn(name) for _ in range(5)] for name in ("ann", "bob"))
    assert keep(kept, *ann, *bob, Turn("joe")) == [ann[0], bob[0], ann[1], bob[1], ann[2]]


def test_what_was_received_expires_at_half_of_the_window_and_the_rest_at_its_end(kept):
    received, missed = Turn("ann", is_received=True), Turn("bob", released_at=5)
    keep(kept, received, missed)
    assert kept.next_expiry() == 30
    assert expire(kept, 29) == []
    assert (expire(kept, 30), kept.next_expiry()) == ([received], 35)
    assert (expire(kept, 35), kept.next_expiry()) == ([], 65)
    assert expire(kept, 64) == []
    assert (expire(kept, 65), kept.next_expiry(), list(kept)) == ([missed], None, [])


def expire(kept, now):
    removed = []
    for turn in kept.expired(now):
        kept.remove(turn)
        removed.append(turn)
    return removed


def test_the_sooner_of_both_is_waited_for(kept):
    keep(kept, Turn("ann"), Turn("bob", released_at=50))
    assert expire(kept, 40) == []
    assert kept.next_expiry() == 60


def test_a_turn_that_is_removed_leaves_nothing(kept):
    turns = [Turn("ann"), Turn("ann"), Turn("bob")]
    keep(kept, *turns)
    expire(kept, 30)
    for turn in turns:
        kept.remove(turn)
    assert (kept._all.size, kept._by_owner, kept._by_origin, kept._recent, kept._missed) == (0, {}, {}, {}, {})
