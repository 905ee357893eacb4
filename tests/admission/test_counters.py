"""What was used within the last minute, and on a day."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.admission import counters
from service.admission.counters import BoundedMemory, Counters, seconds_until_room


class Clock:
    def __init__(self, now):
        self.now = now

    def time(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    """40 seconds before a minute is full: windows are those of the clock."""
    clock = Clock(now=1_800_000_020.0)
    monkeypatch.setattr("limits.aio.storage.memory.time", clock)
    monkeypatch.setattr(counters, "time", clock)
    return clock


@pytest.fixture
def used():
    return Counters(BoundedMemory())


async def hits(used, count, per_minute=60):
    return [await used.hit("ann", per_minute) for _ in range(count)]


async def test_so_many_a_minute_may_come_at_once_and_no_more(clock, used):
    assert await hits(used, 60) == [0.0] * 60
    assert await used.hit("ann", 60) == pytest.approx(40)
    assert await used.hit("bob", 60) == 0


async def test_who_waits_as_long_as_told_is_let_in(clock, used):
    for _ in range(200):
        wait = await used.hit("ann", 7)
        clock.now += wait + 0.001 if wait else 0
        if wait:
            assert await used.hit("ann", 7) == 0


@given(limit=st.integers(1, 8), pauses=st.lists(st.floats(0.01, 40), max_size=60))
async def test_within_sixty_seconds_at_most_twice_as_many_get_in(limit, pauses):
    clock = Clock(now=1_800_000_020.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("limits.aio.storage.memory.time", clock)
        patch.setattr(counters, "time", clock)
        used, admitted = Counters(BoundedMemory()), []
        for pause in pauses:
            clock.now += pause
            admitted += [clock.now for wait in await hits(used, limit, limit) if not wait]
    for time in admitted:
        assert sum(time <= other < time + 60 for other in admitted) <= 2 * limit


async def test_one_a_minute_can_be_two_in_some_seconds_across_a_full_minute(clock, used):
    clock.now += 39
    assert await used.hit("ann", 1) == 0
    assert await used.hit("ann", 1) == pytest.approx(1)
    clock.now += 1.001
    assert await used.hit("ann", 1) == 0


async def test_what_is_refused_is_not_counted(clock, used):
    await hits(used, 500)
    clock.now += 40 + 60
    assert await used.hit("ann", 60) == 0


async def test_an_amount_is_counted_beyond_the_limit_too_and_holds_up_for_as_long_as_it_is_too_much(clock, used):
    assert await used.wait("ann", 100) == 0
    await used.add("ann", 100, 200)
    assert await used.wait("ann", 100) == pytest.approx(40 + 30)
    clock.now += 40 + 30 + 0.7
    assert await used.wait("ann", 100) == 0


async def test_sums_of_a_day(clock, used):
    assert await used.spent("ann") == 0
    await used.spend("ann", 30)
    await used.spend("ann", 12)
    clock.now += counters.DAY_SECONDS - 1
    assert await used.spent("ann") == 42
    clock.now += 2
    assert await used.spent("ann") == 0


async def test_of_too_many_the_one_that_counts_least_is_forgotten(clock, used, monkeypatch):
    monkeypatch.setattr(counters, "MAX_COUNTERS", 20)
    await hits(used, 5, per_minute=5)
    for number in range(500):
        assert await used.hit(f"stranger {number}", 5) == 0
    assert len(used._storage.storage) == len(used._storage.expirations) == 20
    assert await used.hit("ann", 5) > 0


async def test_what_is_over_is_dropped_when_others_come(clock, used):
    for number in range(100):
        await used.hit(f"stranger {number}", 5)
    clock.now += 3 * counters.MINUTE_SECONDS
    for number in range(20):
        await used.hit(f"newcomer {number}", 5)
    assert len(used._storage.storage) == 20
    assert used._storage.timer is None  # no task of limits' own


@given(st.integers(1, 1000), st.integers(0, 5000), st.floats(0, 60), st.integers(0, 5000))
def test_after_the_wait_there_is_room_and_not_long_before(limit, previous, left, current):
    def weighted(after):
        if after <= left:
            return previous * (left - after) / 60 + current
        return current * max(0, 60 - (after - left)) / 60

    wait = seconds_until_room(limit, previous, left, current, 60 + left)
    assert weighted(wait) <= limit + 1e-6
    assert wait < 0.001 or weighted(wait - 0.001) >= limit - 1e-6 or wait == pytest.approx(left)
