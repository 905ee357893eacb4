"""Drain: before the service ends, running answers are finished, and clients are closed a few at a time."""

import asyncio
import random
from dataclasses import dataclass

import structlog

from service.chat import close_codes
from service.chat.messages import System
from service.chat.session import Session
from service.chat.session_registry import SessionRegistry
from service.chat.turn_registry import TurnRegistry
from service.tasks import Tasks

log = structlog.get_logger()

CLOSES_PER_SECOND = 500
CLOSE_TIMEOUT_SECONDS = 1
FIRST_RETRY_SECONDS = 1
MIN_SPREAD_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Drain:
    """Idle clients are closed at once, others when they have their answers, at most for `timeout` seconds.

    What is still being written then ends as incomplete. `retry_after` is spread, so that not all come back at once.
    """

    sessions: SessionRegistry
    turns: TurnRegistry
    timeout: float

    async def run(self) -> None:
        """Returns when all clients are closed, or the time is over."""
        log.info("drain.started", connections=len(self.sessions), turns=len(self.turns))
        self.turns.stop_accepting()
        tasks = Tasks()
        closing = tasks.spawn(self._close_all(tasks))
        await asyncio.wait([closing], timeout=self.timeout)
        log.info("drain.finished", connections=len(self.sessions), turns=len(self.turns))
        self.turns.abort()
        await tasks.finish(within=CLOSE_TIMEOUT_SECONDS)

    async def _close_all(self, tasks: Tasks) -> None:
        sessions = sorted(self.sessions, key=lambda session: not session.is_busy)
        spread = len(sessions) / CLOSES_PER_SECOND
        closing = []
        for session in sessions:
            closing.append(tasks.spawn(self._close(session, spread)))
            if not session.is_busy:
                await asyncio.sleep(min(1 / CLOSES_PER_SECOND, self.timeout / 2 / len(sessions)))
        await asyncio.gather(*closing, self.turns.wait_ended())

    async def _close(self, session: Session, spread: float) -> None:
        retry_after = FIRST_RETRY_SECONDS + random.uniform(0, max(spread, MIN_SPREAD_SECONDS))  # noqa: S311 - jitter
        await session.send(System(close_codes.RESTARTING.reason, retry_after=round(retry_after * 1000)))
        await session.wait_answered()
        await session.close(close_codes.RESTARTING)
