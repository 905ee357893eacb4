"""The limiter: so many at once, so many that wait, none for ever."""

import asyncio

import pytest

from service.answers.base import AnswerError
from service.answers.demand import Demand
from service.answers.resilience.limiter import INCREASE_SECONDS, RETURN_SECONDS, Limiter
from service.tally import Tally
from tests.conftest import PATIENCE_SECONDS, logged
from tests.instant import instantly


class Line(Limiter):
    """Where it does not matter whose demand it is; the oldest is released."""

    def try_acquire(self, demand=None):
        return super().try_acquire(demand or Demand())

    async def acquire(self, demand=None):
        await super().acquire(demand or Demand())

    def release(self, demand=None):
        super().release(demand or next(iter(self._taken)))

    def reject(self, admitted_at):
        super().reject(next(iter(self._taken)), admitted_at)


def limiter(slots=1, max_waiting=2, timeout=PATIENCE_SECONDS):
    return Line(slots, max_waiting, timeout)


async def wait_in_line(line, *names, demands=()):
    """A task for each, which waits for a slot; returns them, and the names of those who got one, in order."""
    got = []
    demands = demands or [Demand() for _ in names]

    async def acquire(name, demand):
        await line.acquire(demand)
        got.append(name)

    tasks = [asyncio.create_task(acquire(*waiting)) for waiting in zip(names, demands, strict=True)]
    await asyncio.sleep(0)  # all wait
    return tasks, got


async def cancel(*tasks):
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_as_many_as_there_are_slots_get_one_at_once():
    line = limiter(slots=2)
    assert [line.try_acquire() for _ in range(3)] == [True, True, False]
    line.release()
    assert line.try_acquire()


async def test_a_slot_that_is_given_back_goes_to_who_waits_longest():
    line = limiter()
    await line.acquire()
    tasks, got = await wait_in_line(line, "first", "second")
    assert got == []
    for expected in (["first"], ["first", "second"]):
        line.release()
        await tasks[len(expected) - 1]
        assert got == expected


async def test_nobody_overtakes_who_waits():
    line = limiter()
    await line.acquire()
    (task,), _ = await wait_in_line(line, "first")
    line.release()
    assert not line.try_acquire()
    await task


async def test_more_than_may_wait_are_refused_at_once():
    line = limiter(max_waiting=1)
    await line.acquire()
    (task,), _ = await wait_in_line(line, "first")
    with pytest.raises(AnswerError) as refused:
        await line.acquire()
    assert refused.value.failure.reason == "overloaded"
    await cancel(task)


async def test_who_waits_too_long_is_told_so_and_leaves_the_line():
    line = limiter(max_waiting=1, timeout=0.01)
    await line.acquire()
    for _ in range(2):
        with pytest.raises(AnswerError) as refused:
            await line.acquire()
        assert refused.value.failure.reason == "waited_too_long"
    line.release()
    assert line.try_acquire()


async def test_who_gives_up_waiting_leaves_the_line_to_the_others():
    line = limiter(max_waiting=2)
    await line.acquire()
    (first, second), got = await wait_in_line(line, "first", "second")
    await cancel(first)
    (third,), _ = await wait_in_line(line, "third")
    line.release()
    await second
    assert got == ["second"]
    await cancel(third)


async def test_a_slot_that_comes_in_the_moment_in_which_the_wait_is_given_up_goes_back():
    line = limiter()
    await line.acquire()
    (task,), _ = await wait_in_line(line, "first")
    line.release()
    await cancel(task)
    assert line.try_acquire()
    assert not line.try_acquire()


async def test_a_slot_goes_past_who_has_just_given_up():
    line = limiter()
    await line.acquire()
    (first, second), got = await wait_in_line(line, "first", "second")
    first.cancel()
    line.release()
    await asyncio.gather(first, second, return_exceptions=True)
    assert got == ["second"]


async def test_processes_divide_the_slots_and_each_has_one_at_least():
    line = limiter(slots=5)
    for processes, slots in ((2, 2), (10, 1), (1, 5), (0, 5)):
        line.divide(processes)
        assert [line.try_acquire() for _ in range(slots + 1)] == [True] * slots + [False]
        for _ in range(slots):
            line.release()


