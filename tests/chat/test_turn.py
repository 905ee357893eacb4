"""What is common to all turns, whoever runs them."""

import asyncio

import pytest

from service.answers.base import Identity, Queued, Replacement, Step, Summary, Text
from service.chat.failures import TURN_UNREACHABLE
from service.chat.turn import checksum_of
from service.chat.turn_status import Ending, Status
from tests.chat.followed import followed_turn


@pytest.fixture
def turn():
    return followed_turn(content="Hi")


def end(turn):
    turn.end(Ending(Status.DONE))


def lose(turn):
    turn.lose(TURN_UNREACHABLE)


@pytest.mark.parametrize("finish", [end, lose])
async def test_an_end_or_a_loss_is_waited_for_and_known_afterwards(turn, finish):
    waiting = asyncio.create_task(turn.wait_ended())
    await asyncio.sleep(0)
    turn.receive([Text("a")], 0)
    await asyncio.sleep(0)
    assert (waiting.done(), turn.is_over) == (False, False)
    finish(turn)
    await waiting
    await turn.wait_ended()
    assert (turn.is_over, turn._subscribers) == (True, ())


async def test_who_waits_no_longer_is_told_nothing(turn):
    waiting = asyncio.create_task(turn.wait_ended())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert turn._subscribers == ()


def test_it_is_known_whether_a_question_is_the_same(turn):
    assert turn.is_same_question("Hi")
    assert not turn.is_same_question("Hi!")
    assert checksum_of("\ud800") == checksum_of("?")  # half a pair is no character


def test_how_much_no_client_got_is_counted_and_starts_anew_with_a_replacement(turn):
    turn.receive([Text("bad words")], 0)
    turn.receipt.advance(9)
    assert turn.undelivered == 0
    turn.receive([Replacement("ok")], 1)
    assert (turn.receipt.offset, turn.undelivered) == (0, 2)
    turn.receipt.advance(5)
    assert turn.undelivered == 0


@pytest.mark.parametrize("part", [Identity("mock"), Text("a"), Step("node_started", "n")])
def test_a_question_is_queued_until_anything_else_comes(turn, part):
    turn.receive([Queued()], 0)
    assert turn.is_queued
    turn.receive([part], 0)
    assert not turn.is_queued


def test_who_no_longer_subscribes_is_told_nothing(turn):
    told = []
    one, two = (lambda: told.append(1)), (lambda: told.append(2))
    turn.subscribe(one)
    turn.subscribe(two)
    turn.receive([Text("a")], 0)
    turn.unsubscribe(one)
    turn.end(Ending(Status.DONE, summary=Summary({"total_tokens": 3})))
    assert told == [1, 2, 2]
