"""The data of one event, however odd."""

import json

import pytest

from service.answers.dify.event_fields import (
    Event,
    UnreadableText,
    decode_event,
    decode_fields,
    decode_object,
    is_text,
)


def test_a_word_more_is_read_with_its_ids():
    raw = b'{"event":"message","task_id":"t","conversation_id":"c","message_id":"m","answer":"Hi","created_at":1}'
    assert decode_event(raw) == Event("message", "Hi", "t", "c", "m")


@pytest.mark.parametrize("number", [b"NaN", b"-Infinity", b"1e999"])
def test_numbers_that_are_none_cost_no_word(number):
    raw = b'{"event":"message","answer":"Hi","created_at":%b,"metadata":{"score":[%b]}}' % (number, number)
    assert decode_event(raw) == Event("message", "Hi")
    assert decode_fields(raw)["metadata"] == {"score": [None]}


@pytest.mark.parametrize("odd", [b"5", b"{}", b"null", b"[1]"])
def test_ids_of_another_shape_cost_no_word(odd):
    raw = b'{"event":"message","answer":"Hi","task_id":%b,"message_id":"m"}' % odd
    assert decode_event(raw) == Event("message", "Hi", message_id="m")


@pytest.mark.parametrize("half", [b"\\ud83d", b"\xf0\x9f"])
def test_half_an_emoji_becomes_a_question_mark(half):
    event = decode_event(b'{"event":"message","answer":"tw%bo"}' % half)
    assert event.answer.startswith("tw")
    assert event.answer.endswith("o")
    assert event.answer.encode()


@pytest.mark.parametrize(
    "raw",
    [
        b'{"event":"message","answer":{"text":"Hi"}}',
        b'{"event":"message_replace","answer":[]}',
        b'{"event":"message","answer":"half',
        b'{"event":"mess',
        b'{"event":"message","data":' + b'{"a":' * 50_000,
    ],
)
def test_text_that_cannot_be_read_is_said_without_quoting_it(raw):
    with pytest.raises(UnreadableText) as error:
        decode_event(raw)
    assert "Hi" not in str(error.value)
    assert "half" not in str(error.value)


@pytest.mark.parametrize("raw", [b'{"no":"event"}', b'{"event":5}', b"not json", b"[]", b"5", b"null", b""])
def test_what_is_no_event_is_none(raw):
    assert decode_event(raw) is None


def test_what_is_cut_off_tells_its_plain_fields():
    raw = json.dumps(
        {
            "event": "workflow_finished",
            "task_id": "t",
            "workflow_run_id": "r",
            "data": {"id": "r", "status": "failed", "outputs": {"status": "x" * 200}},
        }
    ).encode()[:150]
    assert decode_event(raw) == Event("workflow_finished", task_id="t", workflow_run_id="r")
    assert decode_fields(raw)["data"] == {"status": "failed"}


@pytest.mark.parametrize("kind", ["message", "agent_message", "message_file", "message_replace"])
def test_text_is_known_by_its_head(kind):
    assert is_text(f'{{"event": "{kind}", "answer": "wor'.encode())


@pytest.mark.parametrize(
    "head", [b'{"event":"node_finished","data":{"event":"message"', b"", b"xxx", b'{"event":"mess']
)
def test_nothing_else_is_text(head):
    assert not is_text(head)


@pytest.mark.parametrize(
    ("raw", "value"),
    [(b'{"a": NaN}', {"a": None}), (b'{"a": "\\ud800!"}', {"a": "?!"}), (b"[]", None), (b"<html>", None), (b"", None)],
)
def test_a_reply_is_an_object_or_nothing(raw, value):
    assert decode_object(raw) == value