async def test_who_has_taken_too_many_slots_keeps_them_until_they_are_given_back():
    line = limiter(slots=4)
    for _ in range(4):
        await line.acquire()
    line.divide(2)
    for _ in range(2):
        line.release()
        assert not line.try_acquire()
    line.release()
    assert line.try_acquire()


async def test_slots_that_are_added_go_to_who_waits():
    line = limiter(slots=2)
    line.divide(2)
    await line.acquire()
    (task,), got = await wait_in_line(line, "first")
    line.divide(1)
    await task
    assert got == ["first"]


# What it learns.


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def learner(slots=8, taken=8, **options):
    """A limiter of which so many slots are taken, and its clock."""
    clock = Clock()
    line = Line(slots, 2, options.pop("timeout", PATIENCE_SECONDS), clock=clock, **options)
    assert all(line.try_acquire() for _ in range(taken))
    return line, clock


def overload(line, clock):
    clock.now += 1
    line.decrease(clock.now)


async def test_an_overload_halves_what_was_taken_down_to_one(events):
    line, clock = learner(slots=200, taken=9)
    limits = []
    for _ in range(5):
        overload(line, clock)
        limits.append(line.limit)
    assert limits == [4, 2, 1, 1, 1]
    told = [(event["limit"], event["before"], event["taken"]) for event in logged(events, "limiter.decreased")]
    assert told == [(4, 200, 9), (2, 4, 9), (1, 2, 9)]


async def test_one_overload_counts_once_whoever_tells_of_it():
    line, clock = learner()
    clock.now = 103.0
    for admitted_at in (100.0, 101.0, 102.0, 103.0):
        line.decrease(admitted_at)
    assert line.limit == 4
    line.decrease(103.5)
    assert line.limit == 2


async def test_a_refusal_says_how_many_the_source_takes():
    line, clock = learner(slots=20, taken=20)
    for _ in range(19):
        line.reject(clock.now)
    assert (line.limit, line.try_acquire()) == (1, False)
    line.release()
    assert line.try_acquire()


async def test_where_all_are_refused_one_is_tried_again():
    line, clock = learner(taken=2)
    for _ in range(2):
        line.reject(clock.now)
    assert (line.limit, line.try_acquire(), line.try_acquire()) == (1, True, False)


async def test_what_is_over_the_limit_goes_on_and_nothing_more_is_granted():
    line, clock = learner()
    line.decrease(clock.now)
    for _ in range(4):
        line.release()
        assert not line.try_acquire()
    line.release()
    assert line.try_acquire()


async def test_it_grows_by_one_in_each_interval_in_which_as_many_as_may_be_are_taken(events):
    line, clock = learner()
    line.decrease(clock.now)
    for _ in range(4):
        line.release()
    for expected in (5, 6, 7, 8, 8):
        clock.now += INCREASE_SECONDS
        line.release()
        line.release()
        assert line.limit == expected
        while line.try_acquire():
            pass
    assert [event["limit"] for event in logged(events, "limiter.increased")] == [5, 6, 7, 8]


async def test_it_does_not_grow_before_the_time_nor_where_nobody_needs_more():
    line, clock = learner()
    line.decrease(clock.now)
    for _ in range(4):
        line.release()
    clock.now += INCREASE_SECONDS - 0.1
    line.release()
    clock.now += INCREASE_SECONDS
    line.release()
    assert line.limit == 4


async def test_another_overload_puts_growth_off():
    line, clock = learner(taken=2)
    line.decrease(clock.now)
    clock.now += INCREASE_SECONDS - 1
    line.decrease(clock.now)
    clock.now += 1
    line.release()
    assert line.limit == 1


async def test_processes_divide_what_was_learned():
    line, clock = learner(slots=16, taken=16)
    line.decrease(clock.now)
    for processes, limit in ((2, 4), (3, 2), (20, 1), (1, 8)):
        line.divide(processes)
        assert line.limit == limit


async def test_what_a_process_learns_of_its_share_holds_for_the_share():
    line, clock = learner(slots=16, taken=0)
    line.divide(4)
    assert all(line.try_acquire() for _ in range(4))
    line.decrease(clock.now)
    assert line.limit == 2
    line.divide(2)
    assert line.limit == 4


async def test_where_there_are_more_processes_than_slots_none_learns_of_more():
    line, clock = learner(slots=2, taken=0)
    line.divide(4)
    assert line.try_acquire()
    line.decrease(clock.now)
    line.divide(1)
    assert line.limit == 2


