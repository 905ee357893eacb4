"""aiohttp's connections, with a cheaper read."""

from functools import partial
from typing import Any

from aiohttp import TCPConnector
from aiohttp.client_proto import ResponseHandler


class ResponseProtocol(ResponseHandler):
    """aiohttp 3.14 resumes with each piece that is taken from its buffer, and each time it has the parser read nothing.

    That is a tenth of what an answer costs.
    """

    def resume_reading(self, resume_parser: bool = True) -> None:  # noqa: FBT001, FBT002 - aiohttp's
        if self._reading_paused:
            super().resume_reading(resume_parser)


class Connector(TCPConnector):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._factory = partial(ResponseProtocol, loop=self._loop)  # type: ignore[assignment]
