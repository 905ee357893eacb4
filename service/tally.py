"""What may happen thousands of times a second is counted: logged at once, and then once a minute; or by many keys."""

import asyncio
import contextvars
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

import structlog

log = structlog.get_logger()

INTERVAL_SECONDS = 60.0
MAX_KEYS = 1_000
OTHERS = "others"

Key = TypeVar("Key", bound=Hashable)


class Tally:
    def __init__(self, event: str, **fields: Any) -> None:
        self._event = event
        self._fields = fields
        self._latest: dict[str, Any] = {}
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None

    def add(self, **latest: Any) -> None:
        """`latest` is what the next line tells of this time, unless another comes before."""
        self._latest = latest
        self._count += 1
        if self._timer is None:
            self._tell()

    def _tell(self) -> None:
        """In an empty context: it is about more than the connection of the last time."""
        self._timer = None
        if self._count:
            contextvars.Context().run(log.warning, self._event, times=self._count, **self._fields, **self._latest)
            self._count = 0
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(INTERVAL_SECONDS, self._tell, context=contextvars.Context())


class KeyedTally(Generic[Key]):
    """Counts up to MAX_KEYS keys, and beyond them what `others_of` makes of a key: these are to be few."""

    def __init__(self, others_of: Callable[[Key], Key]) -> None:
        self._others_of = others_of
        self._counts: dict[Key, int] = {}

    def add(self, key: Key) -> tuple[Key, int]:
        """Returns the key that it was counted by, and how often that was, this time included."""
        if key not in self._counts and len(self._counts) >= MAX_KEYS:
            key = self._others_of(key)
        count = self._counts[key] = self._counts.get(key, 0) + 1
        return key, count

    def take(self) -> dict[Key, int]:
        """All counts; then it begins anew."""
        counts, self._counts = self._counts, {}
        return counts
