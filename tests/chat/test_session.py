"""One connection's rules, without a server: a session is given where to send."""

import asyncio
import json
from types import SimpleNamespace

import pytest

from service.admission.caller import Caller
from service.admission.limit_table import Limits
from service.admission.quotas import Quotas
from service.answers import failures
from service.answers.base import Identity, Question, Replacement, Speech, Step, Text
from service.answers.pauses import Decision, Form, FormAction, Pause, PausedRun
from service.chat import close_codes
from service.chat.client_identity import owner_of
from service.chat.cluster import SingleProcess
from service.chat.seal import Seal
from service.chat.session import Session
from service.chat.turn_failures import MAX_RUNNING_TURNS, TURN_UNREACHABLE
from service.chat.turn_registry import TurnRegistry
from service.chat.turn_status import Ending, Status
from tests.chat.followed import followed_turn
from tests.chat.sessions import Transport, chat, terminal
from tests.conftest import PATIENCE_SECONDS, eventually, logged
from tests.scripted import Scripted

RESUME = json.dumps({"type": "resume", "token": "0" * 32})
LATENCY = '{"type":"voice_latency","id":"%s","asked_ms":700}'


@pytest.fixture
async def meet():
    """A session on a script, and its transport."""
    met = []

    def meet(source, turns=None, orphan_grace=PATIENCE_SECONDS):
        if turns is None:
            turns = TurnRegistry(
                source, SingleProcess(), Seal(), orphan_grace=orphan_grace, resume_window=PATIENCE_SECONDS
            )
        transport = Transport()
        session = Session(transport, "bed-7", Caller(), turns, max_content_length=100)
        met.append((session, turns))
        return session, transport

    yield meet
    for session, turns in met:
        await session.end(is_goodbye=False)
        await turns.close()


async def test_a_plain_question_gets_one_frame(meet):
    session, transport = meet(Scripted(Identity("dify", "c", "m"), Text("a"), Text("b")))
    await session.receive(chat())
    await eventually(lambda: not session.is_busy)
    assert [(frame["type"], frame["content"]) for frame in transport.frames] == [("chat", "ab")]
    assert (transport.frames[0]["conversation_id"], transport.frames[0]["message_id"]) == ("c", "m")


async def test_the_question_is_handed_on_whole(meet):
    source = Scripted()
    session, transport = meet(source)
    await session.greet()
    await session.receive(chat(conversation_id="c", inputs={"name": "Ann"}, files=[{"type": "image"}]))
    (question,) = source.questions
    user = owner_of(transport.frames[0]["resume_token"]).user
    assert (question.content, question.user, question.conversation_id) == ("Hi", user, "c")
    assert (question.inputs, question.files) == ({"name": "Ann"}, [{"type": "image"}])


async def test_two_questions_are_answered_side_by_side(meet):
    session, transport = meet(Scripted(Text("a")))
    await session.receive(chat(id="one"))
    await session.receive(chat(id="two"))
    await eventually(lambda: not session.is_busy)
    assert {frame["id"] for frame in terminal(transport.frames)} == {"one", "two"}


async def test_a_question_beyond_a_limit_is_refused_with_when_to_come_again_and_not_asked(meet):
    source = Scripted(Text("a"))
    session, transport = meet(source)
    session.quotas = Quotas(Limits(user_questions_per_minute=1))
    await session.receive(chat(id="one"))
    await session.receive(chat(id="two"))
    (error,) = [frame for frame in transport.frames if frame["type"] == "error"]
    assert (error["id"], error["reason"], error["retry_after"] > 0) == ("two", "too_many_questions", True)
    assert len(source.questions) == 1


async def test_the_same_id_while_it_is_answered_is_not_asked_twice(meet):
    source = Scripted(ends=False)
    session, transport = meet(source)
    await session.receive(chat(id="one"))
    await session.receive(chat(id="one"))
    source.put(Text("once"), None)
    await eventually(lambda: not session.is_busy)
    assert len(source.questions) == 1
    assert len(terminal(transport.frames)) == 1


async def test_a_stop_names_its_turn(meet):
    source = Scripted(ends=False)
    session, transport = meet(source)
    await session.receive(chat(id="one"))
    await session.receive(chat(id="two"))
    await session.receive('{"type":"stop","id":"two"}')
    await eventually(lambda: terminal(transport.frames))
    assert [(frame["id"], frame["status"]) for frame in terminal(transport.frames)] == [("two", "stopped")]


async def test_a_stop_without_id_stops_all(meet):
    session, transport = meet(Scripted(ends=False))
    await session.receive(chat(id="one"))
    await session.receive(chat(id="two"))
    await session.receive('{"type":"stop"}')
    await eventually(lambda: len(terminal(transport.frames)) == 2)
    assert {frame["status"] for frame in terminal(transport.frames)} == {"stopped"}


async def test_stopping_what_does_not_run_changes_nothing(meet):
    session, transport = meet(Scripted())
    await session.receive('{"type":"stop","id":"never"}')
    assert transport.frames == []


