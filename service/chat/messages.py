"""What all messages are, in and out; /docs calls them frames. No I/O.

JSON text, tagged by `type`; unknown fields are ignored. Timestamps are Unix milliseconds, offsets Unicode code points.
"""

import re
import time

from msgspec import Struct

PROTOCOL = "1.0"
"""The frames' version, `major.minor`: a minor one only adds, and what a client of the same major does not know it may
ignore."""


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=.)([A-Z])", r"_\1", name).lower()


class Message(Struct, frozen=True, tag_field="type", tag=_snake_case):
    """The tag is the class name: ChatDelta is `chat_delta`."""


def now_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000
