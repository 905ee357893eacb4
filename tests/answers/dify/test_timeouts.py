"""How long an answer is waited for, and when a question waits in Dify's own queue."""

import asyncio

import pytest

from service.answers.dify import timeouts
from service.answers.dify.timeouts import Activity, Timeouts, Watchdog
from tests.conftest import eventually
from tests.instant import instantly

LONG = 10
PING, DATA = False, True


@pytest.fixture
def queued_early(monkeypatch):
    monkeypatch.setattr(timeouts, "QUEUED_AFTER_SECONDS", 0.02)


class Reading:
    """Reads pings and data after so many seconds each, and then no more."""

    def __init__(self, *reads, activity=None, first_event=LONG, idle=LONG, silence=LONG, total=LONG, taken=False):
        self.reads = reads
        self.queued = 0
        self.read_at = []
        limits = Timeouts(first_event, idle, silence, total)
        self.dog = Watchdog(limits, activity or Activity(), self.on_queued, lambda: taken)

    def on_queued(self):
        self.queued += 1

    async def run(self):
        async with self.dog.watch():
            for pause, has_data in self.reads:
                await asyncio.sleep(pause)
                self.dog.on_read(has_data=has_data)
                self.read_at.append(asyncio.get_running_loop().time())
            await asyncio.Event().wait()

    async def reason(self):
        """Why it was given up."""
        with pytest.raises(TimeoutError):
            await self.run()
        assert self.dog.has_expired
        return self.dog.failure.reason

    async def has_patience(self, seconds):
        running = asyncio.create_task(self.run())
        await asyncio.sleep(seconds)
        has_patience = not running.done()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return has_patience


async def busy(activity):
    """Another answer of the same Dify, which is being written for a while."""
    other = Reading((0, DATA), *[(0.02, DATA)] * 10, activity=activity)
    running = asyncio.create_task(other.run())
    await asyncio.sleep(0.005)
    return running


async def end(running):
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@instantly
async def test_who_says_nothing_at_all_is_given_up():
    assert await Reading(first_event=0.01).reason() == "first_event_timeout"


@instantly
async def test_a_ping_is_no_first_event():
    assert await Reading((0, PING), (0.02, PING), first_event=0.05).reason() == "first_event_timeout"


@instantly
async def test_who_falls_silent_is_given_up():
    assert await Reading((0, DATA), idle=0.01).reason() == "stalled"


@instantly
async def test_pings_are_no_silence_of_the_connection():
    assert await Reading((0, DATA), *[(0.03, PING)] * 4, idle=0.1).has_patience(0.15)


@instantly
async def test_a_long_silence_amid_pings_is_given_up():
    assert await Reading((0, DATA), *[(0.03, PING)] * 9, idle=0.1, silence=0.15).reason() == "stalled"


@instantly
async def test_silence_is_counted_from_the_last_read():
    reading = Reading((0, DATA), (0.05, PING), idle=0.4)
    assert await reading.reason() == "stalled"
    assert asyncio.get_running_loop().time() - reading.read_at[-1] == pytest.approx(0.4)


@instantly
async def test_who_goes_on_for_too_long_is_given_up():
    assert await Reading((0, DATA), (0.02, DATA), total=0.05).reason() == "total_timeout"


@instantly
async def test_who_goes_on_for_long_is_left_in_peace():
    assert await Reading((0, DATA), first_event=0.05).has_patience(0.1)


@instantly
async def test_the_total_is_counted_from_the_beginning():
    time, dog = asyncio.get_running_loop().time, Reading().dog
    before = time()
    async with dog.watch():
        after = time()
        await asyncio.sleep(0.01)
        dog.on_read(has_data=True)
        assert before + LONG <= dog._timer.when() <= after + LONG


@instantly
async def test_after_the_first_event_an_event_sets_no_timer():
    dog = Reading().dog
    async with dog.watch():
        dog.on_read(has_data=True)
        timer = dog._timer
        dog.on_read(has_data=True)
        dog.on_read(has_data=False)
        assert dog._timer is timer


@instantly
async def test_who_ends_in_time_is_not_disturbed_and_leaves_no_timer(monkeypatch):
    dog = Reading(idle=0.01).dog
    async with dog.watch():
        dog.on_read(has_data=True)
    monkeypatch.setattr(dog, "_deadline", None)  # a timer that is left would look at it
    await asyncio.sleep(0.03)


@instantly
async def test_what_was_over_in_all_has_not_stalled_as_well():
    reading = Reading(idle=0.02, total=0.01)

    async def take_long_to_leave():
        async with reading.dog.watch():
            reading.dog.on_read(has_data=True)
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0.04)

    with pytest.raises(TimeoutError):
        await take_long_to_leave()
    assert reading.dog.failure.reason == "total_timeout"


