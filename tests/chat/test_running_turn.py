"""One question and its answer, without any connection, in the process that runs it."""

import asyncio

import pytest
import structlog

from service.answers.base import AnswerStopped, Identity, Question, Queued, Replacement, Speech, Step, Summary, Text
from service.answers.pauses import Continuation, Decision, Pause, PausedRun
from service.chat import answer_buffer, running_turn
from service.chat.answer_buffer import Cursor, Delta
from service.chat.cluster import SingleProcess
from service.chat.seal import Seal
from service.chat.turn_failures import RESTARTING
from service.chat.turn_registry import TurnRegistry
from service.chat.turn_status import Kind, Status
from tests.conftest import PATIENCE_SECONDS, eventually
from tests.scripted import Scripted

QUESTION = Question("Hi", "user")
STARTED = Step("node_started", "n", "LLM")


@pytest.fixture
async def begin():
    """Start a turn on what a script says."""
    started = []

    def begin(source, orphan_grace=PATIENCE_SECONDS, question=QUESTION):
        turns = TurnRegistry(source, SingleProcess(), Seal(), orphan_grace=orphan_grace, resume_window=PATIENCE_SECONDS)
        started.append(turns)
        return turns.start("owner", "t", question), turns

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


async def test_what_is_forgotten_is_stopped_and_whoever_keeps_it_is_told(begin):
    turn, _ = begin(Scripted(ends=False))
    told = []
    turn.on_forgotten = lambda: told.append(turn.status)
    turn.forget()
    assert (turn.status, turn.reason, told) == (Status.STOPPED, "client_stopped", [Status.STOPPED])


async def test_the_answer_is_read_to_its_end_though_nobody_listens(begin):
    turn, turns = begin(Scripted(Identity("mock"), Text("a"), Text("b"), Summary({"total_tokens": 2})))
    await turn.wait_ended()
    assert (turn.status, turn.text, turn.summary.usage) == (Status.DONE, "ab", {"total_tokens": 2})
    await eventually(lambda: len(turns) == 0)


@pytest.mark.parametrize("words", [[Text("Draft.")], []])
async def test_a_pause_ends_the_turn_with_what_was_written(begin, words):
    source = Scripted(Identity("dify"), *words, Pause(run_id="r"))
    turn, _ = begin(source)
    await turn.wait_ended()
    assert (turn.status, turn.reason, turn.failure) == (Status.PAUSED, "waiting_for_human", None)
    assert (turn.text, turn.pause) == ("".join(word.content for word in words), Pause(run_id="r"))
    turn.stop("client_stopped")
    assert (turn.status, source.stops) == (Status.PAUSED, 0)


async def test_a_pause_after_a_stop_changes_nothing(begin):
    source = Scripted(Text("Draft."), ends=False)
    source.ignores_stops = True
    turn, turns = begin(source)
    await eventually(lambda: turn.text)
    turn.stop("client_stopped")
    source.put(Pause(), None)
    await eventually(lambda: len(turns) == 0)
    assert (turn.status, turn.pause) == (Status.STOPPED, None)


@pytest.mark.parametrize("part", [Identity("mock"), Text("a"), STARTED])
async def test_a_question_is_queued_until_anything_else_comes(begin, part):
    source = Scripted(Queued(), ends=False)
    turn, _ = begin(source)
    await eventually(lambda: turn.is_queued)
    source.put(part)
    await eventually(lambda: not turn.is_queued)


async def test_a_question_that_is_stopped_is_queued_no_longer(begin):
    turn, _ = begin(Scripted(Queued(), ends=False))
    await eventually(lambda: turn.is_queued)
    turn.stop("client_stopped")
    assert not turn.is_queued


async def test_a_turn_that_is_stopped_twice_stops_its_source_once(begin):
    source = Scripted(ends=False)
    source.ignores_stops = True
    turn, _ = begin(source)
    await eventually(lambda: source.questions)
    turn.stop("client_stopped")
    turn.stop("client_left")
    await eventually(lambda: source.stops)
    await asyncio.sleep(0)
    assert (turn.reason, source.stops) == ("client_stopped", 1)