async def test_who_waits_for_what_was_learned_waits_for_longer():
    line, clock = learner(slots=2, taken=2, timeout=0.01, patience=PATIENCE_SECONDS)
    line.decrease(clock.now)
    (task,), got = await wait_in_line(line, "first")
    await asyncio.sleep(0.05)
    line.release()
    assert got == []
    line.release()
    await task
    assert got == ["first"]


async def test_that_wait_has_an_end_too():
    line, clock = learner(slots=2, taken=2, timeout=0.01, patience=0.03)
    line.decrease(clock.now)
    with pytest.raises(AnswerError) as refused:
        await line.acquire()
    assert refused.value.failure.reason == "waited_too_long"


async def test_it_says_how_many_there_are():
    line, clock = learner()
    line.decrease(clock.now)
    assert line.counts() == {
        "answers_at_once": 4, "answers_taken": 8, "answers_waiting": 0, "answers_displaced": 0,
    }  # fmt: skip


async def test_the_operator_is_told_that_questions_wait_and_where_to_look(monkeypatch, events):
    monkeypatch.setattr("service.answers.resilience.limiter.waits", Tally("limiter.waits", see="DIFY_MAX_CONCURRENCY"))
    line = limiter(timeout=0.01)
    await line.acquire()
    with pytest.raises(AnswerError):
        await line.acquire()
    assert [(event["times"], event["see"]) for event in logged(events, "limiter.waits")] == [
        (1, "DIFY_MAX_CONCURRENCY")
    ]


async def test_while_the_operator_s_own_limit_holds_nobody_waits_longer_than_the_operator_said():
    line = Line(1, 1, timeout=0.01, patience=PATIENCE_SECONDS)
    await line.acquire()
    with pytest.raises(AnswerError):
        await asyncio.wait_for(line.acquire(), PATIENCE_SECONDS / 2)


# Whose turn it is.


def fill(line, *demands):
    assert all(line.try_acquire(demand) for demand in demands)
    return demands


async def serve(line, tasks, got):
    """Give the slots back one after the other; returns who got one, in order."""
    for number in range(len(tasks)):
        line.release()
        while len(got) <= number:
            await asyncio.sleep(0)
    return got


async def reason_of(task):
    with pytest.raises(AnswerError) as refused:
        await task
    return refused.value.failure.reason


async def test_who_has_most_waits_longest():
    line = limiter(max_waiting=9)
    fill(line, Demand("x", "10.9.9.9"))
    waiting = {
        "a1": Demand("a", "10.0.0.1"), "a2": Demand("a", "10.0.0.1"), "b1": Demand("b", "10.0.0.1"),
        "c1": Demand("c", "10.0.0.2"), "c2": Demand("c", "10.0.0.2"), "d1": Demand("d", "10.0.0.3"),
    }  # fmt: skip
    tasks, got = await wait_in_line(line, *waiting, demands=waiting.values())
    assert await serve(line, tasks, got) == ["d1", "c1", "c2", "b1", "a1", "a2"]


async def test_what_runs_counts_with_what_waits():
    line = limiter(slots=3, max_waiting=9)
    first, *_ = fill(line, Demand("a"), Demand("a"), Demand("b"))
    tasks, got = await wait_in_line(line, "a3", "b2", "b3", demands=[Demand("a"), Demand("b"), Demand("b")])
    await wait_in_line(line, "c1", demands=[Demand("c")])
    line.release(first)
    await asyncio.sleep(0)
    assert (got, line.counts()["answers_waiting"]) == ([], 3)  # c1 has it
    await cancel(*tasks)


async def test_who_is_not_to_be_counted_by_address_counts_by_user():
    line = limiter(max_waiting=9)
    fill(line, Demand("x"))
    demands = [Demand("a"), Demand("a"), Demand("b"), Demand("c"), Demand("d", "10.0.0.1"), Demand("e", "10.0.0.1")]
    tasks, got = await wait_in_line(line, "a1", "a2", "b1", "c1", "d1", "e1", demands=demands)
    assert await serve(line, tasks, got) == ["b1", "c1", "d1", "e1", "a1", "a2"]


