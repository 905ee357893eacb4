"""Messages that clients send."""

import pytest

from service.chat.client_messages import Chat, Form, Ping, VoiceLatency, name_in


def test_a_latency_has_the_stages_that_are_known():
    assert VoiceLatency("a", silence_ms=0, first_audio_ms=1300).stages() == {"silence": 0, "first_audio": 1300}
    assert VoiceLatency("a").stages() == {}


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
