"""How long an answer is waited for."""

import asyncio

import pytest

from service.answers.dify.timeouts import Timeouts, Watchdog
from tests.conftest import PATIENCE_SECONDS

LONG = PATIENCE_SECONDS


def watchdog(first_event=LONG, idle=LONG, total=LONG):
    return Watchdog(Timeouts(first_event, idle, total))


class Listener:
    """Hears events after so many seconds each, and then no more."""

    def __init__(self, dog, *pauses):
        self.dog = dog
        self.pauses = pauses
        self.heard_at = []

    async def listen(self):
        async with self.dog.watch():
            for pause in self.pauses:
                await asyncio.sleep(pause)
                self.dog.on_event()
                self.heard_at.append(asyncio.get_running_loop().time())
            await asyncio.Event().wait()

    async def reason(self):
        """Why it was given up."""
        with pytest.raises(TimeoutError):
            await self.listen()
        return self.dog.failure.reason


async def test_who_says_nothing_at_all_is_given_up():
    assert await Listener(watchdog(first_event=0.01)).reason() == "first_event_timeout"


async def test_who_falls_silent_is_given_up():
    assert await Listener(watchdog(idle=0.01), 0).reason() == "stalled"


async def test_silence_is_counted_from_the_last_event():
    listener = Listener(watchdog(idle=0.1), 0, 0.06, 0.06)
    assert await listener.reason() == "stalled"
    assert asyncio.get_running_loop().time() - listener.heard_at[-1] >= 0.099  # epoll counts milliseconds


async def test_who_goes_on_for_too_long_is_given_up():
    assert await Listener(watchdog(total=0.05), 0, 0.02).reason() == "total_timeout"


async def test_who_goes_on_for_long_is_left_in_peace():
    dog = watchdog(first_event=0.05)
    listening = asyncio.create_task(Listener(dog, 0).listen())
    await asyncio.sleep(0.1)
    assert not listening.done()
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def test_the_total_is_counted_from_the_beginning():
    time, dog = asyncio.get_running_loop().time, watchdog()
    before = time()
    async with dog.watch():
        after = time()
        await asyncio.sleep(0.01)
        dog.on_event()
        assert before + LONG <= dog._deadline.when() <= after + LONG


async def test_who_ends_in_time_is_not_disturbed_and_leaves_no_timer(monkeypatch):
    dog = watchdog(idle=0.01)
    async with dog.watch():
        dog.on_event()
    monkeypatch.setattr(dog, "_deadline", None)  # a timer that is left would look at it
    await asyncio.sleep(0.03)


async def test_what_was_over_in_all_has_not_stalled_as_well():
    dog = watchdog(idle=0.02, total=0.01)

    async def take_long_to_leave():
        async with dog.watch():
            dog.on_event()
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0.04)

    with pytest.raises(TimeoutError):
        await take_long_to_leave()
    assert dog.failure.reason == "total_timeout"