async def test_where_too_many_wait_the_newest_of_who_has_most_is_pushed_out():
    line = limiter(max_waiting=3)
    fill(line, Demand("x"))
    tasks, _ = await wait_in_line(line, "a1", "a2", "a3", demands=[Demand("a") for _ in range(3)])
    newcomers, got = await wait_in_line(line, "b1", demands=[Demand("b")])
    assert await reason_of(tasks.pop()) == "overloaded"
    line.release()
    await newcomers[0]
    assert got == ["b1"]
    await cancel(*tasks)


@pytest.mark.parametrize("newcomer", [Demand("a", "10.0.0.1"), Demand("b", "10.0.0.2")])
async def test_a_newcomer_that_has_no_less_than_others_pushes_nobody_out(newcomer):
    line = limiter(max_waiting=3)
    fill(line, Demand("x", "10.9.9.9"))
    demands = [Demand("a", "10.0.0.1"), Demand("a", "10.0.0.1"), Demand("b", "10.0.0.2")]
    tasks, _ = await wait_in_line(line, "a1", "a2", "b1", demands=demands)
    assert await reason_of(line.acquire(newcomer)) == "overloaded"
    assert line.counts()["answers_waiting"] == 3
    await cancel(*tasks)


async def test_a_user_of_an_address_where_another_has_more_pushes_the_other_out():
    line = limiter(max_waiting=3)
    fill(line, Demand("x", "10.9.9.9"))
    tasks, _ = await wait_in_line(line, "a1", "a2", "a3", demands=[Demand("a", "10.0.0.1") for _ in range(3)])
    newcomers, _ = await wait_in_line(line, "b1", demands=[Demand("b", "10.0.0.1")])
    assert await reason_of(tasks.pop()) == "overloaded"
    await cancel(*tasks, *newcomers)


# What nobody listens to.


def abandoned(user="a", **options):
    demand = Demand(user, **options)
    demand.set_listened_to(False)
    return demand


def displaceable(line, *demands):
    """They are stopped, and end when the test lets them; returns which were stopped."""
    displaced = []

    def stop(demand):
        demand.is_ending = True
        displaced.append(demand)

    for demand in demands:
        demand.displace = lambda demand=demand: stop(demand)
    fill(line, *demands)
    return displaced


async def test_what_nobody_listens_to_leaves_the_line_and_queues_anew_when_somebody_does():
    line = limiter(max_waiting=2)
    fill(line, Demand("x"))
    left, other = Demand("a"), Demand("b")
    tasks, got = await wait_in_line(line, "left", "other", demands=[left, other])
    left.set_listened_to(False)
    await asyncio.sleep(0)
    assert line.counts()["answers_waiting"] == 1
    left.set_listened_to(True)
    while line.counts()["answers_waiting"] == 1:
        await asyncio.sleep(0)
    assert await serve(line, tasks, got) == ["other", "left"]


async def test_what_nobody_listens_to_is_not_asked_though_a_slot_is_free():
    line = limiter(max_waiting=2)
    fill(line, Demand("x"))
    left = Demand("a")
    (task,), got = await wait_in_line(line, "left", demands=[left])
    left.set_listened_to(False)
    await asyncio.sleep(0)
    line.release()
    await asyncio.sleep(0)
    assert (got, line.counts()["answers_taken"]) == ([], 0)
    left.set_listened_to(True)
    await task
    assert got == ["left"]


async def test_who_comes_back_at_once_has_lost_the_place_all_the_same():
    line = limiter(max_waiting=2)
    fill(line, Demand("x"))
    left = Demand("a")
    tasks, got = await wait_in_line(line, "left", "other", demands=[left, Demand("b")])
    left.set_listened_to(False)
    left.set_listened_to(True)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert await serve(line, tasks, got) == ["other", "left"]


async def test_who_is_stopped_while_nobody_listens_leaves_nothing():
    line = limiter()
    fill(line, Demand("x"))
    (task,), _ = await wait_in_line(line, "left", demands=[abandoned()])
    await cancel(task)
    assert line._abandoned == {}


async def test_no_more_are_kept_for_a_return_than_may_wait():
    line = limiter(max_waiting=2)
    fill(line, Demand("x"))
    tasks, _ = await wait_in_line(line, "a1", "b1", "b2", demands=[abandoned("a"), abandoned("b"), abandoned("b")])
    assert await reason_of(tasks.pop()) == "overloaded"
    await cancel(*tasks)


