"""What strangers can have logged: strings are cut, and of one address only so many lines a minute are told. No I/O.

Whatever is left out is counted, and told once a minute: an event's `times`.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from service.admission.addresses import site_of
from service.redaction import may_hold_secret, redacted
from service.tally import OTHERS, KeyedTally

Event = dict[str, Any]
Entry = tuple[int, Event]
"""The level of the standard library's `logging`, and the fields."""

MAX_CHARACTERS = 200
MAX_STACK_CHARACTERS = 10_000
MAX_ITEMS, MAX_DEPTH = 50, 4
"""Of an object or a list in a field."""
MINUTE_SECONDS = 60.0
LINES_PER_MINUTE = 300
REFUSALS_PER_MINUTE = 10
"""Of one event and address; refusals are warnings, errors, and replies from 400 on."""
_WARNING, _ERROR_STATUS = 30, 400
_OUR_OWN = {"settings"}
"""Fields that no stranger writes."""
_STACKS = {"exception", "stack"}
_PLAIN = {int, float, bool, type(None)}


def sanitize(event: Event) -> None:
    """Cut each string at MAX_CHARACTERS; mask tokens, wherever a client has put them: in a path, say, or as its id.

    Control characters, which forge lines on a terminal, are escaped.
    """
    for name, value in event.items():
        if isinstance(value, str):
            if len(value) > MAX_CHARACTERS or not value.isprintable() or may_hold_secret(value):
                event[name] = _cut_stack(redacted(value)) if name in _STACKS else cut_text(value)
        elif type(value) not in _PLAIN and name not in _OUR_OWN:
            event[name] = _cut(value, MAX_DEPTH)


def _cut(value: Any, depth: int) -> Any:
    match value:
        case str():
            return cut_text(value)
        case None | bool() | int() | float():
            return value
        case dict() if depth:
            return {cut_text(str(key)): _cut(each, depth - 1) for key, each in list(value.items())[:MAX_ITEMS]}
        case list() | tuple() | set() | frozenset() if depth:
            return [_cut(each, depth - 1) for each in list(value)[:MAX_ITEMS]]
    return cut_text(described(value))


def described(value: Any) -> str:
    """Its repr, or that it has none."""
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001 - it may be any object
        return f"<{type(value).__name__} whose repr raises {type(error).__name__}>"


def cut_text(text: str) -> str:
    text = redacted(text)
    if len(text) > MAX_CHARACTERS:
        text = f"{text[: MAX_CHARACTERS - 1]}…"
    return text if text.isprintable() else "".join(map(_printable, text))


def _cut_stack(stack: str) -> str:
    """Its end says most."""
    if len(stack) > MAX_STACK_CHARACTERS:
        stack = f"{stack[:1_000]}\n…\n{stack[1_000 - MAX_STACK_CHARACTERS :]}"
    return "\n".join(line if line.isprintable() else "".join(map(_printable, line)) for line in stack.split("\n"))


def _printable(character: str) -> str:
    return character if character.isprintable() else repr(character)[1:-1]


def timestamp() -> str:
    """Of now, as structlog's."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


class _Kind(NamedTuple):
    """Lines that are counted together."""

    level: int
    event: str
    address: str | None
    is_refusal: bool

    @property
    def limit(self) -> int:
        return REFUSALS_PER_MINUTE if self.is_refusal else LINES_PER_MINUTE


class LineLimiter:
    """`now` is in seconds, on the monotonic clock."""

    def __init__(self, now: float) -> None:
        self._minute_ends = now + MINUTE_SECONDS
        self._tally = KeyedTally(_others_of)
        self._levels: dict[_Kind, str] = {}
        self._has_left_out = False

    def passed(self, entries: Iterable[Entry], now: float) -> list[Entry]:
        """The lines to write; first, where a minute is over, what was left out in it."""
        told = list(self.left_out(now)) if now >= self._minute_ends else []
        return told + [entry for entry in entries if self._passes(entry)]

    def seconds_left(self, now: float) -> float | None:
        """Until there is something to tell, if there is."""
        return max(0.0, self._minute_ends - now) if self._has_left_out else None

    def left_out(self, now: float) -> Iterator[Entry]:
        """Ends the minute."""
        self._minute_ends, self._has_left_out = now + MINUTE_SECONDS, False
        for kind, count in self._tally.take().items():
            if (times := count - kind.limit) > 0:
                address = {} if kind.address is None else {"client_address": kind.address}
                first = {"timestamp": timestamp(), "level": self._levels[kind], "event": kind.event}
                yield kind.level, {**first, **address, "times": times}
        self._levels.clear()

    def _passes(self, entry: Entry) -> bool:
        if (kind := _kind_of(entry)) is None:
            return True
        kind, count = self._tally.add(kind)
        if count <= kind.limit:
            return True
        self._levels[kind] = entry[1]["level"]
        self._has_left_out = True
        return False


def _kind_of(entry: Entry) -> _Kind | None:
    """None for what no stranger can repeat at will. Of other libraries' records only warnings and errors are limited.

    uvicorn's do not tell whom they are about.
    """
    level, event = entry
    name, address, status = _name_of(event), event.get("client_address"), event.get("status")
    is_refusal = level >= _WARNING or (isinstance(status, int) and status >= _ERROR_STATUS)
    if isinstance(address, str):
        return _Kind(level, name, site_of(address[:MAX_CHARACTERS]), is_refusal)
    return _Kind(level, name, None, is_refusal) if "logger" in event and is_refusal else None


def _name_of(event: Event) -> str:
    name = event["event"]
    return name[:MAX_CHARACTERS] if isinstance(name, str) else described(name)[:MAX_CHARACTERS]


def _others_of(kind: _Kind) -> _Kind:
    return kind._replace(event=OTHERS) if kind.address is None else kind._replace(address=OTHERS)
