"""A turn that another process runs, with that process played by hand."""

import asyncio

import pytest

from service.answers.base import BrokenAnswer, Identity, Replacement, Step, Summary, Text
from service.answers.pauses import Pause
from service.chat import followed_turn as module
from service.chat.answer_buffer import Cursor, Delta
from service.chat.followed_turn import State, key_of
from service.chat.turn_failures import TURN_UNREACHABLE, UNKNOWN_TURN, WRITER_LOST
from service.chat.turn_status import Ending, Status
from tests.chat.followed import OWNER, Writer, followed_turn
from tests.conftest import eventually, logged
from tests.scripted import Scripted

DONE = Ending(Status.DONE, summary=Summary({"total_tokens": 3}))
DIFY = Identity("dify", "c", "m", task_id="t", run_id="r")
STEP = Step("node_started", "n")


@pytest.fixture
def writer():
    return Writer()


@pytest.fixture
def turn(writer):
    turn = followed_turn(writer)
    yield turn
    turn._cancel_deadline()


@pytest.fixture
def soon(monkeypatch):
    """Deadlines are over at once."""
    monkeypatch.setattr(module, "CATCH_UP_SECONDS", 0.01)


async def test_its_writer_is_asked_when_the_first_one_listens(turn, writer):
    assert (turn.state, turn.is_current, writer.told) == (State.CATCHING_UP, False, [])
    turn.join(may_resume=True)
    turn.join(may_resume=False)
    assert writer.told == [("follow", (0, 0, 0))]


async def test_what_the_writer_tells_is_here_and_current(turn):
    turn.join(may_resume=True)
    turn.receive([DIFY, Text("a"), STEP, Text("b")], 0)
    assert (turn.state, turn.is_current, turn.text, turn.identity) == (State.FOLLOWING, True, "ab", DIFY)
    assert turn.place == (2, 0, 1)


async def test_replacements_are_counted_as_the_writer_counts_them(turn):
    turn.receive([STEP, Replacement("ok")], 5)
    assert turn.place == (2, 5, 1)
    assert Cursor(turn.buffer, 0).updates()[-1] == Delta(0, "ok", replace=True, replacements=5)
    turn.receive([Replacement("no")], 6)
    assert turn.place == (2, 6, 1)


async def test_who_listens_is_told_of_what_came_and_of_the_end(turn):
    heard = []
    turn.subscribe(lambda: heard.append((turn.text, turn.is_over)))
    turn.receive([Text("a")], 0)
    turn.end(DONE)
    assert heard == [("a", False), ("a", True)]


async def test_a_question_is_known_by_its_checksum_and_taken_for_the_same_where_that_is_not_known_yet(turn):
    assert (turn.is_same_question("Hi"), turn.is_same_question("Ho")) == (True, False)
    turn.checksum = module.UNKNOWN_CHECKSUM
    assert turn.is_same_question("Ho")


async def test_what_is_lost_as_soon_as_it_is_followed_has_no_deadline(turn, writer):
    writer.follow = lambda turn: turn.lose(TURN_UNREACHABLE)
    turn.join(may_resume=True)
    assert (turn.lost_for, turn._deadline) == (TURN_UNREACHABLE, None)


async def test_its_end_is_the_writer_s(turn, writer):
    turn.join(may_resume=True)
    turn.receive([Text("a")], 0)
    turn.end(Ending(Status.PAUSED, "waiting_for_human", None, Summary({"total_tokens": 3}), Pause(run_id="r")))
    assert (turn.status, turn.reason, turn.summary.usage) == (Status.PAUSED, "waiting_for_human", {"total_tokens": 3})
    assert (turn.pause, turn.is_gone, turn._deadline) == (Pause(run_id="r"), True, None)
    assert writer.kept == []


async def test_the_first_end_counts_and_nothing_is_heard_after_it(turn):
    gone = []
    turn.on_gone = lambda: gone.append(turn)
    turn.end(DONE)
    assert (turn.is_current, gone) == (True, [turn])
    turn.end(Ending(Status.STOPPED))
    turn.receive([Text("late")], 1)
    turn.lose(TURN_UNREACHABLE)
    assert (turn.status, turn.text, turn.lost_for) == (Status.DONE, "", None)


