"""/health and /ready."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from service import __version__
from service.answers.base import Failure
from service.result_codes import ResultCode
from service.web.responses import UNCACHED, fail, ok

READY_FOR_SECONDS = 5


@dataclass(kw_only=True)
class Health:
    """`counts` are for /health. `check` is the source's; with `degrades` the service is ready without its source.

    `is_closing`: new questions are refused, since the service is about to end.
    """

    mode: str
    counts: Callable[[], dict[str, Any]]
    check: Callable[[], Awaitable[Failure | None]]
    is_closing: Callable[[], bool]
    degrades: bool
    _checking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _failure: Failure | None = None
    _checked_at: float = -float(READY_FOR_SECONDS)

    def routes(self) -> list[Route]:
        return [Route("/health", self.health), Route("/ready", self.ready)]

    async def health(self, request: Request) -> Response:
        data: dict[str, Any] = {"status": "up", "version": __version__, "mode": self.mode, **self.counts()}
        return ok(data, UNCACHED)

    async def ready(self, request: Request) -> Response:
        """Whether questions get answers. The source is checked every READY_FOR_SECONDS at most."""
        if self.is_closing():
            return fail(ResultCode.UNAVAILABLE, "The service is restarting.", UNCACHED)
        async with self._checking:
            if time.monotonic() - self._checked_at >= READY_FOR_SECONDS:
                self._failure = await self.check()
                self._checked_at = time.monotonic()
        failure = self._failure
        if failure is not None and not self.degrades:
            return fail(ResultCode.UNAVAILABLE, f"{failure.reason}: {failure.cause}", UNCACHED)
        trouble = failure and {"reason": failure.reason, "cause": failure.cause}
        return ok({"status": "ready", "mode": self.mode, "trouble": trouble}, UNCACHED)
