"""What processes tell each other through Redis: snapshots of turns, and messages. No I/O.

Parts and messages that this version does not know are left out: another may run beside it during a deploy.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import NamedTuple, TypeVar

import msgspec

from service.answers.base import Part
from service.chat.connected import Connected
from service.chat.turn_status import Ending

T = TypeVar("T")


class Snapshot(msgspec.Struct, frozen=True):
    """A turn as it stands: `parts` make it, and its text has been replaced so often. `by` is the process that runs it.

    Without an `ending` it may have gone on since; then `by` is to be asked.
    """

    by: str
    checksum: int
    parts: list[msgspec.Raw] = []
    replacements: int = 0
    ending: Ending | None = None


class _Message(msgspec.Struct, frozen=True, tag=True): ...


class Follow(_Message, frozen=True):
    """Tell of turn `key` what follows this place (see FollowedTurn), and what comes, in Updates of that `number`."""

    key: str
    number: int
    offset: int = 0
    replacements: int = 0
    progress: int = 0


class Unfollow(_Message, frozen=True):
    """Nobody listens any more."""

    number: int


class Updates(_Message, frozen=True):
    """What is new for the follower of that `number`; the `position` of these among all, from 0."""

    number: int
    position: int
    checksum: int
    parts: list[msgspec.Raw]
    replacements: int
    ending: Ending | None = None


class Unknown(_Message, frozen=True):
    """There is no such turn here."""

    number: int


class Restarted(_Message, frozen=True):
    """The sender could not reach Redis: it tells nobody of its turns until it is asked again."""


class Stop(_Message, frozen=True):
    """The holder of the token has stopped the turn, so many seconds `ago`: it was not meant, if it has begun since."""

    key: str
    ago: float = 0.0


class StopAll(_Message, frozen=True):
    """The holder of the token has stopped all turns that had begun so many seconds `ago`."""

    owner: str
    ago: float = 0.0


class ForgetAll(_Message, frozen=True):
    """The holder of the token wants nothing to be kept of all turns that had begun so many seconds `ago`."""

    owner: str
    ago: float = 0.0


class ClientResumed(_Message, frozen=True):
    """A client has come back, and proved by its token who it is; that connection has this number."""

    identity: str
    number: int


class ListConnected(_Message, frozen=True):
    """An operator asks who is connected: reply by that number."""

    number: int


class CloseClient(_Message, frozen=True):
    """An operator ends all connections of that client: reply who they were, by that number."""

    number: int
    client_id: str


class ConnectedHere(_Message, frozen=True):
    """The reply."""

    number: int
    connections: list[Connected]


Message = (
    Follow | Unfollow | Updates | Unknown | Restarted | Stop | StopAll | ForgetAll
    | ClientResumed | ListConnected | CloseClient | ConnectedHere
)  # fmt: skip


class Letter(NamedTuple):
    """Messages of one process to another; `unreadable` is how many more there were."""

    by: str
    messages: list[Message]
    unreadable: int = 0


_encode = msgspec.json.Encoder().encode
_decode_part = msgspec.json.Decoder(Part).decode
_decode_message = msgspec.json.Decoder(Message).decode
_decode_snapshot = msgspec.json.Decoder(Snapshot).decode
_decode_letter = msgspec.json.Decoder(tuple[str, list[msgspec.Raw]]).decode


def encode_parts(parts: Iterable[Part]) -> list[msgspec.Raw]:
    return [msgspec.Raw(_encode(part)) for part in parts]


def decode_parts(raws: Iterable[msgspec.Raw]) -> list[Part]:
    return _known(_decode_part, raws)


def encode_snapshot(snapshot: Snapshot) -> bytes:
    return _encode(snapshot)


def decode_snapshot(data: bytes) -> Snapshot | None:
    """None if it cannot be read."""
    try:
        return _decode_snapshot(data)
    except msgspec.MsgspecError:
        return None


def encode_letter(by: str, messages: Iterable[Message]) -> bytes:
    return _encode((by, list(messages)))


def decode_letter(data: bytes) -> Letter:
    """Without what cannot be read."""
    try:
        by, raws = _decode_letter(data)
    except msgspec.MsgspecError:
        return Letter("", [], 1)
    messages: list[Message] = _known(_decode_message, raws)
    return Letter(by, messages, len(raws) - len(messages))


def _known(decode: Callable[[bytes], T], raws: Iterable[msgspec.Raw]) -> list[T]:
    known: list[T] = []
    for raw in raws:
        with suppress(msgspec.MsgspecError):
            known.append(decode(bytes(raw)))
    return known