@instantly
async def test_who_comes_back_may_wait_as_long_as_a_newcomer():
    line, loop = Line(1, 1, timeout=10), asyncio.get_running_loop()
    fill(line, Demand("x"))
    left = Demand("a")
    (task,), _ = await wait_in_line(line, "left", demands=[left])
    await asyncio.sleep(9)
    left.set_listened_to(False)
    await asyncio.sleep(100)
    left.set_listened_to(True)
    assert await reason_of(task) == "waited_too_long"
    assert loop.time() == pytest.approx(119)


async def test_what_waits_displaces_the_oldest_that_nobody_listens_to(events):
    line = limiter(slots=3)
    heard, old, new = Demand("x"), abandoned("a"), abandoned("b")
    displaced = displaceable(line, heard, old, new)
    (task,), _ = await wait_in_line(line, "first")
    assert (displaced, line.counts()["answers_displaced"]) == ([old], 1)
    line.release(old)
    await task
    assert logged(events, "limiter.displaced")


async def test_no_more_are_displaced_than_wait_whatever_else_ends():
    line = limiter(slots=3, max_waiting=9)
    displaced = displaceable(line, stopped := Demand("x"), abandoned("a"), abandoned("b"))
    stopped.is_ending = True
    tasks, _ = await wait_in_line(line, "first")
    assert displaced == []
    more, _ = await wait_in_line(line, "second")
    assert len(displaced) == 1
    await cancel(*tasks, *more)


async def test_who_leaves_one_of_several_while_others_wait_is_displaced_at_once():
    line = limiter()
    displaced = displaceable(line, leaving := Demand("a"))
    tasks, _ = await wait_in_line(line, "first", "second", demands=[Demand("b"), Demand("a")])
    assert displaced == []
    leaving.set_listened_to(False)
    assert displaced == [leaving]
    await cancel(*tasks)


@instantly
async def test_the_only_one_of_a_user_is_spared_for_as_long_as_it_takes_to_come_back():
    line = limiter(timeout=60)
    displaced = displaceable(line, leaving := Demand("a"))
    (task,), _ = await wait_in_line(line, "first")
    for _ in range(3):
        leaving.set_listened_to(False)
        await asyncio.sleep(RETURN_SECONDS * 0.9)
        leaving.set_listened_to(True)
    leaving.set_listened_to(False)
    await asyncio.sleep(RETURN_SECONDS * 0.9)
    assert displaced == []
    await asyncio.sleep(RETURN_SECONDS * 0.2)
    assert displaced == [leaving]
    line.release()
    await task


@instantly
async def test_what_ends_meanwhile_needs_no_sparing():
    line = limiter()
    displaced = displaceable(line, leaving := Demand("a"))
    leaving.set_listened_to(False)
    line.release(leaving)
    (task,), _ = await wait_in_line(line, "first")
    await asyncio.sleep(RETURN_SECONDS * 2)
    await task
    assert displaced == []


async def test_where_fewer_are_taken_at_once_as_many_more_are_displaced():
    line = Line(4, 2, PATIENCE_SECONDS)
    displaced = displaceable(line, *[abandoned() for _ in range(4)])
    (task,), _ = await wait_in_line(line, "first")
    assert len(displaced) == 1
    line.decrease(line.clock())
    assert (line.limit, len(displaced)) == (2, 3)
    await cancel(task)


async def test_what_a_person_decided_is_neither_displaced_nor_pushed_out_nor_sent_back():
    line = limiter(max_waiting=1)
    displaced = displaceable(line, abandoned(is_decision=True))
    decision = Demand("a", is_decision=True)
    (task,), got = await wait_in_line(line, "decision", demands=[decision])
    decision.set_listened_to(False)
    assert await reason_of(line.acquire(Demand("b"))) == "overloaded"
    assert displaced == []
    line.release()
    await task
    assert got == ["decision"]


async def test_where_only_decisions_wait_one_more_is_refused():
    line = limiter(max_waiting=1)
    fill(line, Demand("x"))
    (task,), _ = await wait_in_line(line, "first", demands=[Demand("a", is_decision=True)])
    assert await reason_of(line.acquire(Demand("b", is_decision=True))) == "overloaded"
    await cancel(task)
