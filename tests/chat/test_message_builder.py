"""What happens in a turn, as frames."""

from types import SimpleNamespace

import msgspec
import pytest

from service.answers import failures
from service.answers.base import AppFile, Identity, Replacement, Speech, Step, Summary
from service.answers.pauses import Form, FormAction, FormInput, Pause
from service.chat.answer_buffer import AnswerBuffer, Delta
from service.chat.client_identity import owner_of
from service.chat.error_frames import RETRY_AFTER_MS
from service.chat.message_builder import terminal_message, update_message
from service.chat.seal import Seal
from service.chat.server_messages import encode
from service.chat.turn_failures import TURN_UNREACHABLE, UNKNOWN_TURN
from service.chat.turn_status import Status


def turn(**known):
    nothing = {
        "identity": None,
        "failure": None,
        "reason": None,
        "lost_for": None,
        "summary": Summary(),
        "text": "",
        "status": Status.DONE,
        "buffer": AnswerBuffer(),
        "pause": None,
        "owner": owner_of("0" * 32),
    }
    return SimpleNamespace(**({"id": "t"} | nothing | known))


def plain(message):
    return msgspec.json.decode(encode(message))


@pytest.mark.parametrize(
    ("update", "frame"),
    [
        (Delta(3, "x"), {"type": "chat_delta", "id": "t", "offset": 3, "content": "x"}),
        (Delta(0, "x", replace=True, replacements=2),
         {"type": "chat_delta", "id": "t", "offset": 0, "content": "x", "replace": True, "replacements": 2}),
        (Step("node_finished", "n", "LLM", "llm", "succeeded", 5),
         {"type": "chat_event", "id": "t", "event": "node_finished", "step": "n", "name": "LLM", "kind": "llm",
          "status": "succeeded", "duration_ms": 5}),
        (Speech(2, "bXAz"),
         {"type": "chat_audio", "id": "t", "number": 2, "content": "bXAz", "media_type": "audio/mpeg"}),
        (AppFile("image", "a.png", "/api/app-files/a"),
         {"type": "chat_file", "id": "t", "kind": "image", "name": "a.png", "url": "/api/app-files/a"}),
        (AppFile("audio", "a.mp3", "/api/app-files/a", "/files/a"),
         {"type": "chat_file", "id": "t", "kind": "audio", "name": "a.mp3", "url": "/api/app-files/a",
          "link": "/files/a"}),
    ],
)  # fmt: skip
def test_each_update_is_a_frame_of_the_turn(update, frame):
    assert plain(update_message(turn(), update)) == frame


@pytest.mark.parametrize(
    ("identity", "label"),
    [
        (Identity("dify", "c", "m"), {}),
        (Identity("mock"), {"source": "mock"}),
        (Identity("mock", instead_of=failures.BUSY), {"source": "mock", "reason": "busy"}),
    ],
)
def test_each_piece_of_a_made_up_answer_is_labelled(identity, label):
    frame = {"type": "chat_delta", "id": "t", "offset": 3, "content": "x"}
    assert plain(update_message(turn(identity=identity), Delta(3, "x"))) == frame | label


WHOLE = {"type": "chat", "role": "assistant", "id": "t", "content": "Hi", "status": "done"}


@pytest.mark.parametrize(
    ("known", "more"),
    [
        ({}, {}),
        ({"identity": Identity("dify", "c", "m")}, {"source": "dify", "conversation_id": "c", "message_id": "m"}),
        ({"identity": Identity("mock")}, {"source": "mock"}),
        ({"identity": Identity("mock", instead_of=failures.BUSY)}, {"source": "mock", "reason": "busy"}),
        ({"identity": Identity("mock", instead_of=failures.BUSY), "failure": failures.STALLED},
         {"source": "mock", "reason": "stalled"}),
        ({"status": Status.INCOMPLETE, "failure": failures.STALLED, "reason": "stalled"},
         {"status": "incomplete", "reason": "stalled"}),
        ({"status": Status.STOPPED, "reason": "client_stopped"}, {"status": "stopped", "reason": "client_stopped"}),
        ({"summary": Summary({"total_tokens": 3}, [{"document_name": "a"}])},
         {"usage": {"total_tokens": 3}, "citations": [{"document_name": "a"}]}),
        ({"summary": Summary({}, [])}, {}),
    ],
)  # fmt: skip
def test_the_last_frame_says_what_is_known_of_the_answer(known, more):
    assert plain(terminal_message(turn(text="Hi", **known), Seal(), says_status=False)) == WHOLE | more


