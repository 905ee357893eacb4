"""Messages that the service sends."""

import pytest

from service.chat.server_messages import ChatAnswer, ChatDelta, Error, Heartbeat, Pong, System, encode
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
