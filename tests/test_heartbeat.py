"""Who is silent gets a sign of life; who stays silent is closed."""

import asyncio
import time
from contextlib import asynccontextmanager

import pytest

from service.chat import closing
from service.chat.heartbeat import BATCH, Supervisor
from service.chat.roster import Roster
from tests.conftest import eventually


class Session:
    """What the roster and the supervisor see of a session."""

    def __init__(self, client_id, seen_ago=0.0):
        self.client_id = client_id
        self.last_seen = self.last_sign = time.monotonic() - seen_ago
        self.is_busy = False
        self.sent = []
        self.closed = asyncio.Event()
        self.closed_by = None
        self.blocked = False

    async def send(self, frame):
        if self.blocked:
            await asyncio.Event().wait()
        self.sent.append(frame)

    async def close(self, closed_by):
        self.closed_by = closed_by
        self.closed.set()


@pytest.fixture
def roster():
    return Roster(capacity=10_000)


@asynccontextmanager
async def supervised(roster, interval=0.02, timeout=3600.0):
    task = asyncio.create_task(Supervisor(roster, interval, timeout).run())
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_silent_client_gets_heartbeats_again_and_again(roster):
    session = Session("quiet")
    roster.enter(session)
    async with supervised(roster):
        await eventually(lambda: len(session.sent) >= 3)
    assert session.closed_by is None


async def test_a_client_silent_past_the_timeout_is_closed(roster):
    session = Session("gone")
    roster.enter(session)
    async with supervised(roster, timeout=0.1):
        await session.closed.wait()
    assert session.closed_by is closing.IDLE
    assert session.sent
    assert len(roster) == 0


async def test_a_client_whose_answer_is_running_is_not_closed_but_gets_heartbeats(roster):
    busy, idle = Session("busy"), Session("idle")
    busy.is_busy = True
    roster.enter(busy)
    roster.enter(idle)
    async with supervised(roster, timeout=0.1):
        await idle.closed.wait()
        await eventually(lambda: len(busy.sent) >= 8)
    assert busy.closed_by is None


async def test_a_client_that_is_heard_from_is_left_alone(roster):
    talking, quiet = Session("talking"), Session("quiet")
    roster.enter(talking)
    roster.enter(quiet)
    async with supervised(roster, interval=0.2):
        while len(quiet.sent) < 2:
            roster.heard_from(talking)
            before = time.monotonic()
            await asyncio.sleep(0.005)
            if time.monotonic() - before > 0.1:  # the machine stood still, and nobody was heard
                await asyncio.sleep(0.005)
                talking.sent.clear()
    assert talking.sent == []


async def test_one_that_cannot_be_written_to_holds_up_nobody(roster):
    stuck, fine = Session("stuck"), Session("fine")
    stuck.blocked = True
    roster.enter(stuck)
    roster.enter(fine)
    async with supervised(roster):
        await eventually(lambda: len(fine.sent) >= 3)


async def test_a_sweep_of_many_reaches_all(roster):
    sessions = [Session(f"c{number}", seen_ago=10) for number in range(BATCH * 3 + 1)]
    for session in sessions:
        roster.enter(session)
    async with supervised(roster, interval=0.02):
        await eventually(lambda: all(session.sent for session in sessions))


async def test_a_fault_of_one_sweep_does_not_end_the_next(roster, events):
    class Broken(Session):
        @property
        def is_busy(self):
            roster.leave(self)
            raise ZeroDivisionError

        @is_busy.setter
        def is_busy(self, value):
            pass

    fine = Session("fine")
    roster.enter(Broken("broken"))
    roster.enter(fine)
    async with supervised(roster):
        await eventually(lambda: fine.sent)
    assert "heartbeat.failed" in [event["event"] for event in events]


def test_the_longest_silent_come_first(roster):
    first, second, third = Session("1", 30), Session("2", 20), Session("3", 0)
    for session in (first, second, third):
        roster.enter(session)
    assert roster.silent_since(time.monotonic() - 10) == [first, second]
    roster.heard_from(first)
    assert roster.silent_since(time.monotonic() - 10) == [second]
    roster.wrote_to(second)
    assert second.last_seen < second.last_sign
    assert roster.silent_since(time.monotonic() - 10) == []


def test_the_newest_session_has_the_client_id():
    roster = Roster(capacity=1)
    old, new = Session("bed-7"), Session("bed-7")
    assert roster.enter(old) is None
    assert not roster.has_room_for("bed-8")
    assert roster.has_room_for("bed-7")
    assert roster.enter(new) is old
    roster.leave(old)
    roster.heard_from(old)
    assert len(roster) == 1
    roster.leave(new)
    assert roster.has_room_for("bed-8")