@instantly
async def test_a_leading_ping_while_others_are_written_is_a_place_in_dify_s_queue(queued_early):
    activity = Activity()
    other = await busy(activity)
    reading = Reading((0, PING), *[(0.03, PING)] * 5, activity=activity, first_event=0.05)
    assert (await reading.has_patience(0.2), reading.queued) == (True, 1)
    await end(other)


@instantly
async def test_a_wait_in_the_queue_ends_with_the_total(queued_early):
    activity = Activity()
    other = await busy(activity)
    assert await Reading((0, PING), activity=activity, first_event=0.05, total=0.1).reason() == "total_timeout"
    await end(other)


@instantly
async def test_where_no_other_answer_goes_on_there_is_no_queue(queued_early):
    reading = Reading((0, PING), first_event=0.05)
    assert (await reading.reason(), reading.queued) == ("first_event_timeout", 0)


@instantly
async def test_when_none_goes_on_any_more_the_queue_stands(queued_early):
    activity = Activity()
    other = await busy(activity)
    reading = Reading((0, PING), activity=activity, first_event=0.05, silence=0.1)
    waiting = asyncio.create_task(reading.reason())
    await asyncio.sleep(0.04)
    await end(other)
    assert (await waiting, reading.queued) == ("silent", 1)


@instantly
async def test_what_another_answer_had_said_before_the_question_tells_nothing_of_a_queue(queued_early):
    activity = Activity()
    await end(await busy(activity))
    reading = Reading((0, PING), activity=activity, first_event=0.05)
    assert (await reading.reason(), reading.queued) == ("first_event_timeout", 0)


@instantly
async def test_what_an_answer_says_that_has_ended_since_tells_of_a_queue(queued_early):
    activity = Activity()
    reading = Reading((0, PING), *[(0.02, PING)] * 5, activity=activity, first_event=0.05)
    waiting = asyncio.create_task(reading.has_patience(0.1))
    await asyncio.sleep(0.001)
    await end(await busy(activity))
    assert (await waiting, reading.queued) == (True, 1)


@instantly
async def test_a_queue_shows_when_the_others_go_on_however_late(queued_early):
    activity = Activity()
    reading = Reading((0, PING), activity=activity)
    waiting = asyncio.create_task(reading.run())
    await asyncio.sleep(0.05)
    assert reading.queued == 0
    other = await busy(activity)
    await eventually(lambda: reading.queued == 1)
    await end(other)
    await end(waiting)


@instantly
async def test_a_late_first_ping_may_be_a_slow_app_s_and_is_waited_for_as_long_as_a_silence(monkeypatch, queued_early):
    monkeypatch.setattr(timeouts, "LEADING_PING_SECONDS", 0.005)
    activity = Activity()
    other = await busy(activity)
    reading = Reading((0.02, PING), activity=activity, first_event=0.04, silence=0.1)
    assert (await reading.reason(), reading.queued) == ("first_event_timeout", 1)
    assert asyncio.get_running_loop().time() - reading.read_at[0] >= 0.075
    await end(other)


@instantly
async def test_who_has_begun_waits_in_no_queue(queued_early):
    activity = Activity()
    other = await busy(activity)
    reading = Reading((0, PING), (0, DATA), activity=activity)
    assert (await reading.has_patience(0.05), reading.queued) == (True, 0)
    await end(other)


@instantly
async def test_what_was_taken_waits_in_the_queue_though_no_other_answer_goes_on(queued_early):
    reading = Reading((0, PING), *[(0.03, PING)] * 9, first_event=0.05, silence=0.1, idle=0.1, taken=True)
    assert (await reading.has_patience(0.2), reading.queued) == (True, 1)


@instantly
async def test_what_was_taken_waits_until_the_total(queued_early):
    reading = Reading((0, PING), first_event=0.05, silence=0.1, total=0.3, taken=True)
    assert (await reading.reason(), reading.queued) == ("total_timeout", 1)


@instantly
async def test_what_was_taken_is_told_to_wait_though_its_first_ping_comes_late(monkeypatch, queued_early):
    monkeypatch.setattr(timeouts, "LEADING_PING_SECONDS", 0.005)
    reading = Reading((0.02, PING), first_event=LONG, taken=True)
    assert (await reading.has_patience(0.1), reading.queued) == (True, 1)


@instantly
async def test_what_was_taken_has_to_ping():
    assert await Reading(first_event=0.05, taken=True).reason() == "first_event_timeout"
    assert await Reading((0, PING), idle=0.05, taken=True).reason() == "stalled"


async def test_it_knows_the_longest_silence_between_two_events_of_an_answer_to_which_pings_are_nothing():
    dog = Reading().dog
    start = asyncio.get_running_loop().time()
    async with dog.watch():
        for after, has_data in ((9, DATA), (10, DATA), (12, PING), (14, DATA), (15, DATA)):
            dog._clock = lambda now=start + after: now
            dog.on_read(has_data=has_data)
    assert dog.longest_silence == pytest.approx(4)
