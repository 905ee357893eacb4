"""Emptying the house before it closes: a deploy loses no answer, and does not bring all clients back at once."""

import asyncio
import random

import structlog

from service.chat import close_codes
from service.chat.messages import System
from service.chat.session import Session
from service.chat.session_registry import SessionRegistry
from service.chat.turn_registry import TurnRegistry
from service.tasks import Tasks

log = structlog.get_logger()

CLOSES_PER_SECOND = 500
LAST_WORDS_SECONDS = 1
FIRST_RETRY_SECONDS = 1
MIN_SPREAD_SECONDS = 2


class Drain:
    """Sees all clients off: idle ones a few at a time, others when they have their answers.

    That may take `timeout` seconds; what is still being written then breaks off.
    """

    def __init__(self, sessions: SessionRegistry, turns: TurnRegistry, timeout: float) -> None:
        self._sessions = sessions
        self._turns = turns
        self._timeout = timeout

    async def run(self) -> None:
        """Returns when nobody is left, or the time is over."""
        log.info("drain.started", connections=len(self._sessions), turns=len(self._turns))
        self._turns.stop_accepting()
        tasks = Tasks()
        everybody = tasks.spawn(self._see_all_off(tasks))
        await asyncio.wait([everybody], timeout=self._timeout)
        log.info("drain.finished", connections=len(self._sessions), turns=len(self._turns))
        self._turns.abort()
        await tasks.finish(within=LAST_WORDS_SECONDS)

    async def _see_all_off(self, tasks: Tasks) -> None:
        sessions = sorted(self._sessions, key=lambda session: not session.is_busy)
        spread = len(sessions) / CLOSES_PER_SECOND
        leaving = []
        for session in sessions:
            leaving.append(tasks.spawn(self._see_off(session, spread)))
            if not session.is_busy:
                await asyncio.sleep(min(1 / CLOSES_PER_SECOND, self._timeout / 2 / len(sessions)))
        await asyncio.gather(*leaving, self._turns.wait_ended())

    async def _see_off(self, session: Session, spread: float) -> None:
        retry_after = FIRST_RETRY_SECONDS + random.uniform(0, max(spread, MIN_SPREAD_SECONDS))  # noqa: S311 - jitter
        await session.send(System(close_codes.RESTARTING.reason, retry_after=round(retry_after * 1000)))
        await session.wait_answered()
        await session.close(close_codes.RESTARTING)
