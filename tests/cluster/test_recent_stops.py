"""What was stopped, told again."""

from service.chat.client_identity import owner_of
from service.chat.followed_turn import key_of
from service.cluster import recent_stops
from service.cluster.recent_stops import KEPT_SECONDS, RecentStops
from service.cluster.wire_format import Stop, StopAll

OWNER = owner_of("0" * 32)


def test_a_stop_is_of_one_turn_or_of_all_of_an_owner():
    said = RecentStops()
    assert said.add(OWNER, "t", 100) == Stop(key_of(OWNER, "t"))
    assert said.add(OWNER, None, 100) == StopAll(OWNER.key)


def test_it_is_told_again_with_its_age_and_only_for_a_while():
    said = RecentStops()
    said.add(OWNER, "t", 100)
    said.add(OWNER, None, 110)
    assert said.recent(112) == [Stop(key_of(OWNER, "t"), 12), StopAll(OWNER.key, 2)]
    assert said.recent(100 + KEPT_SECONDS) == [StopAll(OWNER.key, 20)]
    assert said.recent(110 + KEPT_SECONDS) == []


def test_no_more_are_kept_than_so_many(monkeypatch):
    monkeypatch.setattr(recent_stops, "MAX_STOPS", 2)
    said = RecentStops()
    assert [said.add(OWNER, name, 0) for name in "abc"] == [Stop(key_of(OWNER, name)) for name in "abc"]
    assert len(said.recent(0)) == 2
