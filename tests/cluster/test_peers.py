"""Who lives, with a clock made by hand."""

import pytest

from service.cluster.peers import FORGOTTEN_AFTER_LEASES, LEASE_SECONDS, MIN_LOOKS, Peers

BEAT = LEASE_SECONDS / MIN_LOOKS


@pytest.fixture
def peers():
    return Peers()


def look(peers, signs, times, start=0.0):
    """So many looks, one at each beat: a sign that is callable changes each time. Returns the time of the next."""
    for number in range(times):
        now = start + number * BEAT
        peers.look({name: sign(now) if callable(sign) else sign for name, sign in signs.items()}, now)
    return start + times * BEAT


def test_whose_sign_changes_lives(peers):
    look(peers, {"p": str, "q": str}, 100)
    assert sorted(peers.living) == ["p", "q"]
    assert not peers.is_dead("q")


def test_whose_sign_stays_the_same_for_a_lease_is_dead(peers):
    now = look(peers, {"p": str, "q": "1"}, MIN_LOOKS)
    assert not peers.is_dead("q")
    look(peers, {"p": str, "q": "1"}, 1, now)
    assert peers.is_dead("q")
    assert peers.living == ["p"]


def test_who_shows_no_sign_any_more_is_none_of_the_living_but_not_dead_at_once(peers):
    now = look(peers, {"p": str, "q": "1"}, 1)
    now = look(peers, {"p": str}, MIN_LOOKS - 1, now)
    assert (peers.living, peers.is_dead("q")) == (["p"], False)
    look(peers, {"p": str}, 1, now)
    assert peers.is_dead("q")


def test_a_long_time_between_a_few_looks_kills_nobody(peers):
    peers.look({"q": "1"}, 0.0)
    peers.look({"q": "1"}, LEASE_SECONDS)
    assert not peers.is_dead("q")


def test_after_an_absence_everybody_has_a_whole_lease_anew(peers):
    now = look(peers, {"q": "1"}, MIN_LOOKS)
    start = now + 100 * LEASE_SECONDS
    now = look(peers, {"q": "1"}, MIN_LOOKS, start)
    assert not peers.is_dead("q")
    look(peers, {"q": "1"}, 1, now)
    assert peers.is_dead("q")


def test_a_pause_of_just_a_lease_is_no_absence(peers):
    now = look(peers, {"q": "1"}, MIN_LOOKS)
    peers.look({"q": "1"}, now - BEAT + LEASE_SECONDS)
    assert peers.is_dead("q")


def test_after_an_absence_looks_are_counted_anew(peers):
    now = look(peers, {"q": "1"}, MIN_LOOKS) + 100 * LEASE_SECONDS
    peers.look({"q": "1"}, now)
    peers.look({"q": "1"}, now + LEASE_SECONDS)
    assert not peers.is_dead("q")


def test_after_a_message_looks_are_counted_anew(peers):
    peers.look({"q": "1"}, 0.0)
    peers.hear("q", 1.0)
    for now in (4.0, 1.0 + LEASE_SECONDS):
        peers.look({"q": "1"}, now)
    assert not peers.is_dead("q")


def test_who_was_dead_and_shows_a_new_sign_lives(peers):
    now = look(peers, {"q": "1"}, MIN_LOOKS + 1)
    assert peers.is_dead("q")
    look(peers, {"q": "2"}, 1, now)
    assert (peers.is_dead("q"), peers.living) == (False, ["q"])


def test_a_message_is_a_sign_of_life(peers):
    now = look(peers, {"q": "1"}, MIN_LOOKS)
    peers.hear("q", now)
    now = look(peers, {"q": "1"}, MIN_LOOKS, now)
    assert not peers.is_dead("q")
    look(peers, {"q": "1"}, 1, now)
    assert peers.is_dead("q")


def test_a_message_of_who_was_never_seen_makes_it_one_of_the_living_until_the_next_look(peers):
    peers.look({"p": "1"}, 0.0)
    peers.hear("q", 0.0)
    assert (peers.living, peers.is_dead("q")) == (["p", "q"], False)
    peers.look({"p": "2"}, 1.0)
    assert (peers.living, peers.is_dead("q")) == (["p"], False)


def test_one_that_was_never_heard_of_is_dead_after_a_lease_only(peers):
    now = look(peers, {"p": str}, 1)
    assert not peers.is_dead("q")
    now = look(peers, {"p": str}, MIN_LOOKS - 1, now)
    assert not peers.is_dead("q")
    look(peers, {"p": str}, 1, now)
    assert peers.is_dead("q")


def test_before_the_first_look_nobody_is_dead(peers):
    assert not peers.is_dead("q")
    assert (peers.living, peers.forgotten) == ([], [])


def test_a_dead_sign_can_be_removed_after_many_leases_and_is_then_forgotten(peers):
    times = FORGOTTEN_AFTER_LEASES * MIN_LOOKS
    now = look(peers, {"p": str, "q": "1"}, times + 1)
    assert peers.forgotten == []
    now = look(peers, {"p": str, "q": "1"}, 1, now)
    assert peers.forgotten == ["q"]
    look(peers, {"p": str}, 1, now)
    assert (peers.forgotten, list(peers._peers)) == ([], ["p"])


def test_who_was_dead_before_an_absence_does_not_live_after_it(peers):
    now = look(peers, {"p": str, "q": lambda _: "1"}, 5)
    assert peers.is_dead("q")
    peers.look({"p": "again", "q": "1"}, now + 10 * LEASE_SECONDS)
    assert peers.living == ["p"]


def test_who_vanishes_is_remembered_for_many_leases_by_this_process_s_clock_whatever_it_shows(peers):
    now = look(peers, {"q": "1"}, 1, 1000.0)
    now = look(peers, {}, FORGOTTEN_AFTER_LEASES * MIN_LOOKS, now)
    assert list(peers._peers) == ["q"]
    look(peers, {}, 1, now)
    assert list(peers._peers) == []
