"""An example of a route: what curl asks, and what it is told. No I/O."""

from typing import Any, NamedTuple

import msgspec

from service.answers.base import Failure
from service.result_codes import ResultCode

JSON = "application/json"
ROOT = "localhost:8000"


class Example(NamedTuple):
    """`curl` is a line of a shell. `reply` is JSON, or lines of a text; None where it is too much to show."""

    curl: str
    reply: Any = None
    status: int = 200
    media: str = JSON
    sent: Any = None

    @property
    def text(self) -> str:
        """Of the reply, as the page shows it."""
        if self.media.endswith("json") and self.reply is not None:
            return msgspec.json.format(msgspec.json.encode(self.reply), indent=2).decode()
        return self.reply or ""


class Examples(NamedTuple):
    success: Example
    failure: Example


def curl(path: str, *options: str) -> str:
    return " \\\n  ".join((f"curl {ROOT}{path}", *options))


def ok(path: str, *options: str, data: Any, sent: Any = None) -> Example:
    """`sent` goes as JSON."""
    code = ResultCode.SUCCESS
    return Example(curl(path, *options, *json_options(sent)), _envelope(code, code.phrase, data), sent=sent)


def fails(path: str, *options: str, code: ResultCode, message: str = "", data: Any = None, sent: Any = None) -> Example:
    line = curl(path, *options, *json_options(sent))
    return Example(line, _envelope(code, message or code.phrase, data), code.status, sent=sent)


def fails_by(failure: Failure, path: str, *options: str, sent: Any = None) -> Example:
    """What Dify's failures look like; in mock mode this is how to see one."""
    data = {"reason": failure.reason}
    return fails(path, *options, code=failure.code, message=failure.message, data=data, sent=sent)


def _envelope(code: ResultCode, message: str, data: Any) -> dict[str, Any]:
    return {"code": int(code), "message": message, "data": data}


def json_options(sent: Any) -> tuple[str, ...]:
    if sent is None:
        return ()
    return f'-H "Content-Type: {JSON}"', f"-d '{msgspec.json.format(msgspec.json.encode(sent), indent=0).decode()}'"


def wrong_method(path: str) -> Example:
    return fails(path, "-X DELETE", code=ResultCode.METHOD_NOT_ALLOWED)


def page(path: str, media: str = "text/html", file: str = "page.html") -> Examples:
    return Examples(Example(curl(path, f"-o {file}"), media=media), wrong_method(path))
