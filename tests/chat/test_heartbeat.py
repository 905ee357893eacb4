"""Who is silent gets a sign of life; who stays silent is closed."""

import asyncio
import time
from contextlib import asynccontextmanager

import pytest

from service.chat import close_codes
from service.chat.heartbeat import BATCH, Supervisor
from service.chat.session_registry import SessionRegistry
from tests.chat.sessions import Session
from tests.conftest import eventually


@pytest.fixture
def sessions():
    return SessionRegistry(capacity=10_000)


@asynccontextmanager
async def supervised(sessions, interval=0.02, timeout=3600.0):
    task = asyncio.create_task(Supervisor(sessions, interval, timeout).run())
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_silent_client_gets_heartbeats_again_and_again(sessions):
    session = Session("quiet")
    sessions.add(session)
    async with supervised(sessions):
        await eventually(lambda: len(session.sent) >= 3)
    assert session.close_code is None


async def test_a_client_silent_past_the_timeout_is_closed(sessions):
    session = Session("gone")
    sessions.add(session)
    async with supervised(sessions, timeout=0.1):
        await session.closed.wait()
    assert session.close_code is close_codes.IDLE
    assert session.sent
    assert len(sessions) == 0


async def test_a_client_whose_answer_is_running_is_not_closed_but_gets_heartbeats(sessions):
    busy, idle = Session("busy"), Session("idle")
    busy.is_busy = True
    sessions.add(busy)
    sessions.add(idle)
    async with supervised(sessions, timeout=0.1):
        await idle.closed.wait()
        await eventually(lambda: len(busy.sent) >= 8)
    assert busy.close_code is None


async def test_a_client_that_is_heard_from_is_left_alone(sessions):
    talking, quiet = Session("talking"), Session("quiet")
    sessions.add(talking)
    sessions.add(quiet)
    async with supervised(sessions, interval=0.2):
        while len(quiet.sent) < 2:
            sessions.record_received(talking)
            before = time.monotonic()
            await asyncio.sleep(0.005)
            if time.monotonic() - before > 0.1:  # the machine stood still, and nobody was heard
                await asyncio.sleep(0.005)
                talking.sent.clear()
    assert talking.sent == []


async def test_one_that_cannot_be_written_to_holds_up_nobody(sessions):
    stuck, fine = Session("stuck"), Session("fine")
    stuck.blocked = True
    sessions.add(stuck)
    sessions.add(fine)
    async with supervised(sessions):
        await eventually(lambda: len(fine.sent) >= 3)


async def test_a_sweep_of_many_reaches_all(sessions):
    many = [Session(f"c{number}", seen_ago=10) for number in range(BATCH * 3 + 1)]
    for session in many:
        sessions.add(session)
    async with supervised(sessions, interval=0.02):
        await eventually(lambda: all(session.sent for session in many))


async def test_a_fault_of_one_sweep_does_not_end_the_next(sessions, events):
    class Broken(Session):
        @property
        def is_busy(self):
            sessions.remove(self)
            raise ZeroDivisionError

        @is_busy.setter
        def is_busy(self, value):
            pass

    fine = Session("fine")
    sessions.add(Broken("broken"))
    sessions.add(fine)
    async with supervised(sessions):
        await eventually(lambda: fine.sent)
    assert "heartbeat.failed" in [event["event"] for event in events]
