"""Lines tell whose request or connection they are about."""

import structlog

from service.web.log_context import LogContext
from tests.conftest import logged


async def test_a_connection_s_lines_tell_its_address(start, connect, events):
    client = await connect(await start())
    await client.answer("Hi")
    for event in ("connection.opened", "turn.started", "turn.finished"):
        assert [line["client_address"] for line in logged(events, event)] == ["127.0.0.1"]


async def test_what_has_no_address_is_let_through():
    """The lifespan, and a Unix socket."""
    seen = []

    async def app(scope, _receive, _send):
        seen.append((scope["type"], structlog.contextvars.get_contextvars()))

    for scope in ({"type": "lifespan"}, {"type": "http", "client": None}):
        await LogContext(app)(scope, None, None)
    assert seen == [("lifespan", {}), ("http", {})]
