"""What happens often is logged at once, and then with how often it happened."""

from service import tally
from service.tally import Tally
from tests.conftest import eventually, logged


async def test_the_first_time_is_told_at_once_and_the_others_together(monkeypatch, events):
    monkeypatch.setattr(tally, "INTERVAL_SECONDS", 0.05)
    refusals = Tally("door.closed")
    for _ in range(5):
        refusals.add()
    assert [event["times"] for event in logged(events, "door.closed")] == [1]
    await eventually(lambda: len(logged(events, "door.closed")) == 2)
    assert logged(events, "door.closed")[1]["times"] == 4
    await eventually(lambda: refusals._timer is None)
    refusals.add()
    assert logged(events, "door.closed")[2]["times"] == 1
    await eventually(lambda: refusals._timer is None)
