"""The data of one event of Dify to its fields, also where it is no JSON by the standard, or cut off. No I/O."""

import json
import math
import re
from typing import Any

import msgspec


class Event(msgspec.Struct):
    """The fields that matter of nearly all events: a word more."""

    event: str
    answer: str | None = None
    task_id: str | None = None
    conversation_id: str | None = None
    message_id: str | None = None
    workflow_run_id: str | None = None


class UnreadableText(Exception):
    """An event that may hold text of the answer cannot be read; the message says why, without quoting it."""


# Some versions label text deltas `message_file`.
TEXT_DELTAS = frozenset({"message", "agent_message", "message_file"})
_TEXT = TEXT_DELTAS | {"message_replace"}
_IDS = ("task_id", "conversation_id", "message_id", "workflow_run_id")
# Dify names the kind first of all.
_KIND = re.compile(rb'"event"\s*:\s*"([^"\\]{1,64})"')
_FIELD = re.compile(rb'"(%b|status)"\s*:\s*"([^"\\]{1,100})"' % "|".join(_IDS).encode())

_decode = msgspec.json.Decoder(Event).decode


def decode_event(raw: bytes) -> Event | None:
    """None for an event that is not understood. Raises UnreadableText."""
    try:
        return _decode(raw)
    except (ValueError, RecursionError):
        pass
    value = _decode_leniently(raw)
    if value is None and raw.startswith(b"{") and (_kind_of(raw) is None or is_text(raw)):
        raise UnreadableText(f"an event that is no JSON, or nested too deeply, {len(raw)} bytes")
    return _convert(value if isinstance(value, dict) else _fields_of_head(raw), len(raw))


def decode_fields(raw: bytes) -> dict[str, Any]:
    """All fields; of an event that is cut off those that are plain, of anything else none."""
    fields = decode_object(raw)
    return fields if fields is not None else _fields_of_head(raw)


def decode_object(raw: bytes) -> dict[str, Any] | None:
    """A JSON object; None if it is none.

    NaN and the infinite become null; what cannot be text, half an emoji for instance, becomes a question mark.
    """
    try:
        fields = msgspec.json.decode(raw)
    except (ValueError, RecursionError):
        fields = _decode_leniently(raw)
    return fields if isinstance(fields, dict) else None


def is_text(head: bytes) -> bool:
    """Whether an event that begins like this holds text of the answer."""
    return _kind_of(head) in _TEXT


def _convert(fields: dict[str, Any], size: int) -> Event | None:
    """An event can do without ids that are no text, but not without its text."""
    kind, answer = fields.get("event"), fields.get("answer")
    if not isinstance(kind, str):
        return None
    if kind in _TEXT and not isinstance(answer, str | None):
        raise UnreadableText(f"a {kind} event of unknown shape, {size} bytes")
    ids = {name: fields[name] for name in _IDS if isinstance(fields.get(name), str)}
    return Event(kind, answer if kind in _TEXT else None, **ids)


def _fields_of_head(head: bytes) -> dict[str, Any]:
    if (kind := _kind_of(head)) is None:
        return {}
    fields: dict[str, Any] = {"event": kind}
    for name, value in _FIELD.findall(head):
        fields.setdefault(name.decode(), value.decode(errors="replace"))
    return fields | {"data": {"status": fields.get("status")}}


def _kind_of(head: bytes) -> str | None:
    kind = _KIND.search(head)
    return kind[1].decode(errors="replace") if kind is not None else None


def _decode_leniently(raw: bytes) -> Any:
    try:
        value = json.loads(raw.decode(errors="replace"), parse_constant=_null, parse_float=_finite)
        return msgspec.json.decode(json.dumps(value, ensure_ascii=False).encode(errors="replace"))
    except (ValueError, RecursionError):
        return None


def _null(_: str) -> None:
    return None


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None
