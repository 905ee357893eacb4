"""The envelope of JSON replies and errors: {"code", "message", "data"}."""

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from service.result_codes import ResultCode

UNCACHED = {"Cache-Control": "no-store"}


class Reply(Response):
    media_type = "application/json"

    def __init__(
        self, code: ResultCode, message: str, data: Any = None, headers: Mapping[str, str] | None = None
    ) -> None:
        body = msgspec.json.encode({"code": code, "message": message, "data": data})
        super().__init__(body, code.status, headers)


def ok(data: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(ResultCode.SUCCESS, ResultCode.SUCCESS.phrase, data, headers)


def fail(code: ResultCode, message: str = "", headers: Mapping[str, str] | None = None, data: Any = None) -> Reply:
    """`message` replaces the phrase of the code."""
    return Reply(code, message or code.phrase, data, headers)


async def on_http_error(request: Request, error: Any) -> Reply:
    """Starlette's own errors: no such path, wrong method and the like."""
    return fail(ResultCode.of_status(error.status_code), headers=error.headers)


async def on_fault(request: Request, error: Exception) -> Reply:
    """Of this service. uvicorn logs the stack."""
    return fail(ResultCode.SERVER_ERROR)
