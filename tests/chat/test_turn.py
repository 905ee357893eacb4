"""One question and its answer, without any connection."""

import asyncio

import pytest

from service.answers.base import Identity, Question, Replacement, Speech, Step, Summary, Text
from service.chat import answer_buffer
from service.chat import turn as turn_module
from service.chat.answer_buffer import Cursor, Delta
from service.chat.cluster import SingleProcess
from service.chat.turn import Status
from service.chat.turn_registry import TurnRegistry
from tests.conftest import PATIENCE_SECONDS, eventually
from tests.scripted import Scripted

QUESTION = Question("Hi", "user")
STARTED = Step("node_started", "n", "LLM")


@pytest.fixture
async def begin():
    """Start a turn on what a script says."""
    started = []

    def begin(source, orphan_grace=PATIENCE_SECONDS):
        turns = TurnRegistry(source, SingleProcess(), orphan_grace=orphan_grace, resume_window=PATIENCE_SECONDS)
        started.append(turns)
        return turns.start("owner", "t", QUESTION), turns

    yield begin
    for turns in started:
        await turns.close()


async def follow(turn, offset=0):
    """What a reader finds in the buffer from `offset` on, to the turn's end."""
    updates = asyncio.Event()
    turn.subscribe(updates.set)
    cursor = Cursor(turn.buffer, offset)
    while True:
        for item in cursor.updates():
            yield item
        if turn.status is not None:
            break
        await updates.wait()
        updates.clear()


async def collect(turn):
    return [delta async for delta in follow(turn)]


async def test_the_answer_is_read_to_its_end_though_nobody_listens(begin):
    turn, turns = begin(Scripted(Identity("mock"), Text("a"), Text("b"), Summary({"total_tokens": 2})))
    await turn.wait_ended()
    assert (turn.status, turn.text, turn.summary.usage) == (Status.DONE, "ab", {"total_tokens": 2})
    await eventually(lambda: len(turns) == 0)


async def test_a_listener_gets_each_text_as_it_comes(begin):
    source = Scripted(ends=False)
    turn, _ = begin(source)
    deltas = follow(turn)
    source.put(Text("one "))
    assert await anext(deltas) == Delta(0, "one ")
    source.put(Text("two"), None)
    assert await anext(deltas) == Delta(4, "two")
    assert [delta async for delta in deltas] == []


async def test_who_comes_late_gets_all_in_one_piece(begin):
    turn, _ = begin(Scripted(Text("one "), Text("two "), Text("three")))
    await turn.wait_ended()
    assert await collect(turn) == [Delta(0, "one two three")]


async def test_offsets_count_code_points(begin):
    source = Scripted(Text("👩‍👩‍👧 é"), ends=False)
    turn, _ = begin(source)
    deltas = follow(turn)
    await anext(deltas)
    source.put(Text("x"), None)
    assert await anext(deltas) == Delta(7, "x")


async def test_two_listeners_hear_the_same(begin):
    source = Scripted(ends=False)
    turn, _ = begin(source)
    both = asyncio.gather(collect(turn), collect(turn))
    await asyncio.sleep(0)
    source.put(Text("a"), Text("b"), None)
    first, second = await both
    assert "".join(delta.content for delta in first) == "".join(delta.content for delta in second) == "ab"


async def test_a_replacement_withdraws_what_was_sent(begin):
    source = Scripted(ends=False)
    turn, _ = begin(source)
    deltas = follow(turn)
    source.put(Text("bad words"))
    await anext(deltas)
    source.put(Replacement("Blocked."))
    assert await anext(deltas) == Delta(0, "Blocked.", replace=True)
    source.put(Text(" Sorry."), None)
    assert await anext(deltas) == Delta(8, " Sorry.")
    await turn.wait_ended()
    assert turn.text == "Blocked. Sorry."


async def test_an_answer_may_be_replaced_by_nothing(begin):
    source = Scripted(ends=False)
    turn, _ = begin(source)
    deltas = follow(turn)
    source.put(Text("bad"))
    await anext(deltas)
    source.put(Replacement(""), None)
    assert await anext(deltas) == Delta(0, "", replace=True)
    await turn.wait_ended()
    assert turn.text == ""


@pytest.mark.parametrize(("parts", "status"), [([], Status.ERROR), ([Text("half")], Status.INCOMPLETE)])
async def test_a_source_that_breaks_off_leaves_what_came_before(begin, parts, status):
    source = Scripted(*parts, ends=False)
    source.fail()
    turn, _ = begin(source)
    await turn.wait_ended()
    assert (turn.status, turn.failure.reason) == (status, "broken_off")


async def test_a_fault_of_ours_ends_the_turn_and_is_logged_with_its_stack(begin, events):
    source = Scripted(Text("half"), ends=False)
    source.put(ZeroDivisionError())
    turn, _ = begin(source)
    await turn.wait_ended()
    assert (turn.status, turn.failure.reason) == (Status.INCOMPLETE, "internal")
    assert [event["exc_info"] for event in events if event["event"] == "turn.failed"] == [True]


async def test_a_stop_ends_the_turn_at_once_and_then_the_source(begin):
    source = Scripted(Text("half"), ends=False)
    turn, turns = begin(source)
    await anext(follow(turn))
    turn.stop("client_stopped")
    assert turn.status is Status.STOPPED
    source.put(Text(" and what nobody reads"))
    await eventually(lambda: len(turns) == 0)
    assert (source.stops, turn.text) == (1, "half")


async def test_the_first_end_counts(begin, events):
    source = Scripted(Text("all"))
    turn, _ = begin(source)
    await turn.wait_ended()
    turn.stop("client_stopped")
    assert (turn.status, source.stops) == (Status.DONE, 0)
    assert [event["event"] for event in events].count("turn.finished") == 1


