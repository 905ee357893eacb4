"""What is stored in Redis: claims to turns, entries of their streams, commands between processes. No I/O."""

from contextlib import suppress

import msgspec

from service.answers.base import Failure, Part, Summary
from service.answers.pauses import Pause


class End(msgspec.Struct, frozen=True, tag=True):
    """The last entry of a turn. `reason` says why it was stopped."""

    status: str
    failure: Failure | None
    summary: Summary
    pause: Pause | None = None
    reason: str | None = None


Entry = Part | End


class Joined(msgspec.Struct, frozen=True, tag=True):
    """A client of process `by` listens to turn `key`."""

    key: str
    by: str


class Left(msgspec.Struct, frozen=True, tag=True):
    """No client of process `by` listens any more."""

    key: str
    by: str


class Stop(msgspec.Struct, frozen=True, tag=True):
    """The holder of the token has stopped the turn."""

    key: str
    by: str


class ClientResumed(msgspec.Struct, frozen=True, tag=True):
    """A client has come back, and proved by its token who it is; its newest session has the id `session`."""

    identity: str
    session: str


Command = Joined | Left | Stop | ClientResumed

_encode = msgspec.json.Encoder().encode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_entry = msgspec.json.Decoder(Entry).decode
_decode_command = msgspec.json.Decoder(Command).decode


def encode(value: list[Entry] | Command) -> bytes:
    return _encode(value)


def decode_entries(data: bytes) -> list[Entry]:
    """Without those that this version does not know."""
    entries: list[Entry] = []
    for raw in _decode_list(data):
        with suppress(msgspec.ValidationError):
            entries.append(_decode_entry(raw))
    return entries


def decode_command(data: bytes) -> Command | None:
    """None if this version does not know it."""
    try:
        command: Command = _decode_command(data)
    except msgspec.ValidationError:
        return None
    return command


def encode_claim(process: str, checksum: int) -> str:
    """Which process runs a turn, and the checksum of its question."""
    return f"{process}:{checksum}"


def decode_claim(claim: str) -> tuple[str, int]:
    process, _, checksum = claim.partition(":")
    return process, int(checksum)
