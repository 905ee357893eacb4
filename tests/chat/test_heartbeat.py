"""Who is silent gets a sign of life; who stays silent is closed."""

import asyncio
import time
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from service.chat import close_codes, heartbeat, session_registry
from service.chat.heartbeat import BATCH, SWEEPS_PER_INTERVAL, Supervisor
from service.chat.server_messages import Heartbeat
from service.chat.session_registry import SessionRegistry
from tests.chat.sessions import Session
from tests.conftest import eventually, logged

INTERVAL, TIMEOUT = 10, 30


class Clock:
    def __init__(self):
        self.now = time.monotonic()

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass when a test says so."""
    clock = Clock()
    for module in (heartbeat, session_registry):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=clock))
    return clock


@pytest.fixture
def sessions():
    return SessionRegistry(capacity=10_000)


@pytest.fixture
async def look(sessions, clock):
    """Let seconds pass, and then the supervisor look once."""
    supervisor = Supervisor(sessions, INTERVAL, TIMEOUT)

    async def look(seconds):
        clock.now += seconds
        await supervisor._sweep()
        await supervisor._sending.finish(within=1)

    return look


def enter(sessions, clock, *client_ids):
    entered = [Session(client_id) for client_id in client_ids]
    for session in entered:
        session.last_received = session.last_activity = clock.now
        sessions.add(session)
    return entered


async def test_who_has_been_silent_for_an_interval_gets_one_heartbeat(sessions, clock, look):
    (session,) = enter(sessions, clock, "quiet")
    await look(INTERVAL - 1)
    assert session.sent == []
    await look(1)
    assert len(session.sent) == 1
    assert isinstance(session.sent[0], Heartbeat)
    assert session.sent[0].timestamp > 1_700_000_000_000
    await look(INTERVAL - 1)
    assert len(session.sent) == 1
    await look(1)
    assert len(session.sent) == 2


async def test_who_stays_silent_past_the_timeout_is_closed_and_removed(sessions, clock, look):
    (session,) = enter(sessions, clock, "gone")
    await look(TIMEOUT)
    assert (session.close_code, len(session.sent)) == (None, 1)
    await look(INTERVAL)
    assert (session.close_code, len(session.sent), len(sessions)) == (close_codes.IDLE, 1, 0)


async def test_who_is_heard_from_is_left_alone(sessions, clock, look):
    talking, quiet = enter(sessions, clock, "talking", "quiet")
    for _ in range(8):
        await look(INTERVAL / 2)
        sessions.record_received(talking)
    assert (talking.sent, talking.close_code) == ([], None)
    assert quiet.close_code is close_codes.IDLE


async def test_who_waits_for_an_answer_gets_heartbeats_and_is_idle_from_its_end_on(sessions, clock, look):
    (busy,) = enter(sessions, clock, "busy")
    busy.is_busy = True
    for _ in range(5):
        await look(INTERVAL)
    assert (len(busy.sent), busy.close_code) == (5, None)
    busy.is_busy = False
    await look(TIMEOUT)
    assert busy.close_code is None
    await look(INTERVAL)
    assert busy.close_code is close_codes.IDLE


async def test_after_each_batch_others_have_their_turn(sessions, clock):
    enter(sessions, clock, *map(str, range(3 * BATCH - 1)))
    supervisor = Supervisor(sessions, 0, TIMEOUT)
    turns = []

    async def count_turns():
        while True:
            turns.append(1)
            await asyncio.sleep(0)

    others = asyncio.create_task(count_turns())
    await supervisor._sweep()
    assert len(turns) == 2
    others.cancel()
    await supervisor._sending.finish(within=1)
    assert all(session.sent for session in sessions)


@asynccontextmanager
async def supervised(sessions, interval=0.02, timeout=3600.0):
    task = asyncio.create_task(Supervisor(sessions, interval, timeout).run())
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_it_looks_again_and_again_several_times_an_interval(sessions, monkeypatch):
    pauses = []

    async def sleep(seconds):
        pauses.append(seconds)
        await asyncio.sleep(0)

    monkeypatch.setattr(heartbeat, "asyncio", SimpleNamespace(sleep=sleep))
    async with supervised(sessions, interval=30):
        await eventually(lambda: len(pauses) >= 3)
    assert set(pauses) == {30 / SWEEPS_PER_INTERVAL}


async def test_one_that_cannot_be_written_to_holds_up_nobody_and_is_given_up_at_the_end(sessions):
    stuck, fine = Session("stuck"), Session("fine")
    stuck.blocked = True
    sessions.add(stuck)
    sessions.add(fine)
    async with supervised(sessions):
        await eventually(lambda: len(fine.sent) >= 3)


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
    assert [event["exc_info"] for event in logged(events, "heartbeat.failed")] == [True]
