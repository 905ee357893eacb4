"""What goes through Redis."""

import msgspec
import pytest

from service.answers import failures
from service.answers.base import AppFile, Identity, Replacement, Speech, Step, Summary, Text
from service.cluster.wire_format import (
    ClientResumed,
    End,
    Joined,
    Left,
    Stop,
    decode_claim,
    decode_command,
    decode_entries,
    encode,
    encode_claim,
)


def test_entries_arrive_as_they_were():
    entries = [
        Identity("mock", "c", "m", failures.BUSY),
        Text("é👩"),
        Replacement(""),
        Step("node_started", "n", "LLM"),
        Speech(0, "bXAz"),
        AppFile("image", "a.png", "/api/app-files/a", "/files/a"),
        End("incomplete", failures.STALLED, Summary({"total_tokens": 3}, [{"document_name": "a"}])),
    ]
    assert decode_entries(encode(entries)) == entries


@pytest.mark.parametrize("command", [Joined("k", "p"), Left("k", "p"), Stop("k", "p"), ClientResumed("k:bed-7", "s")])
def test_commands_arrive_as_they_were(command):
    assert decode_command(encode(command)) == command


def test_what_only_another_version_knows_is_left_out():
    newer = msgspec.json.encode([{"type": "Text", "content": "a"}, {"type": "Smell"}, {"type": "Text", "content": "b"}])
    assert decode_entries(newer) == [Text("a"), Text("b")]
    assert decode_command(b'{"type": "Dance", "key": "k"}') is None


def test_a_client_id_without_its_token_as_the_version_before_announced_it_says_nothing():
    assert decode_command(b'{"type":"ClientConnected","client_id":"bed-7","by":"p"}') is None


def test_a_claim_arrives_as_it_was():
    assert decode_claim(encode_claim("0a1b2c3d", 4_000_000_000)) == ("0a1b2c3d", 4_000_000_000)
