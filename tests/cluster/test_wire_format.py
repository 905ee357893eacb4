"""What processes tell each other: what is written can be read, and what is not known is left out."""

import msgspec
import pytest

from service.answers import failures
from service.answers.base import AppFile, Identity, Queued, Replacement, Speech, Step, Summary, Text
from service.answers.pauses import Pause
from service.chat.connected import Connected
from service.chat.turn_status import Ending, Status
from service.cluster.wire_format import (
    ClientResumed,
    CloseClient,
    ConnectedHere,
    Follow,
    ForgetAll,
    Letter,
    ListConnected,
    Restarted,
    Snapshot,
    Stop,
    StopAll,
    Unfollow,
    Unknown,
    Updates,
    decode_letter,
    decode_parts,
    decode_snapshot,
    encode_letter,
    encode_parts,
    encode_snapshot,
)

PARTS = [
    Identity("mock", "c", "m", failures.STALLED),
    Text("é👩\n"),
    Replacement("ok"),
    Step("node_started", "n", "LLM"),
    Speech(0, "bXAz"),
    AppFile("image", "a.png", "/a"),
    Queued(),
]
ENDING = Ending(Status.PAUSED, "waiting_for_human", failures.STALLED, Summary({"total_tokens": 3}), Pause(run_id="r"))
UNREADABLE_PART = msgspec.Raw(b'{"type":"FromTheFuture"}')


def test_parts_are_read_as_they_were_written():
    assert decode_parts(encode_parts(PARTS)) == PARTS


def test_parts_that_are_not_known_are_left_out():
    assert decode_parts([UNREADABLE_PART, *encode_parts([Text("a")])]) == [Text("a")]


@pytest.mark.parametrize("ending", [None, ENDING])
def test_a_snapshot_is_read_as_it_was_written(ending):
    snapshot = decode_snapshot(encode_snapshot(Snapshot("p", 7, encode_parts(PARTS), 2, ending)))
    assert (snapshot.by, snapshot.checksum, snapshot.replacements, snapshot.ending) == ("p", 7, 2, ending)
    assert decode_parts(snapshot.parts) == PARTS


@pytest.mark.parametrize("data", [b"", b"[]", b'{"by":"p"}', b"\xff"])
def test_what_is_no_snapshot_is_none(data):
    assert decode_snapshot(data) is None


MESSAGES = [
    Follow("k", 1, 2, 3, 4),
    Unfollow(1),
    Unknown(1),
    Restarted(),
    Stop("k"),
    StopAll("o"),
    ForgetAll("o", 2.0),
    ClientResumed("key:bed-7", 12),
    ListConnected(3),
    CloseClient(4, "bed-7"),
    ConnectedHere(4, [Connected("bed-7", "ana", 7, "192.0.2.1", None, "Firefox", 2, 1)]),
]


def test_a_letter_is_read_as_it_was_written():
    assert decode_letter(encode_letter("p", MESSAGES)) == Letter("p", MESSAGES)


def test_updates_come_with_their_parts_and_their_end():
    updates = Updates(1, 2, 7, encode_parts(PARTS), 3, ENDING)
    [read] = decode_letter(encode_letter("p", [updates])).messages
    assert (read.number, read.position, read.checksum, read.replacements, read.ending) == (1, 2, 7, 3, ENDING)
    assert decode_parts(read.parts) == PARTS


def test_messages_that_are_not_known_are_counted_and_the_others_read():
    letter = b'["p",[{"type":"FromTheFuture"},{"type":"Restarted"},{"type":"Stop"}]]'
    assert decode_letter(letter) == Letter("p", [Restarted()], 2)


@pytest.mark.parametrize("data", [b"", b"{}", b'["p"]', b"\xff"])
def test_what_is_no_letter_is_by_nobody_and_counted(data):
    assert decode_letter(data) == Letter("", [], 1)
