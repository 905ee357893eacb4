"""Drain: before the service ends, running answers are finished, and clients are closed a few at a time."""

import asyncio
import random
from collections.abc import Awaitable
from dataclasses import dataclass, field

import structlog

from service.admission.quotas import Refusal
from service.chat import close_codes
from service.chat.server_messages import System
from service.chat.session import Session
from service.chat.session_registry import SessionRegistry
from service.chat.turn_failures import RESTARTING
from service.chat.turn_registry import TurnRegistry
from service.in_flight import InFlight
from service.tasks import Tasks

log = structlog.get_logger()

CLOSES_PER_SECOND = 500
CLOSE_TIMEOUT_SECONDS = 1
FIRST_RETRY_SECONDS = 1
MIN_SPREAD_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Drain:
    """Idle clients are closed at once, others when they have their answers, at most for `timeout` seconds.

    So long may HTTP `requests` take, too. What is still under way then is cut off: answers end as incomplete.
    `handshakes` are refused at once. `retry_after` is spread, so that not all come back at once.
    """

    sessions: SessionRegistry
    turns: TurnRegistry
    timeout: float
    handshakes: InFlight = field(default_factory=InFlight)
    requests: InFlight = field(default_factory=InFlight)

    async def run(self, hurry: asyncio.Event | None = None) -> float:
        """Returns when all clients are closed, or the time is over, by `hurry` at once: with the seconds left."""
        deadline = asyncio.get_running_loop().time() + self.timeout
        log.info("drain.started", **self._counts())
        self.turns.stop_accepting()
        self.handshakes.abort()
        tasks = Tasks()
        closing = tasks.spawn(self._close_all(tasks))
        hurried = asyncio.create_task((hurry or asyncio.Event()).wait())
        await asyncio.wait([closing, hurried], timeout=self.timeout, return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
        log.info("drain.finished", **self._counts())
        self.turns.abort()
        self.requests.abort()
        await tasks.finish(within=CLOSE_TIMEOUT_SECONDS)
        return max(0.0, deadline - asyncio.get_running_loop().time())

    def _counts(self) -> dict[str, int]:
        return {"connections": len(self.sessions), "turns": len(self.turns), "requests": len(self.requests)}

    async def _close_all(self, tasks: Tasks) -> None:
        sessions = sorted(self.sessions, key=lambda session: not session.is_busy)
        spread = len(sessions) / CLOSES_PER_SECOND
        waiting: list[Awaitable[None]] = [
            tasks.spawn(wait()) for wait in (self.handshakes.wait_ended, self.requests.wait_ended)
        ]
        for session in sessions:
            waiting.append(tasks.spawn(self._close(session, spread)))
            if not session.is_busy:
                await asyncio.sleep(min(1 / CLOSES_PER_SECOND, self.timeout / 2 / len(sessions)))
        await asyncio.gather(*waiting, self.turns.wait_ended())

    async def _close(self, session: Session, spread: float) -> None:
        await session.send(restart_notice(spread))
        await session.wait_answered()
        await session.close(close_codes.RESTARTING, is_told=True)


def restart_notice(spread: float = MIN_SPREAD_SECONDS) -> System:
    """What a connection is told once; `spread` is over how many seconds clients come back."""
    return System(close_codes.RESTARTING.reason, retry_after=_retry_after(spread), reason=RESTARTING.reason)


def restart_refusal() -> Refusal:
    """Of what comes while the service drains."""
    return Refusal(RESTARTING.reason, close_codes.RESTARTING.reason, _retry_after())


def _retry_after(spread: float = MIN_SPREAD_SECONDS) -> int:
    """In milliseconds."""
    seconds = FIRST_RETRY_SECONDS + random.uniform(0, max(spread, MIN_SPREAD_SECONDS))  # noqa: S311 - jitter
    return round(seconds * 1000)
