"""The supervisor: heartbeats, and the end of idle sessions."""

import asyncio
import time
from dataclasses import dataclass, field

import structlog

from service.chat import close_codes
from service.chat.messages import now_ms
from service.chat.server_messages import Heartbeat
from service.chat.session import Session
from service.chat.session_registry import SessionRegistry
from service.tasks import Tasks

log = structlog.get_logger()

SWEEPS_PER_INTERVAL = 10
BATCH = 50


@dataclass(frozen=True, slots=True)
class Supervisor:
    """Sends a heartbeat after `interval` seconds without activity, closes after `timeout` without a message received.

    It sweeps several times an interval: that spreads the load, and keeps the gaps below the minute after which routers
    close a connection.
    """

    sessions: SessionRegistry
    interval: float
    timeout: float
    _sending: Tasks = field(default_factory=Tasks)

    async def run(self) -> None:
        """Until cancelled. An error in one sweep is logged, and the next one goes on."""
        try:
            while True:
                await asyncio.sleep(self.interval / SWEEPS_PER_INTERVAL)
                try:
                    await self._sweep()
                except Exception:
                    log.exception("heartbeat.failed")
        finally:
            await self._sending.finish(within=0)

    async def _sweep(self) -> None:
        for number, session in enumerate(self.sessions.idle_since(time.monotonic() - self.interval), 1):
            self._check(session)
            if number % BATCH == 0:
                await asyncio.sleep(0)  # lets answers through

    def _check(self, session: Session) -> None:
        """Sends in a task each, so that none delays the others. A client that waits for an answer is not idle."""
        now = time.monotonic()
        if session.is_busy:
            session.last_received = now
        if now - session.last_received > self.timeout:
            self._sending.spawn(session.close(close_codes.IDLE))
            self.sessions.remove(session)
            return
        self.sessions.record_sent(session)
        self._sending.spawn(session.send(Heartbeat(now_ms())))
