"""/openapi.json and /asyncapi.json."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from service.web.asyncapi import asyncapi
from service.web.openapi import openapi

_HEADERS = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff", "Access-Control-Allow-Origin": "*"}
"""Tools on other pages may read them: they hold what is in this repository, and nothing of this service's settings."""


def routes() -> list[Route]:
    return [Route("/openapi.json", _openapi), Route("/asyncapi.json", _asyncapi)]


async def _openapi(request: Request) -> Response:
    return JSONResponse(openapi(), headers=_HEADERS)


async def _asyncapi(request: Request) -> Response:
    return JSONResponse(asyncapi(), headers=_HEADERS)
