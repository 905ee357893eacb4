"""The supervisor: one task that sweeps idle sessions."""

import asyncio
import time

import structlog

from service.chat import close_codes, messages
from service.chat.messages import Heartbeat
from service.chat.session import Session
from service.chat.session_registry import SessionRegistry
from service.tasks import Tasks

log = structlog.get_logger()

LOOKS_PER_INTERVAL = 10
BATCH = 50


class Supervisor:
    """Sends a heartbeat to who has been silent for `interval` seconds, and closes who has been for `timeout`.

    It looks several times an interval, each time at those who are due: the load is spread, and the gap between two
    signs of life stays below the minute after which routers cut a connection.
    """

    def __init__(self, sessions: SessionRegistry, interval: float, timeout: float) -> None:
        self._sessions = sessions
        self._interval = interval
        self._timeout = timeout
        self._sending = Tasks()

    async def run(self) -> None:
        """Sweep until cancelled; no fault of one sweep ends the next."""
        try:
            while True:
                await asyncio.sleep(self._interval / LOOKS_PER_INTERVAL)
                try:
                    await self._sweep()
                except Exception:
                    log.exception("heartbeat.failed")
        finally:
            await self._sending.finish(within=0)

    async def _sweep(self) -> None:
        for number, session in enumerate(self._sessions.idle_since(time.monotonic() - self._interval), 1):
            self._check(session)
            if number % BATCH == 0:
                await asyncio.sleep(0)  # let answers through

    def _check(self, session: Session) -> None:
        """A task each, so that one who cannot be written to holds up nobody."""
        now = time.monotonic()
        if session.is_busy:
            session.last_received = now
        if now - session.last_received > self._timeout:
            self._sending.spawn(session.close(close_codes.IDLE))
            self._sessions.remove(session)
            return
        self._sessions.record_sent(session)
        self._sending.spawn(session.send(Heartbeat(messages.now())))
