"""The words on the service's frames: each frame has them, each field, and an example as the service would write it."""

import typing

import msgspec
import pytest

from service.chat.server_messages import ServerMessage, encode
from service.web.server_frames import PAUSED, SERVER_FRAMES


def test_each_frame_is_described():
    assert [frame.kind for frame in SERVER_FRAMES] == list(typing.get_args(ServerMessage))


@pytest.mark.parametrize("frame", SERVER_FRAMES, ids=lambda frame: frame.type)
def test_each_field_is_described(frame):
    assert list(frame.fields) == [field.name for field in msgspec.structs.fields(frame.kind)]


@pytest.mark.parametrize("frame", SERVER_FRAMES, ids=lambda frame: frame.type)
def test_an_example_is_written_as_the_service_writes_it(frame):
    assert msgspec.json.decode(frame.json) == msgspec.json.decode(encode(frame.example))


def test_a_paused_answer_asks_a_form():
    assert msgspec.json.decode(encode(PAUSED))["form"]["actions"][0]["id"] == "approve"
