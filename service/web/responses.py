"""The reply envelope: {"code", "message", "data"} on every JSON reply and every error."""

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from service.result_codes import ResultCode


class Reply(Response):
    """A JSON reply in the envelope; the HTTP status follows from the code."""

    media_type = "application/json"

    def __init__(
        self, code: ResultCode, message: str, data: Any = None, headers: Mapping[str, str] | None = None
    ) -> None:
        body = msgspec.json.encode({"code": code, "message": message, "data": data})
        super().__init__(body, code.status, headers)


def ok(data: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(ResultCode.SUCCESS, ResultCode.SUCCESS.phrase, data, headers)


def fail(code: ResultCode, message: str = "", headers: Mapping[str, str] | None = None, data: Any = None) -> Reply:
    """`message` says more than the code does by itself."""
    return Reply(code, message or code.phrase, data, headers)


async def on_http_error(request: Request, error: Exception) -> Reply:
    """The framework's own errors: no such path, wrong method and the like."""
    assert isinstance(error, HTTPException)  # noqa: S101 - for the type checker: Starlette calls us with nothing else
    return fail(ResultCode.of_status(error.status_code), headers=error.headers)


async def on_fault(request: Request, error: Exception) -> Reply:
    """A fault of ours. The stack goes to the log, by way of the server."""
    return fail(ResultCode.SERVER_ERROR)
