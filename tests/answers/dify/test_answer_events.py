"""What Dify's events mean."""

import json

import pytest

from service.answers.base import AppFile, Identity, Replacement, Speech, Step, Summary, Text
from service.answers.dify.answer_events import EventParser
from service.answers.dify.app_files import FileFinder, FileLinks
from service.answers.dify.error_mapping import FailureDetails
from service.answers.dify.sse_framing import SseDecoder
from service.answers.pauses import Form, Pause
from tests import recordings


def read(*chunks, **wanted):
    parser, decoder = EventParser(**wanted), SseDecoder()
    return parser, [part for chunk in chunks for part in parser.parse(decoder.feed(chunk))]


def event(kind, **fields):
    return json.dumps({"event": kind, **fields}).encode()


def text(parts):
    written = ""
    for part in parts:
        match part:
            case Text(content):
                written += content
            case Replacement(content):
                written = content
    return written


@pytest.mark.parametrize(
    ("name", "start", "length"),
    [
        ("1s_basic_short", "Token0 Token1", 86),
        ("1s_agent_react", "Token0 Token1", 86),
        ("1s_llmflow_short", "Token0 Token1", 86),
        ("1s_basic_zero_tokens", "", 0),
        ("1s_moderated_output", "Output blocked.", 15),
        ("1s_tts_autoplay_basic", "Token0", 470),
        ("7_ping_basic_pause25", "Token0", 86),
        ("1.14/1s_chat", "tok0 tok1", 25),
        ("1.14/1s_agent_tool", "Let me look. tok0", 33),
        ("1.14/1s_flow", "tok0 tok1", 25),
        ("1.14/1s_flow_branch_long", "You said [N=4] LONG (10). LONG: tok0", 66),
        ("1.14/1s_flow_form", "Dear Ann (low): tok0", 26),
        ("1.14/1s_flow_moderated", "I must not say that.", 20),
        ("1.14/1s_flow_cite", "tok0 tok1", 20),
        ("1.14/1s_flow_think_tagged", "<think>\nsecret thoughts", 55),
        ("1.14/1s_flow_modin", "I cannot talk about that.", 25),
        ("1.14/1s_chat_modin", "I cannot talk about that.", 25),
        ("1.14/9_hitl_3_events_continue", "Approved (good): tok0", 32),
        ("1.14/4_stop_chat", "tok0 tok1", 56),
    ],
)
def test_recordings_of_every_kind_of_app_read_as_their_text(name, start, length):
    parser, parts = read(*recordings.load(name).chunks)
    assert text(parts).startswith(start)
    assert len(text(parts)) == length
    assert parser.ended
    assert parser.failure is None


def test_the_ids_are_known_from_the_first_event_on():
    parser, parts = read(recordings.load("1s_basic_short").chunks[0])
    assert parser.task_id == "e10f44ac-9e4b-4741-b469-834bd8a02390"
    ids = ("fbb009e4-2241-4c54-a76f-9e2a4d15c0fa", "96fc2a13-4564-436c-a852-ede12dce3d16")
    assert parts[0] == Identity("dify", *ids, task_id=parser.task_id)


def test_texts_that_arrive_together_become_one():
    _, parts = read(recordings.load("1s_basic_short").body)
    assert [type(part) for part in parts] == [Identity, Text, Summary]


def test_usage_and_citations_come_with_the_end():
    source = {"document_name": "manual.pdf"}
    parts = EventParser().parse(
        [event("message_end", metadata={"usage": {"total_tokens": 7}, "retriever_resources": [source]})]
    )
    assert parts == [Summary({"total_tokens": 7}, [source])]


def test_a_withdrawn_answer_is_replaced():
    parts = EventParser().parse(
        [event("message", answer="bad"), event("message_replace", answer="Blocked."), event("message", answer="!")]
    )
    assert parts == [Text("bad"), Replacement("Blocked."), Text("!")]


def test_the_whole_answer_that_newer_agents_repeat_is_not_appended():
    parts = EventParser().parse(
        [event("agent_message", answer="Hi"), event("message", answer="Hi"), event("message_end")]
    )
    assert text(parts) == "Hi"