@pytest.mark.parametrize(("stop", "told"), [({"id": "here"}, []), ({"id": "elsewhere"}, ["elsewhere"]), ({}, [None])])
async def test_a_stop_goes_to_other_processes_unless_its_turn_is_here(meet, monkeypatch, stop, told):
    session, _ = meet(Scripted(ends=False))
    await session.receive(chat(id="here"))
    heard = []
    monkeypatch.setattr(session.turns, "stop_elsewhere", lambda owner, turn_id: heard.append((owner, turn_id)))
    await session.receive(json.dumps({"type": "stop"} | stop))
    assert heard == [(session.owner, turn_id) for turn_id in told]


async def test_a_look_at_what_was_decided_is_no_question_that_counts(meet):
    class Counting(Quotas):
        async def admit_question(self, caller, user):
            counted.append(user)
            return await super().admit_question(caller, user)

    counted = []
    session, transport = meet(Scripted(Text("a")))
    session.quotas = Counting(Limits())
    await session.receive(chat())
    assert len(counted) == 1
    run = PausedRun("r", expires_at=None)
    sealed = session.turns.seal.seal(run, session.owner.user)
    await session.receive(json.dumps({"type": "resume", "token": "0" * 32, "continuation": sealed}))
    own = session.turns.seal.seal(run, session.owner.user)
    await session.receive(json.dumps({"type": "resume", "token": "0" * 32, "continuation": own}))
    await eventually(lambda: len(terminal(transport.frames)) == 3)
    assert len(counted) == 1


async def test_more_turns_than_allowed_are_refused_in_words(meet):
    session, transport = meet(Scripted(ends=False))
    for number in range(MAX_RUNNING_TURNS + 1):
        await session.receive(chat(id=f"t{number}"))
    (refused,) = terminal(transport.frames)
    assert (refused["code"], refused["id"]) == (429, f"t{MAX_RUNNING_TURNS}")


async def test_a_turn_that_fails_before_its_first_word_ends_in_the_words_of_the_table(meet):
    source = Scripted(ends=False)
    source.fail(failures.QUOTA)
    session, transport = meet(source)
    await session.receive(chat(id="one"))
    await eventually(lambda: not session.is_busy)
    assert transport.frames == [
        {"type": "error", "content": failures.QUOTA.message, "code": 503, "id": "one", "reason": "quota"}
    ]


async def test_a_fault_of_ours_is_an_error_that_gives_nothing_away(meet):
    source = Scripted(ends=False)
    source.put(ZeroDivisionError("secret"))
    session, transport = meet(source)
    await session.receive(chat(id="one"))
    await eventually(lambda: not session.is_busy)
    assert [(frame["code"], frame["reason"]) for frame in transport.frames] == [(90000, "internal")]
    assert "secret" not in repr(transport.frames)


async def test_an_answer_that_broke_off_says_why(meet):
    source = Scripted(Text("half"), ends=False)
    source.fail(failures.STALLED)
    session, transport = meet(source)
    await session.receive(chat())
    await eventually(lambda: not session.is_busy)
    assert [(frame["status"], frame["reason"]) for frame in transport.frames] == [("incomplete", "stalled")]


async def test_a_bad_frame_under_a_running_turn_s_id_does_not_end_that_turn(meet):
    source = Scripted(ends=False)
    session, transport = meet(source)
    await session.receive(chat(id="one"))
    await session.receive(chat("", id="one"))
    assert [frame.get("id") for frame in transport.frames] == [None]
    source.put(Text("whole"), None)
    await eventually(lambda: not session.is_busy)
    assert transport.frames[-1]["content"] == "whole"


async def test_a_closed_session_asks_nothing_more(meet):
    source = Scripted()
    session, _ = meet(source)
    await session.close(close_codes.REPLACED)
    await session.receive(chat())
    assert source.questions == []


async def test_after_its_close_a_session_sends_nothing_more(meet):
    session, transport = meet(Scripted())
    await session.close(close_codes.REPLACED)
    await session.receive('{"type":"ping"}')
    await session.close(close_codes.IDLE)
    assert transport.closed == (4500, close_codes.REPLACED.reason)
    assert [frame["type"] for frame in transport.frames] == ["system"]


async def test_who_leaves_and_does_not_come_back_has_their_turns_stopped(meet, events):
    source = Scripted(ends=False)
    session, _ = meet(source, orphan_grace=0)
    await session.receive(chat())
    await session.end(is_goodbye=False)
    await eventually(lambda: source.stops == 1)
    (finished,) = [event for event in events if event["event"] == "turn.finished"]
    assert (finished["status"], finished["reason"]) == ("stopped", "client_left")


@pytest.fixture
def come_back(meet):
    """The client loses its connection, and has a new one to the same turns; the frames of the new one are returned."""

    async def come_back(session, transport, **resume):
        await session.end(is_goodbye=False)
        new_session, new_transport = meet(None, session.turns)
        token = transport.frames[0]["resume_token"]
        await new_session.receive(json.dumps({"type": "resume", "token": token, **resume}))
        return new_session, new_transport

    return come_back


