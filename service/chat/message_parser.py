"""What a client sent, as one of the messages, or in words what is wrong with it. No I/O."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from service.chat.messages import Chat, ClientMessage, TurnId


class BadMessage(Exception):
    """What a client sent is not understood, for a reason given in words.

    `turn_id` is the valid id of what was asked for: that turn ends here. `field` is what
    a form lacks.
    """

    def __init__(self, text: str, turn_id: str | None = None, field: str | None = None) -> None:
        super().__init__(text)
        self.turn_id = turn_id
        self.field = field


class _Tagged(Struct):
    type: Any = None


class _NamedChat(Struct, tag_field="type", tag="chat"):
    id: TurnId | None = None


class _NamedForm(Struct, tag_field="type", tag="form", rename={"id": "turn_id"}):
    id: TurnId | None = None


_KNOWN_TYPES = ("chat", "ping", "stop", "resume", "form", "auth")
_LONGEST_ECHO = 40
_NOT_JSON = 'That is not JSON: send an object such as {"type":"chat","content":"…"}.'
_NOT_AN_OBJECT = 'A frame is a JSON object, such as {"type":"chat","content":"…"}.'
_decode = msgspec.json.Decoder(ClientMessage).decode
_decode_tagged = msgspec.json.Decoder(_Tagged).decode
_decode_named: Callable[[str], _NamedChat | _NamedForm] = msgspec.json.Decoder(_NamedChat | _NamedForm).decode


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
