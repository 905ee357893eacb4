"""The answers on their way to one client: begun once, waited for, cancelled when it leaves."""

import asyncio

import pytest

from service.answers.base import Question, Text
from service.chat import close_codes, message_builder
from service.chat.client_identity import owner_of
from service.chat.cluster import SingleProcess
from service.chat.deliveries import Deliveries
from service.chat.delivery import Delivery
from service.chat.seal import Seal
from service.chat.turn_registry import TurnRegistry
from service.chat.turn_status import Ending, Status
from tests.chat.followed import followed_turn
from tests.conftest import PATIENCE_SECONDS, eventually, logged
from tests.scripted import Scripted


class Client:
    """Takes everything at once."""

    def __init__(self):
        self.frames = []
        self.closed = []

    def write(self, frame):
        self.frames.append(frame)
        return True

    async def send(self, frame):
        return self.write(frame)

    async def close(self, close_code):
        self.closed.append(close_code)


class Answering:
    """A client, the answers on their way to it, and the source of the turns that run here."""

    def __init__(self):
        self.source = Scripted(ends=False)
        grace, seal = PATIENCE_SECONDS, Seal()
        self.turns = TurnRegistry(self.source, SingleProcess(), seal, orphan_grace=grace, resume_window=grace)
        self.client = Client()
        self.deliveries = Deliveries()

    def begin(self, turn=None):
        """Of a new turn that runs here, unless it is another; returns the turn."""
        turn = turn or self.turns.start(owner_of("0" * 32), f"t{len(self.turns)}", Question("Hi", "user"))
        self.deliveries.begin(Delivery(turn, self.client, Seal(), offset=0), may_resume=False)
        return turn


@pytest.fixture
async def answering():
    answering = Answering()
    yield answering
    answering.deliveries.cancel(for_good=True)
    await answering.deliveries.wait_all()
    await answering.turns.close()


async def test_a_turn_is_delivered_once_at_a_time_and_each_time_counts(answering):
    one, two = answering.begin(), answering.begin()
    answering.begin(one)
    assert (list(answering.deliveries), len(answering.deliveries), answering.deliveries.begun) == ([one, two], 2, 2)
    answering.source.put(Text("a"), None)
    await eventually(lambda: not len(answering.deliveries))
    assert [frame.content for frame in answering.client.frames] == ["a"] * 4  # each as a delta, and as a whole
    answering.begin(one)
    assert (list(answering.deliveries), answering.deliveries.begun) == ([one], 3)


async def test_to_its_end_a_delivery_is_a_listener_of_its_turn(answering):
    turn = answering.begin()
    assert not turn.has_no_listeners
    answering.source.put(None)
    await answering.deliveries.wait_own()
    await asyncio.sleep(0)
    assert (len(answering.deliveries), turn.has_no_listeners) == (0, True)


async def test_answers_of_this_process_are_waited_for_and_those_of_others_not(answering):
    turn = answering.begin(followed_turn())
    await answering.deliveries.wait_own()
    answering.begin()
    waiting = asyncio.create_task(answering.deliveries.wait_own())
    await asyncio.sleep(0.01)
    assert not waiting.done()
    answering.source.put(None)
    await waiting
    assert list(answering.deliveries) == [turn]
    turn.end(Ending(Status.DONE))
    await eventually(lambda: not len(answering.deliveries))


@pytest.mark.parametrize("for_good", [False, True])
async def test_who_leaves_for_good_leaves_no_turn_that_is_not_claimed(answering, for_good):
    turn = answering.begin()
    await asyncio.sleep(0)
    answering.deliveries.cancel(for_good=for_good)
    await answering.deliveries.wait_all()
    await asyncio.sleep(0)
    assert (len(answering.deliveries), turn.has_no_listeners) == (0, True)
    assert answering.source.stops == for_good


async def test_a_fault_in_one_closes_the_connection_and_is_logged_and_the_turn_goes_on(answering, events, monkeypatch):
    monkeypatch.setattr(message_builder, "update_message", None)
    turn = answering.begin()
    answering.source.put(Text("a"))
    await eventually(lambda: turn.has_no_listeners)
    assert answering.client.closed == [close_codes.INTERNAL_ERROR]
    assert [event["turn_id"] for event in logged(events, "delivery.failed")] == [turn.id]
    await asyncio.sleep(0)
    assert (answering.source.stops, turn.status) == (0, None)
