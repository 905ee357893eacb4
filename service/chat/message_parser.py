"""What a client sent, as one of the messages, or in words what is wrong with it. No I/O."""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, get_args

import msgspec
from msgspec import Struct

from service.chat.client_messages import Chat, ClientMessage, Form, TurnId, VoiceLatency, name_in

MAX_DEPTH = 20
"""Of objects and lists in one another, in the inputs and files of a question, or the inputs of a form."""
MAX_INPUTS_LENGTH = 100_000


class BadMessage(Exception):
    """What a client sent is not understood, for a reason given in words.

    `turn_id` is the valid id of what was asked for: that turn ends here. `field` is what a form lacks.
    """

    def __init__(self, text: str, turn_id: str | None = None, field: str | None = None) -> None:
        super().__init__(text)
        self.turn_id = turn_id
        self.field = field


class _Tagged(Struct):
    type: Any = None


class _Named(Struct, tag_field="type"):
    id: TurnId | None = None


class _NamedChat(_Named, tag="chat"): ...


class _NamedForm(_Named, tag="form"):
    turn_id: TurnId | None = None


class _NamedResume(_NamedForm, tag="resume"): ...


_KNOWN_TYPES = [kind.__struct_config__.tag for kind in get_args(ClientMessage)]
_LONGEST_ECHO = 40
_NOT_JSON = 'That is not JSON: send an object such as {"type":"chat","content":"…"}.'
_LONE_SURROGATE = "That JSON has half of a surrogate pair, as an emoji that was cut in two: send U+FFFD in its place."
_TOO_DEEP = f"That JSON is nested too deeply: {MAX_DEPTH} levels are allowed."
_NOT_AN_OBJECT = 'A frame is a JSON object, such as {"type":"chat","content":"…"}.'
_TYPES = re.compile("(Expected|got) `([^`]+)`")
_JSON_NAMES = {"str": "string", "int": "integer", "float": "number", "bool": "boolean", "uuid": "UUID"}
_decode = msgspec.json.Decoder(ClientMessage).decode
_decode_tagged = msgspec.json.Decoder(_Tagged).decode
_decode_named: Callable[[str | bytes], _Named] = msgspec.json.Decoder(_NamedChat | _NamedForm | _NamedResume).decode


def parse(data: str | bytes, max_content_length: int, max_inputs_length: int = MAX_INPUTS_LENGTH) -> ClientMessage:
    """Raises BadMessage. The lengths are in code points, that of inputs as JSON."""
    if isinstance(data, bytes):
        raise BadMessage("Binary frames are not understood here: send JSON as a text frame.")
    try:
        message: ClientMessage = _decode(data)
    except msgspec.ValidationError as error:
        raise _invalid(data, error) from None
    except msgspec.DecodeError:
        raise _malformed(data) from None
    except RecursionError:
        raise BadMessage(_TOO_DEEP) from None
    if isinstance(message, Chat):
        _check_content(message, max_content_length)
        _check_json("inputs", message.inputs, max_inputs_length, message.id)
        _check_json("files", message.files, max_inputs_length, message.id)
    elif isinstance(message, Form):
        _check_json("inputs", message.inputs, max_inputs_length, name_in(message))
    elif isinstance(message, VoiceLatency) and not message.stages():
        raise BadMessage("Bad `voice_latency` frame: it has none of its times.")
    return message


def explain_field(error: msgspec.ValidationError) -> tuple[str, str]:
    """Where msgspec found the error, such as `inputs: `, or nothing for the whole; and what it is."""
    what, _, where = str(error).partition(" - at `$.")
    return (f"{where.rstrip('`')}: " if where else ""), _TYPES.sub(_in_json, what)


def _in_json(types: re.Match[str]) -> str:
    """What came is a number in either case; what is wanted may be an integer."""
    text = types[2].replace("int | float", "float") if types[1] == "Expected" else types[2].replace("int", "float")
    return f"{types[1]} `{' | '.join(_JSON_NAMES.get(name, name) for name in text.split(' | '))}`"


def _check_content(chat: Chat, max_length: int) -> None:
    length = len(chat.content)
    if not length or chat.content.isspace():
        raise BadMessage("The question is empty: put it into `content`.", chat.id)
    if length > max_length:
        raise BadMessage(f"The question is too long: {length} characters, {max_length} are allowed.", chat.id)


def _check_json(name: str, value: Any, max_length: int, turn_id: str | None) -> None:
    """The length is that of what it says, not of how it was written."""
    if not value:
        return
    try:
        text = msgspec.json.encode(value)
    except RecursionError:
        raise BadMessage(_TOO_DEEP, turn_id) from None
    length = len(text.decode())
    if length > max_length:
        raise BadMessage(f"`{name}` is too long: {length} characters, {max_length} are allowed.", turn_id)
    if text.count(b"{") + text.count(b"[") > MAX_DEPTH and _is_too_deep(value):
        raise BadMessage(_TOO_DEEP, turn_id)


def _is_too_deep(value: Any) -> bool:
    """Level by level: how deep Python could go differs from version to version, and Dify may go less far."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for item in level if item for child in _children(item)]
    return any(isinstance(item, dict | list) for item in level)


def _children(item: Any) -> Iterable[Any]:
    kind = type(item)
    return item.values() if kind is dict else item if kind is list else ()


def _turn_id(data: str | bytes) -> str | None:
    try:
        return name_in(_decode_named(data))
    except (msgspec.DecodeError, RecursionError):
        return None


def _malformed(data: str) -> BadMessage:
    """Unlike msgspec, Python's own decoder takes half of a surrogate pair, as RFC 8259 does; and constants, if let."""
    try:
        value = json.loads(data, parse_constant=int)  # which raises ValueError for NaN and Infinity
        mended = json.dumps(value, ensure_ascii=False).encode(errors="replace")
    except (ValueError, RecursionError):
        return BadMessage(_NOT_JSON)
    return BadMessage(_LONE_SURROGATE, _turn_id(mended))


def _invalid(data: str, error: msgspec.ValidationError) -> BadMessage:
    try:
        type_ = _decode_tagged(data).type
    except (msgspec.ValidationError, RecursionError):
        return BadMessage(_NOT_AN_OBJECT)
    except msgspec.DecodeError:  # malformed after the first invalid field
        return _malformed(data)
    return BadMessage(_explain(type_, error), _turn_id(data))


def _explain(type_: Any, error: msgspec.ValidationError) -> str:
    if type_ not in _KNOWN_TYPES:
        return f"Unknown type {_short(type_)}: this service understands {', '.join(_KNOWN_TYPES)}."
    where, what = explain_field(error)
    if "matching regex" in what:
        what = "Expected 32 hexadecimal digits" if "token" in where else "Expected 1 to 64 of A-Z, a-z, 0-9, _ and -"
    return f"Bad `{type_}` frame: {where}{what}."


def _short(value: object) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST_ECHO else f"{text[:_LONGEST_ECHO]}…"
