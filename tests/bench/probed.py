"""The service as it is, and a probe of its event loop: GET /stall tells by how many ms a timer was late at the most."""

import asyncio
import time

from starlette.responses import JSONResponse
from starlette.routing import Route

import service.__main__ as entry

TICK_SECONDS = 0.002


class Probe:
    """Looks at the clock every TICK_SECONDS, from its first question on."""

    def __init__(self):
        self._latest = 0
        self._due = None

    async def tell(self, request):
        stall, self._latest = self._latest, 0
        if self._due is None:
            self._wait()
        return JSONResponse({"stall_ms": stall * 1000})

    def _wait(self):
        self._due = time.monotonic() + TICK_SECONDS
        asyncio.get_running_loop().call_later(TICK_SECONDS, self._look)

    def _look(self):
        self._latest = max(self._latest, time.monotonic() - self._due)
        self._wait()


def create_app(settings, *, create=entry.create_app, **options):
    app = create(settings, **options)
    app.router.routes.insert(0, Route("/stall", Probe().tell))
    return app


if __name__ == "__main__":
    entry.create_app = create_app
    entry.main()
