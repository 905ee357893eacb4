"""The words on a client's frames: each frame has them, each field, and an example that the service would take."""

import typing

import msgspec
import pytest

from service.chat import message_parser
from service.chat.client_messages import ClientMessage
from service.web.client_frames import CLIENT_FRAMES

MAX_LENGTH = 10_000


def test_each_frame_is_described():
    assert [frame.kind for frame in CLIENT_FRAMES] == list(typing.get_args(ClientMessage))


@pytest.mark.parametrize("frame", CLIENT_FRAMES, ids=lambda frame: frame.type)
def test_each_field_is_described(frame):
    assert list(frame.fields) == [field.name for field in msgspec.structs.fields(frame.kind)]


@pytest.mark.parametrize("frame", CLIENT_FRAMES, ids=lambda frame: frame.type)
def test_an_example_is_understood(frame):
    assert message_parser.parse(frame.json, MAX_LENGTH) == frame.example