def test_text_that_is_labelled_message_file_is_text():
    assert EventParser().parse([event("message_file", answer="Hi")]) == [Text("Hi")]


def test_a_file_without_text_adds_nothing():
    assert EventParser().parse([event("message_file", url="/files/1")]) == []


def finding(**ids):
    """A parser that finds files, and what it is told, as (kind, name, link)."""
    parser = EventParser(files=FileFinder(FileLinks("https://dify.example.com/v1", "k")))

    def read(*events):
        return [
            (part.kind, part.name, part.link) if isinstance(part, AppFile) else part
            for part in parser.parse([event(kind, **ids, **fields) for kind, fields in events])
        ]

    return read


def test_files_stand_where_the_app_tells_them():
    read = finding()
    file = {"type": "image", "url": "/files/1.png", "belongs_to": "assistant"}
    parts = read(
        ("message", {"answer": "See ![x](/fi"}), ("message_file", file), ("message", {"answer": "les/2.png) and"})
    )
    one, two = ("image", "1.png", None), ("image", "x.png", "/files/2.png")
    assert parts == [Text("See ![x](/fi"), one, Text("les/2.png) and"), two]


def test_files_of_a_text_that_replaces_another_are_told_too():
    read = finding()
    read(("message", {"answer": "![x](/files/1.png)"}))
    again = ("image", "y.png", "/files/1.png")
    assert read(("message_replace", {"answer": "![y](/files/1.png)"})) == [Replacement("![y](/files/1.png)"), again]


@pytest.mark.parametrize(("ids", "files"), [({}, []), ({"workflow_run_id": "r"}, [("document", "a.pdf", None)])])
def test_files_that_a_workflow_made_may_come_with_the_end(ids, files):
    end = ("message_end", {"files": [{"type": "document", "url": "/files/a.pdf", "transfer_method": "local_file"}]})
    assert finding(**ids)(end) == [*files, Summary(None, None)]


def test_the_text_as_it_stands_is_known():
    parser, _ = read(*recordings.load("1s_moderated_output").chunks)
    assert "".join(parser.written) == "Output blocked."


def test_the_run_is_part_of_the_identity_as_soon_as_it_is_known():
    parser = EventParser()
    ids = {"task_id": "t", "message_id": "m", "conversation_id": "c"}
    assert parser.parse([event("node_started", **ids)]) == [Identity("dify", "c", "m", task_id="t")]
    run = Identity("dify", "c", "m", task_id="t", run_id="r")
    assert parser.parse([event("workflow_started", workflow_run_id="r", **ids)]) == [run]
    assert parser.parse([event("node_started", workflow_run_id="r", **ids)]) == []


def test_a_run_without_a_message_has_no_identity():
    parser = EventParser()
    assert parser.parse([event("workflow_started", workflow_run_id="r", task_id="t")]) == []
    assert (parser.run_id, parser.task_id) == ("r", "t")


@pytest.mark.parametrize(
    "name", ["3e_basic_failat5_streaming", "3e_workflow_fail_stream", "1.14/3e_chat_llm_fails3", "1.14/1s_flow_fail"]
)
def test_a_failure_midway_keeps_the_text_and_dify_s_words(name):
    parser, parts = read(*recordings.load(name).chunks)
    assert text(parts)
    assert parser.failure.what in {"an error event", "a failed workflow"}
    assert parser.failure.message


def test_an_error_event_tells_dify_s_code_apart_from_its_words():
    parser = EventParser()
    parser.parse([event("error", code="invalid_param", status=400, message="Not Ann's name again")])
    assert parser.failure == FailureDetails("an error event", 400, "invalid_param", "Not Ann's name again")


@pytest.mark.parametrize("code", [None, 5, "", "Ann said so", "x" * 65, ["invalid_param"]])
def test_what_cannot_be_a_code_is_none(code):
    parser = EventParser()
    parser.parse([event("error", code=code, message="")])
    assert parser.failure == FailureDetails("an error event")


def test_a_workflow_that_fails_without_an_error_event_has_failed():
    parser = EventParser()
    parser.parse([event("workflow_finished", data={"status": "failed"})])
    assert parser.failure


