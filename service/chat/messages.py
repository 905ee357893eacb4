"""Every message, in and out, parsed and encoded; /docs calls them frames. No I/O.

JSON text, tagged by `type`; unknown fields are ignored. Timestamps are Unix milliseconds, offsets Unicode code points.
"""

import re
import time
from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from service.answers.base import FileKind, StepEvent
from service.result_codes import ResultCode

TurnId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z")]
Token = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
Offset = Annotated[int, Meta(ge=0)]


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=.)([A-Z])", r"_\1", name).lower()


class _Message(Struct, frozen=True, tag_field="type", tag=_snake_case):
    """The tag is the class name: ChatDelta is `chat_delta`."""


class Chat(_Message, frozen=True):
    """A question. `id` names the turn. `stream` asks for ChatDelta, `events` for ChatEvent, `audio` for ChatAudio."""

    content: str
    id: TurnId | None = None
    stream: bool = False
    conversation_id: str | None = None
    inputs: dict[str, Any] | None = None
    files: list[dict[str, Any]] | None = None
    events: bool = False
    audio: bool = False


class Ping(_Message, frozen=True):
    """Answered by a pong with the same timestamp, or with the time of the service."""

    timestamp: int | float | None = None


class Stop(_Message, frozen=True):
    """End that turn, or every turn of this client."""

    id: TurnId | None = None


class Resume(_Message, frozen=True):
    """From now on the connection is the token's: of its turn `id`, send what follows `offset`."""

    token: Token
    id: TurnId | None = None
    offset: Offset = 0


ClientMessage = Chat | Ping | Stop | Resume


class System(_Message, frozen=True):
    """A notice. The first message of a connection has `client_id` and `resume_token`, which is a secret.

    Before a restart, `retry_after` (milliseconds) says when to reconnect. With `id` it is about that turn.
    """

    content: str
    client_id: str | UnsetType = UNSET
    resume_token: str | UnsetType = UNSET
    retry_after: int | UnsetType = UNSET
    id: str | UnsetType = UNSET


class Pong(_Message, frozen=True):
    timestamp: int | float


class Heartbeat(_Message, frozen=True):
    """To an idle client."""

    timestamp: int


class Error(_Message, frozen=True):
    """With `id` it ends that turn; the connection stays open. `reason` is a stable word of the table of failures."""

    content: str
    code: ResultCode
    id: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET


class ChatDelta(_Message, frozen=True, gc=False):
    """The text of turn `id` that starts at `offset`; with `replace`, all before it is withdrawn.

    A made-up answer says so from its first words on: `source`, and where a mock stands in, the `reason` for it.
    """

    id: str
    offset: int
    content: str
    replace: Literal[True] | UnsetType = UNSET
    source: Literal["mock"] | UnsetType = UNSET
    reason: str | UnsetType = UNSET


class ChatEvent(_Message, frozen=True, kw_only=True, omit_defaults=True):
    """A Step of turn `id`."""

    id: str
    event: StepEvent
    step: str
    name: str | None = None
    kind: str | None = None
    status: str | None = None
    duration_ms: int | None = None
    content: str | None = None
    number: int | None = None


class ChatAudio(_Message, frozen=True):
    """A piece of speech, in base64. Numbered from 0, since one may be repeated after a `resume`."""

    id: str
    number: int
    content: str
    media_type: Literal["audio/mpeg"] = "audio/mpeg"


class ChatFile(_Message, frozen=True, omit_defaults=True):
    """A file that the app made in turn `id`; `url` is of this service, `link` what it is called in the text.

    One may be repeated after a `resume`. A delta with `replace` withdraws those with a `link`.
    """

    id: str
    kind: FileKind
    name: str
    url: str
    link: str | None = None


class FileOfAnswer(Struct, frozen=True, omit_defaults=True):
    kind: FileKind
    name: str
    url: str
    link: str | None = None


class ChatAnswer(_Message, frozen=True, kw_only=True, tag="chat"):
    """The whole answer of turn `id`, and its end. `reason` says why it is incomplete, paused or a mock's."""

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
    files: list[FileOfAnswer] | UnsetType = UNSET


ServerMessage = System | Pong | Heartbeat | Error | ChatDelta | ChatEvent | ChatAudio | ChatFile | ChatAnswer


class BadMessage(Exception):
    """What a client sent is not understood, for a reason given in words.

    `turn_id` is of a question with a valid id: its turn ends here.
    """

    def __init__(self, text: str, turn_id: str | None = None) -> None:
        super().__init__(text)
        self.turn_id = turn_id


class _Tagged(Struct):
    type: Any = None


class _Named(Struct, tag_field="type", tag="chat"):
    id: TurnId | None = None


_KNOWN_TYPES = ("chat", "ping", "stop", "resume")
_LONGEST_ECHO = 40
_NOT_JSON = 'That is not JSON: send an object such as {"type":"chat","content":"…"}.'
_NOT_AN_OBJECT = 'A frame is a JSON object, such as {"type":"chat","content":"…"}.'
_decode = msgspec.json.Decoder(ClientMessage).decode
_decode_tagged = msgspec.json.Decoder(_Tagged).decode
_decode_named = msgspec.json.Decoder(_Named).decode

encode: Callable[[ServerMessage], bytes] = msgspec.json.Encoder().encode


def now_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


def parse(data: str | bytes, max_content_length: int) -> ClientMessage:
    """Raises BadMessage. `max_content_length` is in code points."""
    if isinstance(data, bytes):
        raise BadMessage("Binary frames are not understood here: send JSON as a text frame.")
    try:
        message: ClientMessage = _decode(data)
    except msgspec.ValidationError as error:
        raise BadMessage(_explain(data, error), _turn_id(data)) from None
    except msgspec.DecodeError:
        raise BadMessage(_NOT_JSON) from None
    except RecursionError:
        raise BadMessage("That JSON is nested too deeply.") from None
    if isinstance(message, Chat):
        _check_content(message, max_content_length)
    return message


def explain_field(error: msgspec.ValidationError) -> tuple[str, str]:
    """Where msgspec found the error, such as `inputs: `, or nothing for the whole; and what it is."""
    what, _, where = str(error).partition(" - at `$.")
    return (f"{where.rstrip('`')}: " if where else ""), what


def _check_content(chat: Chat, max_length: int) -> None:
    length = len(chat.content)
    if not length or chat.content.isspace():
        raise BadMessage("The question is empty: put it into `content`.", chat.id)
    if length > max_length:
        raise BadMessage(f"The question is too long: {length} characters, {max_length} are allowed.", chat.id)


def _turn_id(data: str) -> str | None:
    try:
        return _decode_named(data).id
    except (msgspec.DecodeError, RecursionError):
        return None


def _explain(data: str, error: msgspec.ValidationError) -> str:
    try:
        type_ = _decode_tagged(data).type
    except (msgspec.ValidationError, RecursionError):
        return _NOT_AN_OBJECT
    except msgspec.DecodeError:  # malformed after the first invalid field
        return _NOT_JSON
    if type_ not in _KNOWN_TYPES:
        return f"Unknown type {_short(type_)}: this service understands {', '.join(_KNOWN_TYPES)}."
    where, what = explain_field(error)
    if "matching regex" in what:
        what = "Expected 32 hexadecimal digits" if "token" in where else "Expected 1 to 64 of A-Z, a-z, 0-9, _ and -"
    return f"Bad `{type_}` frame: {where}{what}."


def _short(value: object) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST_ECHO else f"{text[:_LONGEST_ECHO]}…"
