"""Every frame, in and out, as a msgspec Struct: parse and build. No I/O.

JSON text, told apart by `type`; unknown fields are ignored. Timestamps are Unix milliseconds, offsets Unicode code
points.
"""

import time
from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from service.answers.base import StepEvent
from service.result_codes import ResultCode

TurnId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z")]
Token = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
Offset = Annotated[int, Meta(ge=0)]


class Chat(Struct, frozen=True, tag_field="type", tag="chat"):
    """A question. `id` is the client's own name for the turn; `stream` asks for the answer as it is written.

    `events` and `audio` ask for what the app does on the way, and for its voice, as frames of their own.
    """

    content: str
    id: TurnId | None = None
    stream: bool = False
    conversation_id: str | None = None
    inputs: dict[str, Any] | None = None
    files: list[dict[str, Any]] | None = None
    events: bool = False
    audio: bool = False


class Ping(Struct, frozen=True, tag_field="type", tag="ping"):
    """Answered by a pong with the same timestamp, or with ours if none came."""

    timestamp: int | float | None = None


class Stop(Struct, frozen=True, tag_field="type", tag="stop"):
    """End that turn now; without id, every turn of this client."""

    id: TurnId | None = None


class Resume(Struct, frozen=True, tag_field="type", tag="resume"):
    """From now on the connection is the token's: of its turn `id`, send what comes after `offset`."""

    token: Token
    id: TurnId | None = None
    offset: Offset = 0


ClientMessage = Chat | Ping | Stop | Resume


class System(Struct, frozen=True, tag_field="type", tag="system"):
    """A notice. The first frame of each connection is one, with `client_id` and `resume_token`.

    The token is a secret: who holds it owns what is asked on this connection. Before a restart a notice says when to
    come back: `retry_after`, in milliseconds.
    """

    content: str
    client_id: str | UnsetType = UNSET
    resume_token: str | UnsetType = UNSET
    retry_after: int | UnsetType = UNSET


class Pong(Struct, frozen=True, tag_field="type", tag="pong"):
    timestamp: int | float


class Heartbeat(Struct, frozen=True, tag_field="type", tag="heartbeat"):
    """The server's sign of life to an idle client."""

    timestamp: int


class Error(Struct, frozen=True, tag_field="type", tag="error"):
    """Something went wrong. With `id` it ends that turn; the connection stays open unless a close follows.

    `reason` is a stable word of the table of failures.
    """

    content: str
    code: ResultCode
    id: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET


class ChatDelta(Struct, frozen=True, tag_field="type", tag="chat_delta", gc=False):
    """The text of turn `id` that starts at `offset`; with `replace`, all before it is withdrawn."""

    id: str
    offset: int
    content: str
    replace: Literal[True] | UnsetType = UNSET


class ChatEvent(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="chat_event"):
    """What the app does on its way to the answer of turn `id`. `step` joins what starts and what is finished."""

    id: str
    event: StepEvent
    step: str
    name: str | None = None
    kind: str | None = None
    status: str | None = None
    duration_ms: int | None = None
    content: str | None = None


class ChatAudio(Struct, frozen=True, tag_field="type", tag="chat_audio"):
    """A piece of the answer of turn `id`, spoken, in base64. Numbered from 0: after a `resume` one may come twice."""

    id: str
    number: int
    content: str
    media_type: Literal["audio/mpeg"] = "audio/mpeg"


class ChatAnswer(Struct, frozen=True, kw_only=True, tag_field="type", tag="chat"):
    """The whole answer of turn `id`, and its end: `status` done, stopped or incomplete, `source` dify or mock.

    `reason` says why it is incomplete, or why a mock stands in: a stable word of the table of failures.
    """

    role: Literal["assistant"] = "assistant"
    id: str
    status: str
    source: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    content: str
    conversation_id: str | UnsetType = UNSET
    message_id: str | UnsetType = UNSET
    usage: dict[str, Any] | UnsetType = UNSET
    citations: list[Any] | UnsetType = UNSET


ServerMessage = System | Pong | Heartbeat | Error | ChatDelta | ChatEvent | ChatAudio | ChatAnswer


class BadMessage(Exception):
    """What a client sent is no frame; the message says what is wrong with it, in words.

    `turn_id` is the id of a question that is refused, if it has a good one: the refusal is its end.
    """

    def __init__(self, words: str, turn_id: str | None = None) -> None:
        super().__init__(words)
        self.turn_id = turn_id


class _AnyFrame(Struct):
    type: Any = None


class _Named(Struct, tag_field="type", tag="chat"):
    id: TurnId | None = None


_KNOWN_TYPES = ("chat", "ping", "stop", "resume")
_LONGEST_ECHO = 40
_NOT_JSON = 'That is not JSON: send an object such as {"type":"chat","content":"…"}.'
_NOT_AN_OBJECT = 'A frame is a JSON object, such as {"type":"chat","content":"…"}.'
_decode = msgspec.json.Decoder(ClientMessage).decode
_decode_any = msgspec.json.Decoder(_AnyFrame).decode
_decode_named = msgspec.json.Decoder(_Named).decode

encode: Callable[[ServerMessage], bytes] = msgspec.json.Encoder().encode


def now() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


def parse(message: str | bytes, max_content_length: int) -> ClientMessage:
    """Raises BadFrame. `max_content_length` is in code points."""
    if isinstance(message, bytes):
        raise BadMessage("Binary frames are not understood here: send JSON as a text frame.")
    try:
        frame: ClientMessage = _decode(message)
    except msgspec.ValidationError as error:
        raise BadMessage(_explain(message, error), _turn_id(message)) from None
    except msgspec.DecodeError:
        raise BadMessage(_NOT_JSON) from None
    except RecursionError:
        raise BadMessage("That JSON is nested too deeply.") from None
    if isinstance(frame, Chat):
        _check_content(frame, max_content_length)
    return frame


def _check_content(chat: Chat, max_length: int) -> None:
    length = len(chat.content)
    if not length or chat.content.isspace():
        raise BadMessage("The question is empty: put it into `content`.", chat.id)
    if length > max_length:
        raise BadMessage(f"The question is too long: {length} characters, {max_length} are allowed.", chat.id)


def _turn_id(message: str) -> str | None:
    try:
        return _decode_named(message).id
    except (msgspec.DecodeError, RecursionError):
        return None


def _explain(message: str, error: msgspec.ValidationError) -> str:
    """Turn msgspec's words into ours: which type, which field, what was expected."""
    try:
        type_ = _decode_any(message).type
    except (msgspec.ValidationError, RecursionError):
        return _NOT_AN_OBJECT
    except msgspec.DecodeError:  # broken behind the field that was wrong
        return _NOT_JSON
    if type_ not in _KNOWN_TYPES:
        return f"Unknown type {_short(type_)}: this service understands {', '.join(_KNOWN_TYPES)}."
    what, _, where = str(error).partition(" - at `$.")
    if "matching regex" in what:
        what = "Expected 32 hexadecimal digits" if "token" in where else "Expected 1 to 64 of A-Z, a-z, 0-9, _ and -"
    return f"Bad `{type_}` frame: {where.rstrip('`') + ': ' if where else ''}{what}."


def _short(value: object) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST_ECHO else f"{text[:_LONGEST_ECHO]}…"