async def ask_and_read(session, transport, source, text):
    await session.greet()
    await session.receive(chat(id="one", stream=True))
    source.put(Text(text))
    await eventually(lambda: transport.frames[-1]["type"] == "chat_delta")


async def test_who_comes_back_gets_the_text_that_is_missing_and_goes_on_live(meet, come_back):
    source = Scripted(ends=False)
    session, transport = meet(source)
    await ask_and_read(session, transport, source, "one two ")
    _, new_transport = await come_back(session, transport, id="one", offset=4)
    source.put(Text("three"), None)
    await eventually(lambda: terminal(new_transport.frames))
    assert [(frame["offset"], frame["content"]) for frame in new_transport.frames[:-1]] == [
        (4, "two "),
        (8, "three"),
    ]
    assert new_transport.frames[-1]["content"] == "one two three"
    assert len(source.questions) == 1


async def test_a_turn_that_ended_meanwhile_yields_the_rest_and_its_end(meet, come_back):
    source = Scripted(ends=False)
    session, transport = meet(source)
    await ask_and_read(session, transport, source, "one ")
    await session.end(is_goodbye=False)
    source.put(Text("two"), None)
    _, new_transport = await come_back(session, transport, id="one", offset=4)
    await eventually(lambda: terminal(new_transport.frames))
    assert [frame["content"] for frame in new_transport.frames] == ["two", "one two"]


@pytest.mark.parametrize(
    ("resume", "begins_at", "over_at"),
    [({}, 0, 0), ({"offset": 4}, 4, 4), ({"offset": 8}, 8, 8), ({"offset": 9}, 0, 9), ({"offset": 2**64}, 0, 0)],
)
async def test_a_resume_is_acknowledged_with_where_it_goes_on(meet, come_back, resume, begins_at, over_at):
    source = Scripted(ends=False)
    session, transport = meet(source)
    await ask_and_read(session, transport, source, "one two ")
    _, running = await come_back(session, transport, id="one", **resume)
    source.put(Text("three"), None)
    await eventually(lambda: terminal(running.frames))
    _, over = await come_back(session, transport, id="one", **resume)
    await eventually(lambda: terminal(over.frames))
    acknowledged = {"type": "resumed", "id": "one"}
    assert running.resumed == [{**acknowledged, "offset": begins_at, "running": True}]
    assert running.frames[0]["offset"] == begins_at
    text = "one two three" if running.frames[0].get("replace") else "one two three"[begins_at:]
    assert "".join(frame["content"] for frame in running.frames[:-1]) == text
    assert over.resumed == [{**acknowledged, "offset": over_at, "running": False}]


async def test_an_offset_that_is_none_is_a_bad_frame(meet):
    session, transport = meet(Scripted())
    for offset in (-1, 1.5, "4", None):
        await session.receive(json.dumps({"type": "resume", "token": "0" * 32, "id": "t", "offset": offset}))
    assert [frame["reason"] for frame in transport.frames] == ["bad_frame"] * 4


async def test_to_ask_how_a_paused_answer_went_on_is_acknowledged_under_the_turn_s_name(meet):
    session, transport = meet(Scripted(ends=False))
    await session.receive(RESUME)
    sealed = session.turns.seal.seal(PausedRun("r", expires_at=None), session.owner.user)
    resume = {"type": "resume", "token": "0" * 32, "continuation": sealed, "turn_id": "n"}
    await session.receive(json.dumps(resume))
    await eventually(lambda: transport.resumed)
    assert transport.resumed == [{"type": "resumed", "id": "n", "offset": 0, "running": True}]


async def test_the_same_question_under_the_same_id_joins_the_turn(meet, come_back):
    source = Scripted(ends=False)
    session, transport = meet(source)
    await ask_and_read(session, transport, source, "one ")
    new_session, new_transport = await come_back(session, transport)
    await new_session.receive(chat(id="one", stream=True))
    source.put(None)
    await eventually(lambda: terminal(new_transport.frames))
    assert [frame.get("content") for frame in new_transport.frames] == ["Welcome back", "one ", "one "]
    assert len(source.questions) == 1


async def test_another_question_under_an_id_in_use_is_refused(meet):
    source = Scripted(Text("a"))
    session, transport = meet(source)
    await session.receive(chat("Hi", id="one"))
    await eventually(lambda: not session.is_busy)
    await session.receive(chat("Ho", id="one"))
    assert (transport.frames[-1]["code"], transport.frames[-1]["id"]) == (10000, "one")
    assert len(source.questions) == 1


