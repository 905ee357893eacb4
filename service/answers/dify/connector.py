"""aiohttp's connections to Dify, with a cheaper read."""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from aiohttp.client_proto import ResponseHandler

from service.outbound import tls_context

KEEP_ALIVE_SECONDS = 30


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


class Endpoint(NamedTuple):
    """A server, and the way to it: `proxy` is a URL, or empty; the timeouts are seconds."""

    url: str
    connect_timeout: float
    idle_timeout: float
    proxy: str = ""


def open_session(endpoint: Endpoint, headers: Mapping[str, str]) -> ClientSession:
    """Needs a running event loop.

    Cookies are not kept: all users share the session, and one of a load balancer would lead all of them to one replica.
    """
    is_tls = "https" in {urlsplit(endpoint.url).scheme, urlsplit(endpoint.proxy).scheme}
    return ClientSession(
        headers=headers,
        connector=Connector(
            limit=0,  # which would queue silently
            keepalive_timeout=KEEP_ALIVE_SECONDS,
            ssl=tls_context() if is_tls else True,
        ),
        cookie_jar=DummyCookieJar(),
        timeout=ClientTimeout(total=None, connect=endpoint.connect_timeout, sock_read=endpoint.idle_timeout),
        proxy=endpoint.proxy or None,
    )
