"""The words on frames: each frame has them, each field, and an example that the service would take, or send."""

import typing

import msgspec
import pytest

from service.chat import message_parser
from service.chat.messages import ClientMessage, ServerMessage, encode
from service.web.frames import CLIENT_FRAMES, PAUSED, SERVER_FRAMES

MAX_LENGTH = 10_000


@pytest.mark.parametrize(("frames", "union"), [(CLIENT_FRAMES, ClientMessage), (SERVER_FRAMES, ServerMessage)])
def test_each_frame_is_described(frames, union):
    assert [frame.kind for frame in frames] == list(typing.get_args(union))


@pytest.mark.parametrize("frame", [*CLIENT_FRAMES, *SERVER_FRAMES], ids=lambda frame: frame.kind.__name__)
def test_each_field_of_a_frame_is_described(frame):
    assert list(frame.fields) == [field.name for field in msgspec.structs.fields(frame.kind)]


@pytest.mark.parametrize("frame", CLIENT_FRAMES, ids=lambda frame: frame.type)
def test_an_example_of_a_client_is_understood(frame):
    assert message_parser.parse(frame.json, MAX_LENGTH) == frame.example


@pytest.mark.parametrize("frame", SERVER_FRAMES, ids=lambda frame: frame.type)
def test_an_example_of_the_service_is_written_as_the_service_writes_it(frame):
    assert msgspec.json.decode(frame.json) == msgspec.json.decode(encode(frame.example))


def test_a_paused_answer_asks_a_form():
    assert msgspec.json.decode(encode(PAUSED))["form"]["actions"][0]["id"] == "approve"
