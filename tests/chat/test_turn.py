"""What is common to all turns, whoever runs them."""

import asyncio
import inspect

import pytest

from service.answers.base import (
    AnswerError,
    AnswerStopped,
    Identity,
    Queued,
    Replacement,
    Step,
    Summary,
    Text,
)
from service.answers.failures import BROKEN_OFF
from service.answers.pauses import Pause
from service.chat import answer_buffer
from service.chat.turn import Turn, checksum_of
from service.chat.turn_failures import INTERNAL, TURN_UNREACHABLE
from service.chat.turn_status import Ending, Status
from tests.chat.followed import followed_turn
from tests.conftest import logged
from tests.scripted import Scripted


@pytest.fixture
def turn():
    return followed_turn(content="Hi")


def end(turn):
    turn.end(Ending(Status.DONE))


def lose(turn):
    turn.lose(TURN_UNREACHABLE)


FORM = Pause(run_id="r")
USED = Summary({"total_tokens": 3})


@pytest.mark.parametrize(
    ("parts", "ending"),
    [
        ([Text("a"), USED, None], Ending(Status.DONE, summary=USED)),
        ([Text("a"), FORM, USED, None], Ending(Status.PAUSED, "waiting_for_human", None, USED, FORM)),
        ([Text("a"), USED, AnswerStopped()], Ending(Status.STOPPED, summary=USED)),
        ([USED, AnswerStopped("displaced")], Ending(Status.STOPPED, "displaced", summary=USED)),
        ([USED, AnswerError(BROKEN_OFF)], Ending(Status.ERROR, failure=BROKEN_OFF, summary=USED)),
        ([Text("a"), USED, AnswerError(BROKEN_OFF)], Ending(Status.INCOMPLETE, failure=BROKEN_OFF, summary=USED)),
        ([Text("a"), USED, ZeroDivisionError()], Ending(Status.INCOMPLETE, failure=INTERNAL, summary=USED)),
    ],
)
async def test_an_answer_ends_as_its_source_says(turn, parts, ending, events):
    assert await turn._ending_of(Scripted(*parts, ends=False).ask(None)) == ending
    assert len(logged(events, "turn.failed")) == (ending.failure is INTERNAL)


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


def test_who_leaves_may_come_back_unless_it_says_otherwise(turn):
    assert inspect.signature(Turn.leave).parameters["for_good"].default is False


def test_steps_beyond_what_is_kept_are_left_out_and_that_is_told_once(turn, events, monkeypatch):
    monkeypatch.setattr(answer_buffer, "MAX_PROGRESS_CHARACTERS", answer_buffer.STEP_CHARACTERS)
    step = Step("node_started", "n")
    turn.receive([step], 0)
    assert logged(events, "turn.extras_withheld") == []
    for _ in range(3):
        turn.receive([step], 0)
    assert [line["turn_id"] for line in logged(events, "turn.extras_withheld")] == [turn.id]
    assert len(turn.buffer.entries) == 1


@pytest.mark.parametrize(
    ("part", "is_told"),
    [(Text("a"), True), (Replacement("a"), True), (Queued(), True), (Step("node_started", "n"), True),
     (Identity("mock"), False), (Summary(), False), (Pause(), False)],
)  # fmt: skip
def test_clients_are_told_at_once_of_what_they_see(turn, part, is_told):
    assert turn._add(part) is is_told