def test_a_workflow_that_succeeded_has_ended_even_without_message_end():
    parser = EventParser()
    parser.parse([event("workflow_finished", data={"status": "succeeded"})])
    assert parser.ended
    assert parser.failure is None


def test_an_error_after_the_end_does_not_spoil_the_answer():
    parser = EventParser()
    parser.parse([event("message_end"), event("error", message="no voice")])
    assert parser.failure is None


def test_a_stream_that_just_stops_has_not_ended():
    parser, parts = read(*recordings.load("8_disc_basic").chunks)
    assert text(parts)
    assert not parser.ended


@pytest.mark.parametrize(
    "raw",
    [
        event("from_a_newer_version", answer=5, data=[1], task_id={}),
        event("node_finished", data={"status": "succeeded", "outputs": None}),
        event("iteration_next", data={"status": 3}),
        b'{"no": "event"}',
        b"not json",
        b"[]",
        b"",
    ],
)
def test_what_is_not_understood_is_passed_over(raw):
    parser = EventParser()
    assert parser.parse([raw, event("message", answer="Hi")]) == [Text("Hi")]
    assert parser.failure is None


def test_a_text_event_of_another_shape_is_a_failure_not_a_gap():
    parser = EventParser()
    assert parser.parse([event("message", answer={"text": "Hi"})]) == []
    assert "a message event of unknown shape" in parser.failure.what
    assert "Hi" not in str(parser.failure)


@pytest.mark.parametrize("raw", [b'{"event": "message", "answer": "half', b'{"event": "mess\xff'])
def test_an_event_that_is_no_json_is_a_failure_not_a_gap(raw):
    parser = EventParser()
    assert parser.parse([raw]) == []
    assert "no JSON" in parser.failure.what


@pytest.mark.parametrize("half", [b"\\ud83d", b"\xf0\x9f"])
def test_half_an_emoji_loses_no_other_text(half):
    (part,) = EventParser().parse([b'{"event":"message","answer":"tw%bo"}' % half])
    assert part.content.startswith("tw")
    assert part.content.endswith("o")
    assert part.content.encode()


def test_half_an_emoji_in_a_citation_can_be_sent_on():
    parts = EventParser().parse([b'{"event":"message_end","metadata":{"retriever_resources":[{"content":"\\ud83d"}]}}'])
    assert json.dumps(parts[0].citations, ensure_ascii=False).encode()


def test_json_that_is_nested_too_deeply_is_a_failure_that_dify_did_not_say():
    parser = EventParser()
    assert parser.parse([b'{"event":"message","data":' + b'{"a":' * 500_000 + b"1" + b"}" * 500_001]) == []
    assert parser.failure
    assert not parser.is_over


@pytest.mark.parametrize("name", ["4_stop_basic", "4_stop_llmflow", "1.14/4_stop_chat", "1.14/4_stop_flow"])
def test_an_answer_that_was_stopped_is_over_and_has_not_failed(name):
    parser, parts = read(*recordings.load(name).chunks)
    assert text(parts).lower().startswith("tok")
    assert parser.is_over
    assert parser.failure is None
    assert parser.stopped is ("flow" in name)


@pytest.mark.parametrize(
    ("error", "is_stopped"),
    [
        ("Aborted: User requested stop", True),
        ("Aborted", True),
        ("Aborted: Maximum execution time exceeded", False),
        ("Traceback: stop", False),
        (None, False),
    ],
)
def test_a_run_that_was_aborted_for_another_reason_than_a_stop_has_failed(error, is_stopped):
    parser = EventParser()
    parser.parse([event("workflow_finished", data={"status": "failed", "error": error})])
    assert (parser.is_over, parser.stopped, parser.failure is None) == (True, is_stopped, is_stopped)