@pytest.mark.parametrize(("token", "turn_id"), [("0" * 32, "one"), (None, "two")])
async def test_what_is_unknown_and_what_is_another_s_cannot_be_told_apart(meet, token, turn_id):
    session, transport = meet(Scripted(Text("a")))
    await session.greet()
    await session.receive(chat(id="one"))
    token = token or transport.frames[0]["resume_token"]
    await session.receive(json.dumps({"type": "resume", "token": token, "id": turn_id}))
    await eventually(lambda: not session.is_busy)
    (error,) = [frame for frame in transport.frames if frame["type"] == "error"]
    assert (error["code"], error["reason"], error["id"]) == (404, "unknown_turn", turn_id)
    assert error["content"] == "There is no such answer to go on with: it is over, or somebody else's."


async def test_who_resumes_asks_on_as_the_same_user(meet, come_back):
    source = Scripted()
    session, transport = meet(source)
    await session.greet()
    new_session, new_transport = await come_back(session, transport)
    assert new_transport.frames == [
        {"type": "system", "content": "Welcome back", "resume_token": transport.frames[0]["resume_token"]}
    ]
    await new_session.receive(chat())
    assert source.questions[0].user == owner_of(transport.frames[0]["resume_token"]).user


async def test_who_resumes_twice_gets_the_text_once(meet, come_back):
    source = Scripted(ends=False)
    session, transport = meet(source)
    await ask_and_read(session, transport, source, "one ")
    new_session, new_transport = await come_back(session, transport, id="one")
    token = transport.frames[0]["resume_token"]
    await new_session.receive(json.dumps({"type": "resume", "token": token, "id": "one"}))
    source.put(None)
    await eventually(lambda: terminal(new_transport.frames))
    assert [frame["content"] for frame in new_transport.frames] == ["one ", "one "]


async def test_a_turn_may_be_stopped_by_its_owner_before_it_is_resumed(meet, come_back):
    source = Scripted(ends=False)
    session, transport = meet(source)
    await ask_and_read(session, transport, source, "one ")
    new_session, _ = await come_back(session, transport)
    await new_session.receive('{"type":"stop","id":"one"}')
    await eventually(lambda: source.stops == 1)


async def test_a_stranger_cannot_stop_a_turn(meet):
    source = Scripted(ends=False)
    session, transport = meet(source)
    await ask_and_read(session, transport, source, "one ")
    stranger, _ = meet(None, session.turns)
    await stranger.receive('{"type":"stop","id":"one"}')
    await stranger.receive('{"type":"stop"}')
    await asyncio.sleep(0)
    assert source.stops == 0
    assert session.is_busy


async def test_the_limit_of_turns_counts_what_runs_without_a_listener(meet, come_back):
    session, transport = meet(Scripted(ends=False))
    await session.greet()
    for number in range(MAX_RUNNING_TURNS):
        await session.receive(chat(id=f"t{number}"))
    new_session, new_transport = await come_back(session, transport)
    await new_session.receive(chat(id="more"))
    assert new_transport.frames[-1]["code"] == 429


async def test_steps_and_speech_are_asked_for_and_told_to_who_wants_them(meet):
    source = Scripted(Step("node_started", "n", "LLM", "llm"), Text("a"), Speech(0, "bXAz"))
    session, transport = meet(source)
    await session.receive(chat(id="one", stream=True, events=True, audio=True))
    await eventually(lambda: not session.is_busy)
    assert (source.questions[0].steps, source.questions[0].speech) == (True, True)
    assert transport.frames[0] == {
        "type": "chat_event", "id": "one", "event": "node_started", "step": "n", "name": "LLM", "kind": "llm",
    }  # fmt: skip
    assert transport.frames[2] == {
        "type": "chat_audio", "id": "one", "number": 0, "content": "bXAz", "media_type": "audio/mpeg",
    }  # fmt: skip


async def test_who_does_not_ask_for_steps_and_speech_gets_none(meet):
    source = Scripted()
    session, _ = meet(source)
    await session.receive(chat(stream=True))
    await session.receive(chat(events=True, audio=True))
    assert [(question.steps, question.speech) for question in source.questions] == [(False, False)] * 2


async def test_what_a_closed_session_was_owed_counts_as_not_delivered(meet):
    source = Scripted(ends=False)
    session, transport = meet(source)
    await session.receive(chat(id="one", stream=True))
    source.put(Text("words"))
    await eventually(lambda: transport.frames)
    await session.close(close_codes.REPLACED)
    source.put(Text(" unread"), None)
    await eventually(lambda: not session.is_busy)
    turn = session.turns.get(session.owner, "one")
    assert (turn.receipt.offset, turn.undelivered) == (5, 7)


async def test_a_greeting_names_the_client_and_gives_it_its_token(meet):
    session, transport = meet(Scripted())
    await session.greet()
    (greeting,) = transport.frames
    assert (greeting["type"], greeting["content"], greeting["client_id"]) == (
        "system", "Connected to chat server", "bed-7",
    )  # fmt: skip
    assert (session.number, len(greeting["resume_token"])) == (0, 32)


async def test_a_ping_is_answered_with_its_own_timestamp_or_ours(meet):
    session, transport = meet(Scripted())
    await session.receive('{"type":"ping","timestamp":17.5}')
    await session.receive('{"type":"ping"}')
    assert transport.frames[0] == {"type": "pong", "timestamp": 17.5}
    assert transport.frames[1]["timestamp"] > 1_700_000_000_000


