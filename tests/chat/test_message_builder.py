"""What happens in a turn, as frames."""

from types import SimpleNamespace

import msgspec
import pytest

from service.answers import failures
from service.answers.base import AppFile, Identity, Replacement, Speech, Step, Summary
from service.chat.answer_buffer import AnswerBuffer, Delta
from service.chat.message_builder import terminal_message, update_message
from service.chat.messages import encode
from service.chat.turn import Status


def turn(**known):
    nothing = {
        "identity": None,
        "failure": None,
        "reason": None,
        "summary": Summary(),
        "text": "",
        "status": Status.DONE,
        "buffer": AnswerBuffer(),
    }
    return SimpleNamespace(**({"id": "t"} | nothing | known))


def plain(message):
    return msgspec.json.decode(encode(message))


@pytest.mark.parametrize(
    ("update", "frame"),
    [
        (Delta(3, "x"), {"type": "chat_delta", "id": "t", "offset": 3, "content": "x"}),
        (Delta(0, "x", replace=True), {"type": "chat_delta", "id": "t", "offset": 0, "content": "x", "replace": True}),
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
    assert plain(terminal_message(turn(text="Hi", **known))) == WHOLE | more


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
    assert plain(terminal_message(turn(text="Hi", buffer=buffer))) == WHOLE | {"files": files}


def test_an_answer_without_a_word_of_its_own_ends_in_the_words_of_its_failure():
    failed = turn(status=Status.ERROR, failure=failures.QUOTA, reason="quota", identity=Identity("dify", "c", "m"))
    words = {"content": failures.QUOTA.message, "code": 503, "reason": "quota"}
    assert plain(terminal_message(failed)) == {"type": "error", "id": "t", **words}