async def test_it_is_known_when_the_first_text_came(begin):
    source = Scripted(Identity("dify"), ends=False)
    turn, _ = begin(source)
    await eventually(lambda: turn.identity)
    assert not turn.first_text_at
    source.put(Text("one"))
    await eventually(lambda: turn.text == "one")
    first = turn.first_text_at
    assert first >= turn.started_at
    source.put(Text("two"), None)
    await turn.wait_ended()
    assert turn.first_text_at == first


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
    assert await anext(deltas) == Delta(0, "Blocked.", replace=True, replacements=1)
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
    assert await anext(deltas) == Delta(0, "", replace=True, replacements=1)
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


@pytest.mark.parametrize(("reason", "stops"), [("client_stopped", 1), ("client_left", 0)])
async def test_what_goes_on_alone_is_stopped_by_its_client_only(begin, reason, stops):
    source = Scripted(Text("half"), ends=False)
    turn, turns = begin(source)
    turn.kind = Kind.DECISION
    await anext(follow(turn))
    turn.stop(reason)
    await eventually(lambda: len(turns) == 0)
    assert (turn.status, turn.reason, source.stops) == (Status.STOPPED, reason, stops)


async def test_what_only_looks_is_left_where_its_client_stops_it(begin):
    source = Scripted(Text("half"), ends=False)
    turn, turns = begin(source)
    turn.kind = Kind.LOOK
    await anext(follow(turn))
    turn.stop("client_stopped")
    await eventually(lambda: len(turns) == 0)
    assert (turn.status, turn.reason, source.stops) == (Status.STOPPED, "client_stopped", 0)


async def test_what_goes_on_alone_is_left_when_the_service_ends(begin):
    source = Scripted(Text("half"), ends=False)
    turn, turns = begin(source)
    turn.kind = Kind.DECISION
    await anext(follow(turn))
    await turns.close()
    assert (turn.status, source.stops) == (Status.INCOMPLETE, 0)


async def test_the_first_end_counts(begin, events):
    source = Scripted(Text("all"))
    turn, _ = begin(source)
    await turn.wait_ended()
    turn.stop("client_stopped")
    assert (turn.status, source.stops) == (Status.DONE, 0)
    assert [event["event"] for event in events].count("turn.finished") == 1


async def test_an_endless_answer_is_cut_and_its_source_stopped(begin, monkeypatch):
    monkeypatch.setattr(running_turn, "MAX_ANSWER_CHARACTERS", 10)
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
    assert await follow_from(turn, 3) == [Delta(0, "Blocked, sadly!", replace=True, replacements=1)]


async def test_an_offset_past_the_end_gets_all_of_it_anew(begin):
    turn, _ = begin(Scripted(Text("short")))
    await turn.wait_ended()
    assert await follow_from(turn, 99) == [Delta(0, "short", replace=True)]


async def test_withdrawn_text_is_kept_nowhere(begin):
    turn, _ = begin(Scripted(Text("bad words"), STARTED, Replacement("Blocked.")))
    await turn.wait_ended()
    assert await collect(turn) == [STARTED, Delta(0, "Blocked.", replace=True, replacements=1)]


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
    turn.join(may_resume=True)
    turn.leave()
    assert turn.status is None
    await turn.wait_ended()
    assert (turn.status, source.stops) == (Status.STOPPED, 0)
    await eventually(lambda: source.stops == 1)
    assert [event["reason"] for event in events if event["event"] == "turn.finished"] == ["client_left"]


async def test_who_comes_back_within_the_grace_finds_the_turn_running(begin):
    source = Scripted(Text("half"), ends=False)
    turn, _ = begin(source, orphan_grace=0.01)
    turn.join(may_resume=True)
    turn.leave()
    turn.join(may_resume=True)
    await asyncio.sleep(0.03)
    source.put(Text(" and half"), None)
    await turn.wait_ended()
    assert (turn.status, turn.text) == (Status.DONE, "half and half")


