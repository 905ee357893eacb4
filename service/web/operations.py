"""/health: what an operator's tools ask."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from service import __version__
from service.web.replies import ok


def routes(mode: str, count: Callable[[], dict[str, int]]) -> list[Route]:
    """`count` tells how many of what is alive now."""

    async def health(request: Request) -> Response:
        return ok({"status": "up", "version": __version__, "mode": mode, **count()}, {"Cache-Control": "no-store"})

    return [Route("/health", health)]
