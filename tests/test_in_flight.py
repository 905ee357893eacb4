"""Work that an end waits for, or aborts."""

import asyncio

import pytest

from service.in_flight import InFlight


async def test_what_runs_is_waited_for_but_not_what_begins_meanwhile():
    in_flight = InFlight()
    with in_flight.track():
        waiting = asyncio.create_task(in_flight.wait_ended())
        await asyncio.sleep(0)
        later = in_flight.track()
        later.__enter__()
        assert (len(in_flight), waiting.done()) == (2, False)
    await waiting
    later.__exit__(None, None, None)
    assert len(in_flight) == 0


async def test_who_is_aborted_is_in_flight_until_it_has_said_so():
    in_flight = InFlight()
    with in_flight.track() as work:
        asyncio.get_running_loop().call_soon(in_flight.abort)
        with pytest.raises(TimeoutError):
            async with work.lifetime:
                await asyncio.Event().wait()
        assert work.lifetime.expired()
        in_flight.abort()  # once more
        assert len(in_flight) == 1


async def test_what_fails_is_not_in_flight_any_more():
    in_flight = InFlight()
    with pytest.raises(ZeroDivisionError), in_flight.track():
        raise ZeroDivisionError
    await in_flight.wait_ended()


async def test_what_is_tracked_but_never_entered_its_lifetime_is_waited_for_only():
    in_flight = InFlight()
    with in_flight.track():
        in_flight.abort()