async def test_who_leaves_last_leaves_a_turn_that_nobody_joins_any_more(turn, writer):
    turn.join(may_resume=True)
    turn.join(may_resume=True)
    turn.leave()
    assert (turn.is_gone, writer.told[1:]) == (False, [])
    turn.leave()
    assert (turn.is_gone, writer.told[1:], turn._deadline) == (True, ["unfollow"], None)
    turn.join(may_resume=True)
    assert (writer.told[2:], turn.status, turn.lost_for) == ([], None, None)


async def test_a_writer_that_says_nothing_in_time_is_unreachable_and_that_is_no_end(turn, writer, soon, events):
    turn.join(may_resume=True)
    await turn.wait_ended()
    assert (turn.lost_for, turn.status, turn.is_gone) == (TURN_UNREACHABLE, None, True)
    assert (writer.told[1:], writer.kept) == (["unfollow"], [])
    assert [event["reason"] for event in events if event["event"] == "turn.lost"] == ["turn_unreachable"]


async def test_a_writer_that_has_told_something_may_be_silent(turn, soon):
    turn.join(may_resume=True)
    turn.receive([], 0)
    await asyncio.sleep(0.03)
    assert (turn.is_over, turn._deadline) == (False, None)


async def test_a_stop_is_the_writer_s_to_make_and_has_a_deadline(turn, writer, soon):
    turn.join(may_resume=True)
    turn.receive([Text("a")], 0)
    turn.stop("client_stopped")
    assert (turn.status, writer.told[1:]) == (None, ["stop"])
    await turn.wait_ended()
    assert turn.lost_for is TURN_UNREACHABLE


async def test_what_is_gone_is_not_stopped(turn, writer):
    turn.end(DONE)
    turn.stop("client_stopped")
    assert "stop" not in writer.told


async def test_it_is_followed_anew_from_where_it_is(turn, writer, soon):
    turn.join(may_resume=True)
    turn.receive([Replacement("ok"), STEP], 2)
    turn.suspend()
    deadline = turn._deadline
    turn.refollow()
    assert writer.told[1:] == [("follow", (2, 2, 1))]
    assert deadline.cancelled()  # another has begun
    await turn.wait_ended()
    assert turn.lost_for is TURN_UNREACHABLE
    turn.refollow()
    assert writer.told[2:] == ["unfollow"]


async def test_while_its_writer_cannot_be_heard_it_waits_and_then_it_is_lost(turn, soon):
    turn.join(may_resume=True)
    turn.receive([Text("a")], 0)
    turn.suspend()
    deadline = turn._deadline
    turn.suspend()
    assert turn._deadline is deadline  # it is no later for being said twice
    await turn.wait_ended()
    assert turn.lost_for is TURN_UNREACHABLE
    turn.suspend()
    assert turn._deadline is None


async def test_it_may_be_lost_for_another_reason(turn):
    turn.lose(UNKNOWN_TURN)
    turn.lose(TURN_UNREACHABLE)
    assert (turn.lost_for, turn.is_over) == (UNKNOWN_TURN, True)


# Its writer has died.


@pytest.mark.parametrize(
    ("parts", "status"), [([Text("half")], Status.INCOMPLETE), ([], Status.ERROR), ([Identity("mock")], Status.ERROR)]
)
async def test_of_what_no_source_can_tell_the_rest_it_keeps_what_is_here(turn, writer, parts, status):
    turn.join(may_resume=True)
    turn.receive(parts, 0)
    turn.lose_writer()
    assert (turn.status, turn.failure, writer.broken) == (status, WRITER_LOST, [])
    assert writer.kept == [(status, turn.text)]


@pytest.mark.parametrize("identity", [Identity("mock", "c", "m"), Identity("dify", None, "m")])
async def test_only_dify_is_asked_for_the_rest_and_only_of_a_conversation(turn, writer, identity):
    turn.receive([identity, Text("half")], 0)
    turn.lose_writer()
    assert (turn.status, writer.broken) == (Status.INCOMPLETE, [])


async def test_where_nothing_was_told_yet_there_is_what_was_stored(writer):
    turn = followed_turn(writer, stored=([Replacement("half")], 3))
    turn.join(may_resume=True)
    turn.lose_writer()
    assert (turn.text, turn.buffer.replacements, turn.status) == ("half", 3, Status.INCOMPLETE)


async def test_what_was_told_counts_more_than_what_was_stored(writer):
    turn = followed_turn(writer, stored=([Text("ha")], 0))
    turn.receive([Text("half")], 0)
    turn.lose_writer()
    assert turn.text == "half"


