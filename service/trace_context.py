"""W3C Trace Context: the trace that a request belongs to, handed on to what is called for it."""

import random
import re
from collections.abc import Collection
from contextvars import ContextVar
from typing import NamedTuple

HEADER = "traceparent"
_VERSION_00 = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?\Z")
_INVALID_VERSION = "ff"


class Trace(NamedTuple):
    """`flags` are two hexadecimal digits; whether it is sampled is among them."""

    id: str
    flags: str


current: ContextVar[Trace | None] = ContextVar("trace", default=None)
"""Of the request or connection; tasks begun for it inherit it."""


def trace_of(headers: Collection[tuple[bytes, bytes]]) -> Trace | None:
    """None without a header, or with one that is not valid, or with several (3.2.2 and 4.3)."""
    values = [value for name, value in headers if name == b"traceparent"]
    return _parsed(values[0].decode("latin-1").strip(" \t")) if len(values) == 1 else None


def _parsed(value: str) -> Trace | None:
    """Of a later version, which may have more at its end, what version 00 knows."""
    if (match := _VERSION_00.match(value)) is None:
        return None
    version, trace_id, parent_id, flags, more = match.groups()
    if version == _INVALID_VERSION or (version == "00" and more) or not int(trace_id, 16) or not int(parent_id, 16):
        return None
    return Trace(trace_id, flags)


def outgoing_headers() -> dict[str, str]:
    """Of one call: the same trace, and a parent id of its own. Empty where there is no trace."""
    if (trace := current.get()) is None:
        return {}
    parent_id = f"{random.getrandbits(64) or 1:016x}"
    return {HEADER: f"00-{trace.id}-{parent_id}-{trace.flags}"}