async def test_a_turn_goes_on_while_one_of_two_listeners_stays(begin):
    turn, _ = begin(Scripted(ends=False), orphan_grace=0)
    turn.join(may_resume=True)
    turn.join(may_resume=True)
    turn.leave()
    await asyncio.sleep(0.01)
    assert turn.status is None


async def test_who_comes_back_finds_no_timer_running_and_neither_does_the_end(begin):
    source = Scripted(ends=False)
    turn, _ = begin(source)
    turn.join(may_resume=True)
    turn.leave()
    assert not turn._orphan_timer.cancelled()
    turn.join(may_resume=True)
    assert turn._orphan_timer.cancelled()
    turn.leave()
    source.put(None)
    await turn.wait_ended()
    assert turn._orphan_timer.cancelled()


async def test_a_turn_that_is_over_needs_no_grace(begin):
    turn, _ = begin(Scripted(Text("a"), STARTED, Text("b"), Text("c")))
    turn.join(may_resume=True)
    await turn.wait_ended()
    entries = turn.buffer.entries
    turn.leave()
    assert (turn._orphan_timer, turn.has_no_listeners) == (None, True)
    assert len(turn.buffer.entries) < len(entries)


async def test_what_nobody_listens_to_takes_less_when_it_is_over(begin):
    turn, turns = begin(Scripted(Text("a"), Text("b"), Text("c")))
    await eventually(lambda: len(turns) == 0)
    assert turn.buffer.entries == ["abc"]


async def test_who_still_listens_when_it_is_over_is_not_disturbed(begin):
    source = Scripted(Text("a"), Text("b"), Text("c"))
    turn, turns = begin(source)
    turn.join(may_resume=True)
    await eventually(lambda: len(turns) == 0)
    assert turn.buffer.entries == ["a", "b", "c"]


async def test_a_reading_that_is_cancelled_ends_the_turn_for_all_who_listen(begin):
    turn, _ = begin(Scripted(Text("half"), ends=False))
    listening = asyncio.create_task(collect(turn))
    await eventually(lambda: turn.text)
    turn._reading.task.cancel()
    assert await listening == [Delta(0, "half")]
    assert (turn.status, turn.reason) == (Status.STOPPED, "cancelled")


async def test_an_answer_that_others_stopped_is_stopped(begin):
    turn, _ = begin(Scripted(Text("half"), AnswerStopped(), ends=False))
    await turn.wait_ended()
    assert (turn.status, turn.reason, turn.failure, turn.text) == (Status.STOPPED, None, None, "half")


async def test_an_answer_of_just_the_allowed_length_is_whole(begin, monkeypatch):
    monkeypatch.setattr(running_turn, "MAX_ANSWER_CHARACTERS", 8)
    turn, _ = begin(Scripted(Text("four"), Text("four")))
    await turn.wait_ended()
    assert turn.status is Status.DONE


async def test_what_comes_after_a_stop_is_nobody_s_but_its_tokens_are_counted(begin):
    source = Scripted(Text("half"), ends=False)
    source.ignores_stops = True
    turn, turns = begin(source)
    await eventually(lambda: turn.text)
    turn.stop("client_stopped")
    source.put(Identity("mock"), Text("more"), Replacement("other"), STARTED, Summary({"total_tokens": 3}), None)
    await eventually(lambda: len(turns) == 0)
    assert (turn.text, turn.identity, turn.summary.usage) == ("half", None, {"total_tokens": 3})
    assert await collect(turn) == [Delta(0, "half")]