def test_a_recorded_pause_is_the_last_part_and_brings_its_form():
    parser, parts = read(*recordings.load("1.14/1s_flow_hitl").chunks)
    assert text(parts) == "Draft: tok0 tok1 tok2 \n"
    (pause,) = [part for part in parts if isinstance(part, Pause)]
    assert pause is parts[-1]
    assert (pause.run_id, pause.task_id) == (parser.run_id, parser.task_id)
    assert pause.form.token == "yK52yBH9nCS2mL2NtuLuhO"
    assert [action.id for action in pause.form.actions] == ["approve", "reject"]
    assert (parser.is_over, parser.is_paused, parser.is_complete) == (True, True, True)
    assert (parser.ended, parser.failure) == (False, None)


WAITING = {"data": {"form_content": "Yes?", "form_token": "t"}}


def test_a_form_without_a_pause_is_a_pause_when_the_stream_ends():
    parser = EventParser()
    assert parser.parse([event("human_input_required", **WAITING)]) == []
    assert parser.finish() == [Pause(Form("Yes?", token="t"))]
    assert parser.is_paused


def test_a_form_that_was_filled_in_is_no_pause():
    parser = EventParser()
    parser.parse([event("human_input_required", **WAITING), event("human_input_form_filled", data={})])
    assert parser.finish() == []


@pytest.mark.parametrize("data", [None, {}, [], "paused", {"reasons": None}, {"reasons": ["x"]}])
def test_a_pause_of_unknown_shape_is_a_pause(data):
    assert EventParser().parse([event("workflow_paused", data=data)]) == [Pause()]


def test_a_form_that_the_pause_alone_tells_is_taken():
    reasons = [{"TYPE": "human_input_required", "form_id": "f", "form_content": "Yes?", "form_token": "t"}]
    parts = EventParser().parse([event("workflow_paused", data={"reasons": reasons})])
    assert parts == [Pause(Form("Yes?", token="t"))]


@pytest.mark.parametrize("metadata", [None, [], "x", {"usage": []}, {"usage": 5, "retriever_resources": {}}])
def test_an_end_of_unknown_shape_is_an_end(metadata):
    parser = EventParser()
    parts = parser.parse([event("message", answer="Hi"), event("message_end", metadata=metadata)])
    assert parts == [Text("Hi"), Summary()]
    assert (parser.ended, parser.failure) == (True, None)


@pytest.mark.parametrize("data", [None, [], "x", {"status": 5}])
def test_a_finished_workflow_of_unknown_shape_has_finished(data):
    parser = EventParser()
    parser.parse([event("workflow_finished", data=data)])
    assert (parser.ended, parser.failure) == (True, None)


def test_after_an_error_nothing_counts_any_more():
    parser = EventParser()
    assert parser.parse([event("error", message="No."), event("message", answer="Hi")]) == []
    assert parser.is_complete


REFUSAL = {"message": "name is required in input form", "status": 500}


def test_an_error_before_anything_else_is_a_refusal():
    parser = EventParser()
    parser.parse([event("error", **REFUSAL)])
    assert parser.failure.is_refusal


@pytest.mark.parametrize(
    ("before", "changes"),
    [
        ([], {"code": "internal_server_error"}),
        ([], {"status": 400}),
        ([], {"task_id": "t"}),
        ([event("workflow_started", workflow_run_id="r")], {}),
        ([event("message", answer="Hi", task_id="t")], {}),
    ],
)
def test_any_other_error_is_none(before, changes):
    parser = EventParser()
    parser.parse([*before, event("error", **REFUSAL | changes)])
    assert not parser.failure.is_refusal


def test_new_events_are_noted_by_their_names():
    parser = EventParser()
    odd = [event("x" * 65), event("my secret"), *(event(f"new_{number}") for number in range(30))]
    parser.parse([event("new_0"), event("node_retry"), event("loop_next"), event("text_chunk"), *odd])
    assert parser.unknown_events == [f"new_{number}" for number in range(20)]
    assert parser.last_event == "new_29"