async def test_a_question_without_more_asks_for_nothing_more_and_gets_a_name(meet):
    source = Scripted(Text("a"))
    session, transport = meet(source)
    await session.receive(chat())
    await eventually(lambda: not session.is_busy)
    (question,) = source.questions
    assert (question.conversation_id, question.inputs, question.files) == (None, {}, [])
    assert len(transport.frames[0]["id"]) == 16


async def test_what_is_no_frame_is_refused_under_its_id_if_it_has_one(meet):
    session, transport = meet(Scripted())
    await session.receive("nonsense")
    await session.receive(chat("", id="one"))
    assert [(frame["code"], frame["reason"], frame.get("id")) for frame in transport.frames] == [
        (10000, "bad_frame", None), (10000, "bad_frame", "one"),
    ]  # fmt: skip


async def test_a_bad_frame_under_another_id_than_the_running_turn_s_ends_that_id(meet):
    session, transport = meet(Scripted(ends=False))
    await session.receive(chat(id="one"))
    await session.receive(chat("", id="two"))
    assert [frame["id"] for frame in transport.frames] == ["two"]


async def test_while_the_service_ends_there_are_joins_and_no_new_questions(meet):
    source = Scripted(ends=False)
    session, transport = meet(source)
    await session.receive(chat(id="one"))
    session.turns.stop_accepting()
    await session.receive(chat(id="one"))
    await session.receive(chat(id="two"))
    assert [(frame["id"], frame["code"], frame["reason"]) for frame in transport.frames] == [("two", 503, "restarting")]
    source.put(Text("a"), None)
    await eventually(lambda: not session.is_busy)
    assert (transport.frames[-1]["content"], len(source.questions)) == ("a", 1)


async def test_each_question_tells_its_story_in_the_log(meet, events):
    source = Scripted(ends=False)
    session, transport = meet(source)
    await session.greet()
    await session.receive(chat("Hello", id="one", stream=True))
    await session.receive(chat("Hello", id="one"))
    token = transport.frames[0]["resume_token"]
    await session.receive(json.dumps({"type": "resume", "token": token, "id": "one", "offset": 3}))
    assert [(event["event"], event["turn_id"]) for event in events] == [
        ("turn.started", "one"), ("turn.joined", "one"), ("turn.resumed", "one"),
    ]  # fmt: skip
    assert (events[0]["characters"], events[0]["stream"], events[2]["offset"]) == (5, True, 3)


async def test_as_many_turns_as_allowed_run_and_one_that_ends_makes_room(meet):
    source = Scripted(ends=False)
    session, transport = meet(source)
    for number in range(MAX_RUNNING_TURNS):
        await session.receive(chat(id=f"t{number}"))
    assert (transport.frames, len(source.questions)) == ([], MAX_RUNNING_TURNS)
    source.put(None)
    await eventually(lambda: not session.is_busy)
    await session.receive(chat(id="more"))
    assert len(source.questions) == MAX_RUNNING_TURNS + 1


async def test_turns_that_were_stopped_count_until_they_end(meet):
    source = Scripted(ends=False)
    source.ignores_stops = True
    session, transport = meet(source)
    for number in range(MAX_RUNNING_TURNS):
        await session.receive(chat(id=f"t{number}"))
        await session.receive('{"type":"stop"}')
        await eventually(lambda: not session.is_busy)
    assert {frame["status"] for frame in transport.frames} == {"stopped"}
    await session.receive(chat(id="more"))
    assert (transport.frames[-1]["id"], transport.frames[-1]["reason"]) == ("more", "too_many_turns")
    source.put(None)
    await eventually(lambda: len(session.turns) == 0)
    await session.receive(chat(id="again"))
    assert len(source.questions) == MAX_RUNNING_TURNS + 1


async def test_a_connection_with_ever_new_tokens_has_no_more_at_once(meet):
    source = Scripted(ends=False)
    source.ignores_stops = True
    session, transport = meet(source)
    for number in range(MAX_RUNNING_TURNS + 1):
        await session.receive(json.dumps({"type": "resume", "token": f"{number:032}"}))
        await session.receive(chat(id=f"t{number}"))
        await session.receive('{"type":"stop"}')
        await eventually(lambda: not session.is_busy)
    assert len(source.questions) == MAX_RUNNING_TURNS
    assert (transport.frames[-1]["id"], transport.frames[-1]["reason"]) == ("t8", "too_many_turns")
    source.put(None)


@pytest.mark.parametrize("frames", [[chat()], [chat(id="one")], [chat(), RESUME], [RESUME, chat()]])
@pytest.mark.parametrize("is_goodbye", [True, False])
async def test_a_goodbye_ends_what_nobody_claims_to_come_back_for(meet, frames, is_goodbye):
    source = Scripted(ends=False)
    session, _ = meet(source)
    for frame in frames:
        await session.receive(frame)
    await session.end(is_goodbye=is_goodbye)
    await asyncio.sleep(0)
    assert source.stops == (is_goodbye and frames == [chat()])