async def test_the_end_is_told_in_the_log_with_what_it_was(begin, events):
    turn, _ = begin(Scripted(Identity("dify", "c", "m"), Text("four")))
    await turn.wait_ended()
    (finished,) = events
    duration_ms = finished.pop("duration_ms")
    assert finished == {
        "event": "turn.finished", "log_level": "info", "turn_id": "t", "status": "done", "reason": None,
        "source": "dify", "characters": 4, "waited_ms": 0, "tries": 1, "tokens": 0,
    }  # fmt: skip
    assert 0 <= duration_ms < PATIENCE_SECONDS * 1000


async def test_what_is_logged_while_it_is_read_names_the_turn(begin, events):
    class Talking(Scripted):
        def ask(self, question):
            answer = super().ask(question)
            stream = answer.stream

            async def talk(on_part):
                structlog.get_logger().info("dify.answered")
                await stream(on_part)

            answer.stream = talk
            return answer

    turn, _ = begin(Talking())
    await turn.wait_ended()
    assert [event["turn_id"] for event in events if event["event"] == "dify.answered"] == ["t"]


@pytest.mark.parametrize(("parts", "status"), [([], Status.ERROR), ([Text("half")], Status.INCOMPLETE)])
async def test_what_we_break_off_says_why(begin, parts, status):
    source = Scripted(*parts, ends=False)
    turn, turns = begin(source)
    await asyncio.sleep(0)
    turn.abort(RESTARTING)
    assert (turn.status, turn.reason, turn.failure) == (status, "restarting", RESTARTING)
    await eventually(lambda: len(turns) == 0)
    assert source.stops == 1


# Claims to come back.


@pytest.fixture
def listened_to(begin):
    """A running turn with one listener, and its source."""

    def listened_to(*, may_resume=False, question=QUESTION):
        source = Scripted(Text("half"), ends=False)
        turn, _ = begin(source, question=question)
        turn.join(may_resume=may_resume)
        return turn, source

    return listened_to


async def test_who_leaves_for_good_without_a_claim_ends_the_turn_at_once(listened_to):
    turn, source = listened_to()
    turn.leave(for_good=True)
    assert (turn.status, turn.reason) == (Status.STOPPED, "client_left")
    await eventually(lambda: source.stops == 1)


@pytest.mark.parametrize(("may_resume", "for_good"), [(True, True), (False, False)])
async def test_with_a_claim_or_after_a_lost_connection_the_grace_holds(listened_to, may_resume, for_good):
    turn, _ = listened_to(may_resume=may_resume)
    turn.leave(for_good=for_good)
    assert (turn.status, turn._orphan_timer.cancelled()) == (None, False)


async def test_while_others_listen_it_goes_on_and_their_claim_is_kept(listened_to):
    turn, _ = listened_to()
    turn.join(may_resume=True)
    turn.leave()
    assert turn._orphan_timer is None
    turn.leave(for_good=True)
    assert turn.status is None


async def test_what_a_person_decided_outlives_even_a_goodbye(listened_to):
    turn, _ = listened_to(question=Continuation(PausedRun("r"), "user", Decision("approve")))
    turn.leave(for_good=True)
    assert (turn.status, turn._reading.demand.is_abandoned) == (None, False)


async def test_who_only_looks_on_looks_no_longer_than_it_stays(listened_to):
    turn, source = listened_to(question=Continuation(PausedRun("r"), "user"))
    turn.leave(for_good=True)
    await turn.wait_ended()
    assert (turn.status, source.stops) == (Status.STOPPED, 0)


async def test_its_demand_knows_whether_anybody_listens(listened_to):
    turn, _ = listened_to()
    demand = turn._reading.demand
    told = [demand.is_abandoned]
    turn.leave()
    told.append(demand.is_abandoned)
    turn.join(may_resume=True)
    told.append(demand.is_abandoned)
    assert told == [False, True, False]


async def test_it_is_displaced_by_being_stopped_and_its_slot_is_known_to_come_back(listened_to):
    turn, source = listened_to()
    demand = turn._reading.demand
    turn.leave()
    demand.displace()
    assert (turn.status, turn.reason, demand.is_ending) == (Status.STOPPED, "displaced", True)
    await eventually(lambda: source.stops == 1)
