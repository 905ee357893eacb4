"""/ready: whether questions get answers, and what it looks like where they come from."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from service.answers.base import Failure
from service.open_files import sockets
from service.result_codes import ResultCode
from service.web.health import Vitals
from service.web.operator_tokens import carries
from service.web.responses import UNCACHED, Reply, fail, ok

READY_FOR_SECONDS = 5

ADVICE = {
    ("dify", "failing"): "See `trouble`; python -m service check says more.",
    ("redis", "down"): "Is REDIS_URL right, and Redis up? Until then each process goes on alone.",
    ("breaker", "open"): "Dify failed DIFY_BREAKER_FAILURES times in a row, and rests for DIFY_BREAKER_REST seconds.",
    ("breaker", "half_open"): "The next question probes Dify.",
    ("sockets", "full"): "Raise the limit of open files (ulimit -n), or start more processes.",
    ("drain", "draining"): "The service was told to end; start it anew, or ask another process.",
}


@dataclass(kw_only=True)
class Readiness:
    """`check` is the source's; with `degrades` the service is ready without its source.

    Whoever has one of the `tokens` hears since when, and what to do about it.
    """

    mode: str
    check: Callable[[], Awaitable[Failure | None]]
    degrades: bool
    vitals: Vitals
    tokens: tuple[str, ...]
    _checking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _failure: Failure | None = None
    _checked_at: float = -float(READY_FOR_SECONDS)
    _seen: dict[str, tuple[str, int]] = field(default_factory=dict)

    def routes(self) -> list[Route]:
        return [Route("/ready", self.ready)]

    async def ready(self, request: Request) -> Response:
        """Whether questions get answers. The source is checked every READY_FOR_SECONDS at most."""
        if not self.vitals.is_closing():
            await self._check_source()
        states = self._look()
        data: dict[str, Any] = {"status": "ready", "mode": self.mode, "trouble": self._trouble(), "checks": states}
        if carries(request, *self.tokens):
            data["details"] = {name: self._detail(name, state) for name, state in states.items()}
        return self._reply(states, data)

    def _reply(self, states: dict[str, str], data: dict[str, Any]) -> Reply:
        if (why := self._hindrance(states)) is None:
            return ok(data, UNCACHED)
        return fail(ResultCode.UNAVAILABLE, why, UNCACHED, data | {"status": "not_ready"})

    def _hindrance(self, states: dict[str, str]) -> str | None:
        """Why questions get no answers, if so. While the breaker is half open, one of them has to come."""
        if states["drain"] == "draining":
            return "The service is restarting."
        if states["sockets"] == "full":
            return "sockets: As many connections are open as may be."
        if self._failure is not None and not self.degrades:
            return f"{self._failure.reason}: {self._failure.cause}"
        if states["breaker"] == "open" and not self.degrades:
            return "breaker: Dify has failed too often, and is not asked for a while."
        return None

    async def _check_source(self) -> None:
        async with self._checking:
            if time.monotonic() - self._checked_at >= READY_FOR_SECONDS:
                self._failure = await self.check()
                self._checked_at = time.monotonic()

    def _look(self) -> dict[str, str]:
        redis = self.vitals.redis()
        states = {
            "dify": "unused" if self.vitals.breaker is None else "up" if self._failure is None else "failing",
            "redis": "unused" if redis is None else "up" if redis.is_up else "down",
            "breaker": "unused" if self.vitals.breaker is None else self.vitals.breaker.state,
            "sockets": "full" if sockets.are_full else "free",
            "drain": "draining" if self.vitals.is_closing() else "none",
        }
        now_ms = time.time_ns() // 1_000_000
        self._seen |= {it: (state, now_ms) for it, state in states.items() if self._is_new(it, state)}
        return states

    def _is_new(self, name: str, state: str) -> bool:
        return name not in self._seen or self._seen[name][0] != state

    def _trouble(self) -> dict[str, str] | None:
        failure = self._failure
        return None if failure is None else {"reason": failure.reason, "cause": failure.cause}

    def _detail(self, name: str, state: str) -> dict[str, Any]:
        """`since` is when it was first seen so, in Unix milliseconds."""
        return {"since": self._seen[name][1], "advice": ADVICE.get((name, state))}