async def test_who_resumed_a_turn_elsewhere_keeps_its_claim_when_the_asker_says_goodbye(meet, come_back):
    source = Scripted(ends=False)
    session, transport = meet(source)
    await session.greet()
    await session.receive(chat())
    await eventually(lambda: source.questions)
    (turn,) = session._deliveries
    other, _ = meet(None, session.turns)
    await other.receive(json.dumps({"type": "resume", "token": transport.frames[0]["resume_token"], "id": turn.id}))
    await session.end(is_goodbye=True)
    assert turn.status is None
    await other.end(is_goodbye=True)
    assert turn.status is None


async def test_a_turn_s_demand_has_the_caller_s_address_and_the_owner_s_user(meet):
    source = Scripted(ends=False)
    session, _ = meet(source)
    session.caller = Caller("10.0.0.1")
    await session.receive(chat())
    await eventually(lambda: source.questions)
    demand = source.questions[0].demand
    assert (demand.address, demand.user) == ("10.0.0.1", session.owner.user)


async def test_answers_of_another_token_count_while_they_are_on_their_way_here(meet):
    session, transport = meet(Scripted(ends=False))
    for number in range(MAX_RUNNING_TURNS):
        await session.receive(chat(id=f"t{number}"))
    await session.receive(json.dumps({"type": "resume", "token": "0" * 32}))
    await session.receive(chat(id="more"))
    assert transport.frames[-1]["code"] == 429


async def test_an_answer_is_waited_for_to_its_end(meet):
    source = Scripted(ends=False)
    session, _ = meet(source)
    await session.wait_answered()
    await session.receive(chat())
    waiting = asyncio.create_task(session.wait_answered())
    await asyncio.sleep(0.01)
    assert not waiting.done()
    source.put(None)
    await waiting
    assert not session.is_busy


async def test_at_its_end_nothing_is_on_its_way_any_more_and_the_turn_goes_on(meet):
    source = Scripted(ends=False)
    session, _ = meet(source)
    await session.receive(chat(id="one"))
    turn = session.turns.get(session.owner, "one")
    assert not turn.has_no_listeners
    await session.end(is_goodbye=False)
    assert (session.is_busy, turn.has_no_listeners, turn.status) == (False, True, None)


async def test_a_turn_may_be_resumed_without_a_stream_of_its_own_from_any_place(meet):
    session, transport = meet(Scripted(Text("one two")))
    await session.greet()
    await session.receive(chat(id="one"))
    await eventually(lambda: not session.is_busy)
    token = transport.frames[0]["resume_token"]
    await session.receive(json.dumps({"type": "resume", "token": token, "id": "one", "offset": 4}))
    await eventually(lambda: not session.is_busy)
    assert [frame["content"] for frame in transport.frames[2:]] == ["two", "one two"]


FORM = Form("Yes?", [], [FormAction("yes", "Yes", "primary")], token="t0")


def form(**fields):
    return json.dumps({"type": "form", "action": "yes", **fields})


@pytest.fixture
async def paused(meet):
    """A session whose answer has paused, and its source, which says `after` now."""

    async def paused(*after):
        source = Scripted(Identity("dify", "c", "m"), Text("Draft."), Pause(FORM, "r", "t"))
        session, transport = meet(source)
        await session.greet()
        await session.receive(chat(id="q", stream=True))
        await eventually(lambda: not session.is_busy)
        source._parts[:] = [*after, None]
        return session, transport, source

    return paused


async def test_a_form_is_handed_on_and_what_follows_is_a_turn_of_its_own(paused):
    session, transport, source = await paused(Text("Yes."))
    await session.receive(form(id="q", turn_id="n", inputs={"a": 1}))
    await eventually(lambda: not session.is_busy)
    continuation = source.questions[-1]
    assert (continuation.run.run_id, continuation.decision) == ("r", Decision("yes", {"a": 1}))
    assert continuation.user == owner_of(transport.frames[0]["resume_token"]).user
    end = transport.frames[-1]
    assert (end["id"], end["content"], end["status"]) == ("n", "Yes.", "done")


async def test_a_form_under_the_same_id_joins_and_another_decision_is_refused(paused):
    session, transport, source = await paused(Text("Yes."))
    for _ in range(2):
        await session.receive(form(id="q", turn_id="n"))
        await eventually(lambda: not session.is_busy)
    await session.receive(form(id="q", turn_id="n", inputs={"a": 1}))
    assert [frame["id"] for frame in terminal(transport.frames)] == ["q", "n", "n", "n"]
    assert transport.frames[-1]["reason"] == "id_taken"
    assert len(source.questions) == 2


