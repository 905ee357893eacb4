"""What is in the scope of each request and connection, as the routes see it."""

import pytest

from service.admission.addresses import Networks
from service.admission.proxy_headers import ADDRESS, PEER, ProxyHeaders
from tests.conftest import logged

CLAIMED = [(b"x-forwarded-for", b"198.51.100.1, 203.0.113.7"), (b"x-forwarded-proto", b"https")]


async def seen(*trusted, client=("127.0.0.1", 4711), headers=CLAIMED, kind="http"):
    async def app(scope, receive, send):
        pass

    scope = {"type": kind, "client": client, "headers": headers, "scheme": "http" if kind == "http" else "ws"}
    await ProxyHeaders(app, Networks(trusted))(scope, None, None)
    return scope


async def test_of_a_trusted_proxy_all_is_believed_and_the_peer_stays_known():
    scope = await seen("127.0.0.1")
    assert (scope["client"], scope[ADDRESS], scope[PEER]) == (("203.0.113.7", 0), "203.0.113.7", "127.0.0.1")
    assert scope["scheme"] == "https"


async def test_a_proxy_on_the_same_host_tells_the_scheme_only_unless_it_is_trusted():
    scope = await seen()
    assert (scope["client"], scope[ADDRESS], scope[PEER]) == (("127.0.0.1", 4711), None, "127.0.0.1")
    assert scope["scheme"] == "https"


async def test_of_anybody_else_nothing_is_believed():
    scope = await seen("127.0.0.1", client=("192.0.2.9", 4711))
    assert (scope["client"], scope[ADDRESS], scope["scheme"]) == (("192.0.2.9", 4711), "192.0.2.9", "http")


@pytest.mark.parametrize(("value", "scheme"), [(b"https", "wss"), (b"wss", "wss"), (b"http", "ws"), (b"gopher", "ws")])
async def test_the_scheme_of_a_websocket_is_one(value, scheme):
    assert (await seen("*", headers=[(b"x-forwarded-proto", value)], kind="websocket"))["scheme"] == scheme


async def test_without_a_peer_nobody_is_counted():
    scope = await seen(client=None, headers=[])
    assert (scope["client"], scope[ADDRESS], scope[PEER]) == (None, None, "")


async def test_the_lifespan_passes():
    assert ADDRESS not in await seen(kind="lifespan")


async def test_headers_that_nobody_believes_are_told_once_with_the_setting_that_mends_it(events):
    async def app(scope, receive, send):
        pass

    guard = ProxyHeaders(app, Networks(()))
    for _ in range(3):
        await guard({"type": "http", "client": ("203.0.113.7", 1), "headers": CLAIMED, "scheme": "http"}, None, None)
    (told,) = logged(events, "proxy.not_trusted")
    assert told["log_level"] == "warning"
    assert "FORWARDED_ALLOW_IPS" in told["why"]


async def test_a_client_behind_a_proxy_is_logged_by_its_own_address_where_the_proxy_is_trusted(start, connect, events):
    for trusted, address in [((), "127.0.0.1"), (("127.0.0.1",), "203.0.113.7"), (("*",), "203.0.113.7")]:
        service = await start(forwarded_allow_ips=trusted)
        await connect(service, headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.7"})
        assert logged(events, "connection.opened")[-1]["client_address"] == address
