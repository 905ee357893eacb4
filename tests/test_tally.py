"""What happens often is logged at once, and then with how often it happened."""

from service import tally
from service.tally import KeyedTally, Tally
from tests.conftest import eventually, logged


async def test_the_first_time_is_told_at_once_and_the_others_together(monkeypatch, events):
    monkeypatch.setattr(tally, "INTERVAL_SECONDS", 0.05)
    refusals = Tally("door.closed", see="OPEN_AT")
    for knock in range(5):
        refusals.add(latest=knock)
    assert [event["times"] for event in logged(events, "door.closed")] == [1]
    await eventually(lambda: len(logged(events, "door.closed")) == 2)
    second = logged(events, "door.closed")[1]
    assert (second["times"], second["see"], second["latest"]) == (4, "OPEN_AT", 4)
    await eventually(lambda: refusals._timer is None)
    refusals.add()
    assert logged(events, "door.closed")[2]["times"] == 1
    assert "latest" not in logged(events, "door.closed")[2]
    await eventually(lambda: refusals._timer is None)


def test_so_many_keys_are_counted_and_the_others_together(monkeypatch):
    monkeypatch.setattr(tally, "MAX_KEYS", 2)
    counts = KeyedTally(lambda key: f"not {key[0]}")
    assert [counts.add(key) for key in ("a1", "b1", "a1", "b2", "b3", "b1")] == [
        ("a1", 1), ("b1", 1), ("a1", 2), ("not b", 1), ("not b", 2), ("b1", 2)
    ]  # fmt: skip
    assert counts.take() == {"a1": 2, "b1": 2, "not b": 2}
    assert (counts.take(), counts.add("b3")) == ({}, ("b3", 1))