async def test_how_it_went_on_is_asked_by_the_continuation_and_streamed(paused, meet):
    session, transport, source = await paused(Text("Yes."))
    token, sealed = transport.frames[0]["resume_token"], transport.frames[-1]["continuation"]
    await session.receive(json.dumps({"type": "resume", "token": token, "continuation": sealed, "turn_id": "n"}))
    await eventually(lambda: not session.is_busy)
    assert source.questions[-1].decision is None
    assert [frame["type"] for frame in transport.frames[-2:]] == ["chat_delta", "chat"]


async def test_a_form_is_streamed_to_who_asks_for_that_only(paused):
    session, transport, _ = await paused(Text("Yes."))
    await session.receive(form(id="q", stream=True))
    await eventually(lambda: not session.is_busy)
    assert [frame["type"] for frame in transport.frames[-2:]] == ["chat_delta", "chat"]
    await session.receive(form(id="q"))
    await eventually(lambda: not session.is_busy)
    assert [frame["type"] for frame in transport.frames[-2:]] == ["chat", "chat"]


@pytest.mark.parametrize(
    ("fields", "code", "reason"),
    [
        ({"id": "other"}, 404, "not_paused"),
        ({"continuation": "x"}, 10000, "continuation_invalid"),
        ({"id": "q", "continuation": "x"}, 10000, "continuation_invalid"),
        ({"id": "q", "action": "no"}, 10000, "bad_frame"),
        ({"id": "q", "action": 5}, 10000, "bad_frame"),
    ],
)
async def test_a_form_that_cannot_go_on_is_refused_under_the_id_that_it_has(paused, fields, code, reason):
    """That of what would follow, or else of what was paused."""
    session, transport, source = await paused()
    for named, ended in (({"turn_id": "n"}, "n"), ({}, fields.get("id"))):
        await session.receive(form(**fields | named))
        error = transport.frames[-1]
        assert (error["type"], error["code"], error["reason"]) == ("error", code, reason)
        assert error.get("id") == ended
    assert len(source.questions) == 1


@pytest.mark.parametrize("fields", [{"continuation": "x", "turn_id": "n"}, {"id": "n", "offset": -1}])
async def test_a_resume_that_cannot_go_on_is_refused_under_the_id_that_it_has(meet, fields):
    session, transport = meet(Scripted())
    await session.receive(json.dumps({"type": "resume", "token": "c" * 32, **fields}))
    assert [(frame["type"], frame["id"]) for frame in transport.frames] == [("error", "n")]


async def test_while_the_service_ends_no_form_is_taken(paused):
    session, transport, source = await paused()
    session.turns.stop_accepting()
    await session.receive(form(id="q"))
    assert (transport.frames[-1]["reason"], len(source.questions)) == ("restarting", 1)


async def test_a_token_where_nobody_has_to_prove_anything_is_not_asked_for(meet):
    session, transport = meet(Scripted())
    await session.receive(json.dumps({"type": "auth", "token": "a.b.c"}))
    assert [(frame["type"], frame["content"]) for frame in transport.frames] == [
        ("system", "No token is asked for here.")
    ]


async def test_what_began_on_another_connection_while_limits_were_looked_up_is_joined(meet):
    """They may be in Redis, which takes its time."""
    source = Scripted(Text("a"))
    first, transport = meet(source)
    second, other = meet(source, first.turns)
    for session in (first, second):
        await session.receive(RESUME)
    looked_up = asyncio.Event()

    class Quotas:
        async def admit_question(self, caller, user):
            await looked_up.wait()
            return SimpleNamespace(end=lambda **_: None)

    second.quotas = Quotas()
    waiting = asyncio.create_task(second.receive(chat(id="one")))
    await asyncio.sleep(0)
    await first.receive(chat(id="one"))
    looked_up.set()
    await waiting
    await eventually(lambda: not first.is_busy and not second.is_busy)
    assert len(source.questions) == 1
    assert [terminal(each.frames)[0]["content"] for each in (transport, other)] == ["a", "a"]


@pytest.fixture
def follow(meet):
    """A session that has resumed a turn of another process, its transport, and the turn."""

    async def follow(**fields):
        session, transport = meet(Scripted())
        owner = owner_of("0" * 32)
        turn = session.turns._followed[owner, "t"] = followed_turn(owner=owner)
        turn.on_gone = lambda: session.turns._followed.pop((owner, "t"), None)
        await session.receive(json.dumps({"type": "resume", "token": "0" * 32, "id": "t"} | fields))
        await asyncio.sleep(0)
        return session, transport, turn

    return follow


async def test_of_a_turn_that_is_lost_the_client_is_told_to_come_again(follow):
    session, transport, turn = await follow()
    turn.receive([Text("half")], 0)
    turn.lose(TURN_UNREACHABLE)
    await eventually(lambda: not session.is_busy)
    assert [(frame["type"], frame.get("retry_after")) for frame in transport.frames] == [
        ("chat_delta", None), ("error", 1000),
    ]  # fmt: skip


async def test_who_is_the_last_to_leave_a_turn_of_another_process_leaves_none_to_join(follow):
    session, _, turn = await follow()
    await session.end(is_goodbye=False)
    assert (turn.is_gone, session.turns.get(turn.owner, "t")) == (True, None)