@pytest.fixture
async def healing(turn, writer):
    """A turn whose writer has died while it was listened to, and the source that tells the rest."""
    source = Scripted(ends=False)
    writer.rest = source.ask(None)
    turn.join(may_resume=True)
    turn.receive([DIFY, Text("One ")], 0)
    turn.lose_writer()
    await asyncio.sleep(0)
    yield source
    if turn._healing is not None:
        turn._healing.cancel()
        await asyncio.gather(turn._healing, return_exceptions=True)


async def test_the_dead_is_neither_followed_nor_waited_for_while_the_source_tells_the_rest(turn, writer):
    writer.rest = Scripted(ends=False).ask(None)
    turn.join(may_resume=True)
    turn.receive([DIFY, Text("One ")], 0)
    turn.suspend()
    turn.lose_writer()
    assert (turn._deadline, writer.told[1:]) == (None, ["unfollow"])
    turn._healing.cancel()


async def test_who_listens_is_told_of_the_rest_as_it_comes(turn, healing):
    heard = []
    turn.subscribe(lambda: heard.append(turn.text))
    healing.put(Text("and "), Summary())
    await eventually(lambda: heard)
    await asyncio.sleep(0.02)
    assert heard == ["One and "]


async def test_a_fault_of_this_service_is_logged_by_the_turn_s_name(turn, healing, events):
    healing.put(ZeroDivisionError())
    await turn.wait_ended()
    assert [event["turn_id"] for event in logged(events, "turn.failed")] == ["t"]


async def test_the_rest_is_had_from_the_source(turn, writer, healing):
    assert writer.broken == [BrokenAnswer(DIFY, OWNER.user, "One ", WRITER_LOST)]
    healing.put(Text("and more."), Summary({"total_tokens": 3}), None)
    await turn.wait_ended()
    assert (turn.status, turn.text, turn.summary.usage) == (Status.DONE, "One and more.", {"total_tokens": 3})
    assert writer.kept == [(Status.DONE, "One and more.")]


async def test_the_rest_may_be_a_pause(turn, healing):
    healing.put(Pause(run_id="r"), None)
    await turn.wait_ended()
    assert (turn.status, turn.reason, turn.pause) == (Status.PAUSED, "waiting_for_human", Pause(run_id="r"))


async def test_the_rest_may_fail(turn, healing):
    healing.fail(WRITER_LOST)
    await turn.wait_ended()
    assert (turn.status, turn.failure) == (Status.INCOMPLETE, WRITER_LOST)


async def test_a_stop_ends_it_at_once_and_then_the_source(turn, writer, healing):
    turn.stop("client_stopped")
    assert (turn.status, turn.reason, writer.kept) == (Status.STOPPED, "client_stopped", [(Status.STOPPED, "One ")])
    assert "stop" not in writer.told
    turn.leave()
    await eventually(lambda: healing.stops == 1 and turn._healing.done())


async def test_a_source_that_goes_on_after_a_stop_is_read_no_longer(turn, healing):
    healing.ignores_stops = True
    turn.stop("client_stopped")
    await eventually(turn._healing.done)
    assert turn._healing.cancelled()


@pytest.mark.parametrize("is_heard", [True, False])
async def test_what_nobody_listens_to_is_gone(turn, writer, is_heard):
    if is_heard:
        turn.join(may_resume=True)
    turn.go_unheard()
    turn.go_unheard()
    assert (turn.is_gone, writer.told.count("unfollow")) == (not is_heard, int(not is_heard))


async def test_what_goes_on_without_its_writer_is_neither_lost_nor_followed(turn, writer, healing):
    told = list(writer.told)
    turn.lose(TURN_UNREACHABLE)
    turn.suspend()
    turn.refollow()
    turn.lose_writer()
    assert (turn.is_over, turn._deadline, writer.told, len(writer.broken)) == (False, None, told, 1)


async def test_the_rest_is_read_no_longer_than_somebody_listens(turn, writer, healing):
    turn.leave()
    await eventually(turn._healing.done)
    assert (turn.is_gone, turn.status, healing.stops, writer.kept) == (True, None, 0, [])


def test_its_name_among_processes_is_of_its_owner_and_its_id(turn):
    assert turn.key == key_of(OWNER, "t") == f"{OWNER.key}:t"