async def test_a_source_that_does_not_stop_is_dropped_in_time(begin, events, monkeypatch):
    monkeypatch.setattr(turn_module, "STOP_TIMEOUT_SECONDS", 0.02)
    source = Scripted(Text("half"), ends=False)
    source.ignores_stops = True
    turn, turns = begin(source)
    await anext(follow(turn))
    turn.stop("client_left")
    await eventually(lambda: len(turns) == 0)
    assert "turn.stop_unproven" in [event["event"] for event in events]


async def test_an_endless_answer_is_cut_and_its_source_stopped(begin, monkeypatch):
    monkeypatch.setattr(turn_module, "MAX_ANSWER_CHARACTERS", 10)
    source = Scripted(*[Text("four")] * 5, ends=False)
    turn, turns = begin(source)
    await turn.wait_ended()
    assert (turn.status, turn.failure.reason, turn.text) == (Status.INCOMPLETE, "too_long", "four" * 3)
    await eventually(lambda: len(turns) == 0)
    assert source.stops == 1


async def test_closing_breaks_off_what_still_runs(begin):
    source = Scripted(Text("half"), ends=False)
    turn, turns = begin(source)
    await anext(follow(turn))
    await turns.close()
    assert (turn.status, turn.failure.reason, source.stops, len(turns)) == (Status.INCOMPLETE, "restarting", 1, 0)


async def follow_from(turn, offset):
    return [update async for update in follow(turn, offset)]


@pytest.mark.parametrize("offset", range(10))
async def test_who_comes_back_gets_what_is_missing_from_any_offset(begin, offset):
    turn, _ = begin(Scripted(Text("one"), Text(" two "), Text("é👩")))
    await turn.wait_ended()
    text = "one two é👩"
    assert await follow_from(turn, offset) == ([Delta(offset, text[offset:])] if text[offset:] else [])


async def test_who_comes_back_while_it_runs_goes_on_live(begin):
    source = Scripted(Text("one "), ends=False)
    turn, _ = begin(source)
    await anext(follow(turn))
    deltas = follow(turn, 2)
    assert await anext(deltas) == Delta(2, "e ")
    source.put(Text("two"), None)
    assert [delta async for delta in deltas] == [Delta(4, "two")]


async def test_who_was_away_while_text_was_withdrawn_gets_all_of_it_anew(begin):
    turn, _ = begin(Scripted(Text("bad words"), Replacement("Blocked, sadly"), Text("!")))
    await turn.wait_ended()
    assert await follow_from(turn, 3) == [Delta(0, "Blocked, sadly!", replace=True)]


async def test_an_offset_past_the_end_gets_all_of_it_anew(begin):
    turn, _ = begin(Scripted(Text("short")))
    await turn.wait_ended()
    assert await follow_from(turn, 99) == [Delta(0, "short", replace=True)]


async def test_withdrawn_text_is_kept_nowhere(begin):
    turn, _ = begin(Scripted(Text("bad words"), STARTED, Replacement("Blocked.")))
    await turn.wait_ended()
    assert await collect(turn) == [STARTED, Delta(0, "Blocked.", replace=True)]


async def test_steps_and_speech_come_in_their_place_between_the_texts(begin):
    turn, _ = begin(Scripted(Text("a"), Text("b"), STARTED, Text("c"), Speech(0, "bXAz")))
    await turn.wait_ended()
    assert await collect(turn) == [Delta(0, "ab"), STARTED, Delta(2, "c"), Speech(0, "bXAz")]
    assert await follow_from(turn, 2) == [STARTED, Delta(2, "c"), Speech(0, "bXAz")]
    assert turn.text == "abc"


async def test_more_speech_than_can_be_kept_is_withheld_and_said(begin, events, monkeypatch):
    monkeypatch.setattr(answer_buffer, "MAX_PROGRESS_CHARACTERS", 2 * (answer_buffer.STEP_CHARACTERS + 4))
    turn, _ = begin(Scripted(*[Speech(number, "bXAz") for number in range(5)], Text("words")))
    await turn.wait_ended()
    assert [update for update in await collect(turn) if isinstance(update, Speech)] == [
        Speech(0, "bXAz"),
        Speech(1, "bXAz"),
    ]
    assert [event["event"] for event in events].count("turn.extras_withheld") == 1


async def test_a_turn_that_nobody_listens_to_is_stopped_after_the_grace(begin, events):
    source = Scripted(Text("half"), ends=False)
    turn, _ = begin(source, orphan_grace=0.01)
    turn.join()
    turn.leave()
    assert turn.status is None
    await turn.wait_ended()
    assert (turn.status, source.stops) == (Status.STOPPED, 0)
    await eventually(lambda: source.stops == 1)
    assert [event["reason"] for event in events if event["event"] == "turn.finished"] == ["client_left"]


async def test_who_comes_back_within_the_grace_finds_the_turn_running(begin):
    source = Scripted(Text("half"), ends=False)
    turn, _ = begin(source, orphan_grace=0.01)
    turn.join()
    turn.leave()
    turn.join()
    await asyncio.sleep(0.03)
    source.put(Text(" and half"), None)
    await turn.wait_ended()
    assert (turn.status, turn.text) == (Status.DONE, "half and half")


async def test_a_turn_goes_on_while_one_of_two_listeners_stays(begin):
    turn, _ = begin(Scripted(ends=False), orphan_grace=0)
    turn.join()
    turn.join()
    turn.leave()
    await asyncio.sleep(0.01)
    assert turn.status is None
