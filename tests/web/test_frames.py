"""An example of a frame, as JSON."""

import msgspec

from service.chat import client_messages, server_messages
from service.web.frames import Frame


def test_an_example_of_a_client_leaves_out_what_holds_anyway():
    frame = Frame("", {}, client_messages.Chat("Hello", stream=True))
    assert (frame.type, msgspec.json.decode(frame.json)) == (
        "chat",
        {"type": "chat", "content": "Hello", "stream": True},
    )


def test_an_example_of_the_service_is_whole():
    frame = Frame("", {}, server_messages.ChatAudio("q1", 0, ""))
    assert msgspec.json.decode(frame.json) == {
        "type": "chat_audio", "id": "q1", "number": 0, "content": "", "media_type": "audio/mpeg",
    }  # fmt: skip