def test_the_last_frame_has_the_files_that_no_withdrawn_text_alone_named():
    buffer = AnswerBuffer()
    for file in (AppFile("image", "a.png", "/a"), AppFile("image", "b.png", "/b", "/files/b")):
        buffer.add_progress(file)
    buffer.replace(Replacement(""))
    buffer.add_progress(AppFile("document", "c.pdf", "/c", "/files/c"))
    files = [
        {"kind": "image", "name": "a.png", "url": "/a"},
        {"kind": "document", "name": "c.pdf", "url": "/c", "link": "/files/c"},
    ]
    answer = turn(text="Hi", buffer=buffer)
    assert plain(terminal_message(answer, Seal(), says_status=False)) == WHOLE | {"files": files}


def test_an_answer_without_a_word_of_its_own_ends_in_the_words_of_its_failure():
    failed = turn(status=Status.ERROR, failure=failures.QUOTA, reason="quota", identity=Identity("dify", "c", "m"))
    words = {"content": failures.QUOTA.message, "code": 503, "reason": "quota"}
    assert plain(terminal_message(failed, Seal(), says_status=False)) == {"type": "error", "id": "t", **words}


FORM = Form("Yes?\n\n{{#$output.comment#}}", [FormInput("comment", "paragraph")], [FormAction("y", "Yes", "")], 5, "t0")


def paused(form=FORM, run_id="r", text="Hi", **known):
    known |= {"status": Status.PAUSED, "reason": "waiting_for_human"}
    return turn(text=text, pause=Pause(form, run_id), **known)


def test_a_paused_answer_has_its_form_and_what_it_takes_to_go_on():
    frame = plain(terminal_message(paused(), Seal(), says_status=False))
    run = Seal().open(frame.pop("continuation"), owner_of("0" * 32).user)
    assert (run.run_id, run.form_token, run.length) == ("r", "t0", 2)
    asked = {"content": FORM.content, "inputs": [{"name": "comment", "type": "paragraph"}], "expires_at": 5}
    asked["actions"] = [{"id": "y", "title": "Yes", "style": ""}]
    assert frame == WHOLE | {"status": "paused", "reason": "waiting_for_human", "form": asked}


@pytest.mark.parametrize("form", [None, Form("By e-mail.")])
def test_a_form_that_cannot_be_answered_here_is_not_shown(form):
    frame = plain(terminal_message(paused(form), Seal(), says_status=False))
    assert ("form" in frame, "continuation" in frame) == (False, True)


def test_what_cannot_go_on_has_no_continuation():
    assert "continuation" not in plain(terminal_message(paused(run_id=None), Seal(), says_status=False))


BROKE_OFF = "Hi\n\n[The answer broke off here.]"


@pytest.mark.parametrize(
    ("known", "content"),
    [
        (turn(text="Hi"), "Hi"),
        (turn(text="Hi", status=Status.INCOMPLETE, failure=failures.STALLED), BROKE_OFF),
        (turn(text="Hi \n", status=Status.INCOMPLETE, failure=failures.STALLED), BROKE_OFF),
        (turn(text="Hi", status=Status.STOPPED, reason="client_stopped"), "Hi"),
        (turn(text="Hi", status=Status.STOPPED, reason="client_left"), "Hi\n\n[The answer was stopped here.]"),
        (turn(text="", status=Status.STOPPED), "[The answer was stopped here.]"),
        (paused(), "Hi\n\nYes?\n\n[comment]"),
        (paused(text=""), "Yes?\n\n[comment]"),
        (paused(None), "Hi\n\n[The answer goes on when a person has decided.]"),
        (paused(Form(" ", token="t0")), "Hi\n\n[The answer goes on when a person has decided.]"),
    ],
)
def test_who_reads_the_content_only_reads_how_the_answer_ended(known, content):
    assert terminal_message(known, Seal(), says_status=True).content == content


def test_an_error_names_the_input_that_it_is_about():
    failure = msgspec.structs.replace(failures.INVALID_INPUTS, message="No.", field="name")
    assert plain(terminal_message(turn(status=Status.ERROR, failure=failure), Seal(), says_status=False)) == {
        "type": "error", "content": "No.", "code": 10000, "id": "t", "reason": "invalid_inputs", "field": "name",
    }  # fmt: skip


@pytest.mark.parametrize("says_status", [False, True])
@pytest.mark.parametrize(("failure", "more"), [(TURN_UNREACHABLE, {"retry_after": RETRY_AFTER_MS}), (UNKNOWN_TURN, {})])
def test_of_a_lost_turn_the_last_word_says_why_and_whether_it_can_be_asked_for_again(failure, more, says_status):
    message = terminal_message(turn(status=None, text="half", lost_for=failure), Seal(), says_status=says_status)
    said = {"type": "error", "id": "t", "content": failure.message, "code": failure.code, "reason": failure.reason}
    assert plain(message) == said | more
