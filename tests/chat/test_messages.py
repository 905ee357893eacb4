"""Frames that the service sends."""

import time

import pytest

from service.chat.messages import (
    Chat,
    ChatAnswer,
    ChatDelta,
    Error,
    Form,
    Heartbeat,
    Ping,
    Pong,
    System,
    VoiceLatency,
    encode,
    name_in,
    now_ms,
)
from service.result_codes import ResultCode


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        (System("Hi"), '{"type":"system","content":"Hi"}'),
        (System("Hi", "bed-7", "t"), '{"type":"system","content":"Hi","client_id":"bed-7","resume_token":"t"}'),
        (Pong(5), '{"type":"pong","timestamp":5}'),
        (Heartbeat(5), '{"type":"heartbeat","timestamp":5}'),
        (Error("Bad", ResultCode.PARAMETER_ERROR), '{"type":"error","content":"Bad","code":10000}'),
        (ChatDelta("a", 3, "x"), '{"type":"chat_delta","id":"a","offset":3,"content":"x"}'),
        (ChatDelta("a", 0, "x", replace=True),
         '{"type":"chat_delta","id":"a","offset":0,"content":"x","replace":true}'),
        (ChatDelta("a", 0, "x", source="mock", reason="lost"),
         '{"type":"chat_delta","id":"a","offset":0,"content":"x","source":"mock","reason":"lost"}'),
        (ChatAnswer(id="a", status="done", source="mock", content="x"),
         '{"type":"chat","role":"assistant","id":"a","status":"done","source":"mock","content":"x"}'),
    ],
)  # fmt: skip
def test_what_the_service_sends_reads_as_published(frame, text):
    assert encode(frame).decode() == text


def test_a_latency_has_the_stages_that_are_known():
    assert VoiceLatency("a", silence_ms=0, first_audio_ms=1300).stages() == {"silence": 0, "first_audio": 1300}
    assert VoiceLatency("a").stages() == {}


def test_now_ms_is_unix_milliseconds():
    before = time.time()
    assert before * 1000 - 1 < now_ms() < time.time() * 1000 + 1


@pytest.mark.parametrize(
    ("frame", "name"),
    [
        (Chat("Hi", id="a"), "a"),
        (Chat("Hi"), None),
        (Form(action="approve", continuation="c", turn_id="b"), "b"),
        (Form(action="approve", continuation="c", id="a", turn_id="b"), "b"),
        (Form(action="approve", continuation="c", id="a"), "a"),
        (Ping(), None),
    ],
)
def test_a_reply_is_about_the_turn_that_follows_or_the_one_that_was_named(frame, name):
    assert name_in(frame) == name
