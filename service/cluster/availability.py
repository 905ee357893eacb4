"""Whether Redis is there, as far as this process knows."""

import asyncio
import time
from typing import Any

import structlog

log = structlog.get_logger()

SETTLE_SECONDS = 6.0
"""So long after Redis was away, others may still be about to store again what it has lost."""


class Availability:
    """Losing Redis, and finding it again, is logged once each.

    There are two connections to it: what the one has heard of an earlier `epoch`, before the other lost Redis or found
    it again, says nothing about now.
    """

    def __init__(self) -> None:
        self.epoch = 0
        self._connected = asyncio.Event()
        self._was_connected = self._is_lost_logged = False
        self._unsettled_until = float("-inf")

    @property
    def is_connected(self) -> bool:
        return self._connected.is_set()

    @property
    def is_settled(self) -> bool:
        """What Redis does not know now, it is not about to be told."""
        return time.monotonic() >= self._unsettled_until

    async def wait_connected(self) -> None:
        await self._connected.wait()

    def lose(self, error: Exception) -> None:
        self.epoch += self.is_connected
        self._connected.clear()
        if not self._is_lost_logged:
            self._is_lost_logged = True
            lost = "answers cannot be resumed, joined or stopped through another process"
            log.error("redis.lost", error=f"{type(error).__name__}: {error}", lost=lost)

    def regain(self, **counts: Any) -> None:
        """It is there, but may know nothing of before."""
        if self._was_connected:
            self._unsettled_until = time.monotonic() + SETTLE_SECONDS
        self.epoch += not self.is_connected
        self._was_connected = True
        self._connected.set()
        if self._is_lost_logged:
            log.info("redis.back", **counts)
        self._is_lost_logged = False