@pytest.mark.parametrize(
    ("wanted", "events", "is_complete"),
    [
        ({}, ["message_end"], True),
        ({}, ["workflow_finished"], False),
        ({}, ["workflow_finished", "message_end"], True),
        ({}, ["workflow_started", "message_end"], True),
        ({"steps": True}, ["workflow_started", "message_end"], False),
        ({"steps": True}, ["workflow_started", "message_end", "workflow_finished"], True),
        ({"speech": True}, ["message_end"], False),
        ({"speech": True}, ["message_end", "tts_message_end"], True),
        ({"speech": True}, ["tts_message_end", "message_end"], True),
    ],
)
def test_it_is_complete_when_nothing_of_use_can_follow(wanted, events, is_complete):
    parser = EventParser(**wanted)
    parser.parse([event(kind) for kind in events])
    assert parser.is_over
    assert parser.is_complete is is_complete


def test_a_recorded_chatflow_tells_its_steps_in_order_and_nothing_of_what_is_in_them():
    _, parts = read(recordings.load("1s_branch_long").body, steps=True)
    told = [part for part in parts if isinstance(part, Step)]
    started = [step.step for step in told if step.event == "node_started"]
    assert started == [step.step for step in told if step.event == "node_finished"]
    assert (told[0].event, told[-1].event, told[-1].status) == ("workflow_started", "workflow_finished", "succeeded")
    assert told[1] == Step("node_started", started[0], "Start", "start")
    assert {step.content for step in told} == {None}


def test_a_recorded_agent_tells_its_thought():
    _, parts = read(recordings.load("1s_agent_react").body, steps=True)
    told = [part for part in parts if isinstance(part, Step)]
    assert [step.event for step in told] == ["thought_started", "thought_finished"]
    assert told[1].content.startswith("Token0")


@pytest.mark.parametrize("data", ["a word", {"id": 7}, {"elapsed_time": "long"}, [[]]])
def test_a_step_of_unknown_shape_is_left_out_and_harms_nothing(data):
    parser, parts = read(b"data: " + event("node_started", data=data) + b"\n\n", steps=True)
    assert [part for part in parts if isinstance(part, Step)] == []
    assert parser.failure is None


def test_the_pieces_of_speech_are_numbered_and_the_end_is_an_empty_one():
    body = recordings.load("1s_tts_autoplay_basic").body
    _, parts = read(body, speech=True)
    spoken = [part for part in parts if isinstance(part, Speech)]
    assert [part.number for part in spoken] == [0, 1, 2, 3, 4, 5]
    assert [bool(part.content) for part in spoken] == [True] * 5 + [False]
    assert not [part for part in read(body)[1] if isinstance(part, Speech | Step)]


@pytest.mark.parametrize(
    "failed", [event("error", code="x", message=""), event("workflow_finished", data={"status": "failed"})]
)
def test_after_what_dify_calls_a_failure_it_writes_no_more(failed):
    parser = EventParser()
    parser.parse([event("message", answer="Hi")])
    assert not parser.is_over
    parser.parse([failed])
    assert (parser.is_over, parser.ended) == (True, False)


@pytest.mark.parametrize("wanted", [False, True])
def test_speech_that_follows_the_end_is_waited_for_by_who_wants_it(wanted):
    parser = EventParser(speech=wanted)
    assert not parser.has_spoken
    parser.parse([event("tts_message", audio=""), event("tts_message"), event("message", answer="Hi")])
    assert (parser.is_over, parser.is_complete, parser.has_spoken) == (False, False, False)
    parser.parse([event("tts_message", audio="bXAz")])
    assert parser.has_spoken is wanted
    parser.parse([event("message_end"), event("tts_message", audio="bXAz")])
    assert (parser.is_over, parser.is_complete, parser.awaits_speech) == (True, not wanted, wanted)
    assert parser.parse([event("tts_message_end")]) == ([Speech(2, "")] if wanted else [])
    assert (parser.is_complete, parser.awaits_speech) == (True, False)


def test_of_several_failures_the_first_says_most():
    parser = EventParser()
    parser.parse([event("error", code="first", message=""), event("error", code="second", message="")])
    assert parser.failure.code == "first"


def test_text_events_are_counted_however_they_come():
    parser, _ = read(*recordings.load("1s_basic_short").chunks)
    at_once, parts = read(recordings.load("1s_basic_short").body)
    assert parser.text_events == at_once.text_events == 13
    assert [type(part) for part in parts].count(Text) == 1