@pytest.mark.parametrize(
    ("replacements", "delta"), [(1, {"offset": 2, "content": "!"}), (0, {"offset": 0, "content": "ok!"})]
)
async def test_a_client_says_how_often_its_text_was_replaced(follow, replacements, delta):
    _, transport, turn = await follow(offset=2, replacements=replacements)
    turn.receive([Replacement("ok"), Text("!")], 1)
    assert [{name: frame[name] for name in delta} for frame in transport.frames] == [delta]
    turn.end(Ending(Status.DONE))


async def test_what_is_replaced_by_less_than_a_client_has_is_told_at_once(meet):
    source = Scripted(Text("bad words"), Replacement("ok"), ends=False)
    session, transport = meet(source)
    turn = session.turns.start(owner_of("0" * 32), "t", Question("Hi", "user"))
    await eventually(lambda: turn.text == "ok")
    await session.receive(json.dumps({"type": "resume", "token": "0" * 32, "id": "t", "offset": 9}))
    await eventually(lambda: transport.frames)
    assert (transport.frames[0]["content"], transport.frames[0]["replace"], turn.status) == ("ok", True, None)


async def test_how_soon_who_spoke_was_answered_is_taken_without_a_reply_while_and_after_the_turn_runs(meet, events):
    source = Scripted(Text("a"), ends=False)
    session, transport = meet(source)
    for turn_id in ("one", "two"):
        await session.receive(chat(id=turn_id))
    await session.receive(LATENCY % "one")
    source.put(None)
    await eventually(lambda: not session.is_busy)
    sent = len(transport.frames)
    for turn_id in ("two", "two", "three"):
        await session.receive(LATENCY % turn_id)
    assert [event["turn_id"] for event in logged(events, "voice.measured")] == ["one", "two"]
    assert len(transport.frames) == sent


async def test_a_turn_of_another_owner_cannot_be_measured(meet, events):
    session, _ = meet(Scripted(Text("a")))
    await session.receive(chat(id="one"))
    await eventually(lambda: not session.is_busy)
    other, _ = meet(None, session.turns)
    await other.receive(LATENCY % "one")
    assert logged(events, "voice.measured") == []


async def test_a_bad_measurement_is_told_and_ends_no_turn(meet):
    session, transport = meet(Scripted(Text("a"), ends=False))
    await session.receive(chat(id="one"))
    await session.receive('{"type":"voice_latency","id":"one"}')
    (error,) = terminal(transport.frames)
    assert (error["code"], error["reason"], "id" in error) == (10000, "bad_frame", False)
    assert session.is_busy


# A person leaves, and another comes.

FORGET = '{"type":"forget"}'


async def test_what_is_forgotten_ends_and_who_goes_on_there_is_another_client(meet):
    session, transport = meet(Scripted(Text("a"), ends=False))
    await session.greet()
    token, before = transport.frames[0]["resume_token"], session.owner
    await session.receive(chat(id="one", stream=True))
    await eventually(lambda: len(transport.frames) > 1)
    await session.receive(FORGET)
    await eventually(lambda: not session.is_busy)
    reply, end = sorted(transport.frames[2:], key=lambda frame: frame["type"] == "chat")
    assert (reply["reason"], end["status"]) == ("forgotten", "stopped")
    assert reply["resume_token"] != token
    assert session.owner == owner_of(reply["resume_token"])
    assert session.turns.get(before, "one") is None


async def test_a_token_that_was_forgotten_finds_nothing_any_more(meet):
    source = Scripted(Text("a"))
    session, transport = meet(source)
    await session.greet()
    token = transport.frames[0]["resume_token"]
    await session.receive(chat(id="one"))
    await eventually(lambda: len(session.turns) == 0)
    await session.receive(FORGET)
    await session.receive(json.dumps({"type": "resume", "token": token, "id": "one"}))
    assert transport.frames[-1]["reason"] == "unknown_turn"


async def test_a_token_of_before_can_be_forgotten_and_one_s_own_stays(meet):
    session, transport = meet(Scripted(Text("a"), ends=False))
    await session.receive(RESUME)
    await session.receive(chat(id="one"))
    next_one, seen = meet(Scripted(), turns=session.turns)
    await next_one.greet()
    await next_one.receive('{"type":"forget","token":"%s"}' % ("0" * 32))
    assert (seen.frames[-1]["reason"], seen.frames[-1]["resume_token"]) == ("forgotten", seen.frames[0]["resume_token"])
    await eventually(lambda: transport.frames[-1].get("status") == "stopped")
    assert session.turns.get(session.owner, "one") is None


async def test_nobody_s_turns_are_forgotten_by_who_holds_another_token(meet):
    session, _ = meet(Scripted(Text("a"), ends=False))
    await session.receive(RESUME)
    await session.receive(chat(id="one"))
    other, _ = meet(Scripted(), turns=session.turns)
    await other.receive(FORGET)
    assert session.turns.get(session.owner, "one").status is None
