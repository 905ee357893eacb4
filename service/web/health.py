"""/health."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from service import __version__
from service.answers.resilience.circuit_breaker import CircuitBreaker
from service.chat.cluster import RedisState
from service.web.responses import UNCACHED, ok


class Vitals(NamedTuple):
    """What operators are told, read when they ask.

    `is_closing`: new questions are refused, since the service is about to end.
    """

    counts: Callable[[], dict[str, Any]]
    redis: Callable[[], RedisState | None]
    is_closing: Callable[[], bool]
    breaker: CircuitBreaker | None = None


@dataclass(frozen=True, kw_only=True)
class Health:
    """`worker` is the number of this process among those of WEB_CONCURRENCY."""

    mode: str
    worker: int
    counts: Callable[[], dict[str, Any]]

    def routes(self) -> list[Route]:
        return [Route("/health", self.health)]

    async def health(self, request: Request) -> Response:
        process = {"worker": self.worker, "pid": os.getpid()}
        data = {"status": "up", "version": __version__, "mode": self.mode, **process, **self.counts()}
        return ok(data, UNCACHED)
