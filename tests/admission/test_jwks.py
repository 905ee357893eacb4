"""The keys of an identity provider, from a real server."""

import asyncio

import jwt
import pytest
from aiohttp import web

from service.admission import jwks
from service.admission.authentication import Unauthenticated
from service.admission.jwks import Jwks
from tests.conftest import logged
from tests.forward_proxy import ForwardProxy
from tests.tls import certificate
from tests.tokens import Provider, key_set

FIRST, SECOND = Provider("k1"), Provider("k2", "ES256")


class Server:
    """What it answers may change between requests; `released` lets it answer."""

    def __init__(self):
        self.body, self.status, self.headers = key_set(FIRST.jwk), 200, {}
        self.requests = 0
        self.released = asyncio.Event()
        self.released.set()

    async def answer(self, request):
        self.requests += 1
        await self.released.wait()
        return web.Response(body=self.body, status=self.status, headers=self.headers)


@pytest.fixture
async def provider(aiohttp_server):
    server = Server()
    app = web.Application()
    app.router.add_get("/{path:.*}", server.answer)
    server.url = str((await aiohttp_server(app)).make_url("/keys"))
    yield server
    server.released.set()


@pytest.fixture
async def keys(provider):
    keys = Jwks(provider.url)
    yield keys
    await keys.close()


@pytest.fixture
def clock(monkeypatch):
    """Seconds to add to the time."""

    class Clock:
        ahead = 0

        def monotonic(self):
            return asyncio.get_running_loop().time() + self.ahead

    clock = Clock()
    monkeypatch.setattr(jwks, "time", clock)
    return clock


async def refused(keys, words, algorithm="RS256", kid="k1"):
    with pytest.raises(Unauthenticated, match=words):
        await keys.find(algorithm, kid)


async def is_known(keys, one):
    key = await keys.find(one.algorithm, one.kid)
    return jwt.decode(one.token(), key, [one.algorithm], audience="chat")["sub"] == "ana"


async def test_keys_are_fetched_once_and_kept(keys, provider):
    assert all([await is_known(keys, FIRST) for _ in range(10)])
    assert provider.requests == 1


async def test_requests_at_once_share_one_fetch(keys, provider):
    provider.released.clear()
    asking = [asyncio.create_task(is_known(keys, FIRST)) for _ in range(20)]
    left = asyncio.create_task(is_known(keys, FIRST))
    await asyncio.sleep(0)
    left.cancel()  # one who goes takes nothing from the others
    provider.released.set()
    assert all(await asyncio.gather(*asking))
    assert provider.requests == 1


async def test_a_new_key_is_found_and_the_old_one_forgotten(keys, provider, clock):
    assert await is_known(keys, FIRST)
    provider.body = key_set(SECOND.jwk)
    clock.ahead += jwks.PAUSE_SECONDS
    assert await is_known(keys, SECOND)
    await refused(keys, "token_invalid: no key")


async def test_unknown_keys_are_asked_for_once_a_minute_at_most(keys, provider, clock):
    assert await is_known(keys, FIRST)
    for number in range(50):
        await refused(keys, "token_invalid: no key", kid=f"../../{number}")
    assert provider.requests == 1
    clock.ahead += jwks.PAUSE_SECONDS
    for number in range(50):
        await refused(keys, "token_invalid: no key", kid=f"../../{number}")
    assert provider.requests == 2


async def test_keys_are_refreshed_while_the_old_ones_are_used(keys, provider, clock):
    assert await is_known(keys, FIRST)
    provider.body = key_set(SECOND.jwk)
    provider.released.clear()
    clock.ahead += jwks.LIFETIME_SECONDS + 1
    assert await is_known(keys, FIRST)
    provider.released.set()
    assert await is_known(keys, SECOND)
    await refused(keys, "token_invalid: no key")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"status": 500}, "HTTP status 500"),
        ({"status": 302, "headers": {"Location": "/elsewhere"}}, "HTTP status 302"),
        ({"body": b"<html>Log in"}, "not JSON"),
        ({"body": b""}, "not JSON"),
        ({"body": b'{"keys": []}'}, "no key"),
        ({"body": b" " * (jwks.MAX_BYTES + 1)}, "larger than"),
        ({"headers": {"Content-Encoding": "gzip"}}, "content-encoding"),
    ],
)
async def test_a_provider_that_fails_keeps_its_last_keys_and_is_logged_once(
    keys, provider, clock, events, changes, words
):
    assert await is_known(keys, FIRST)
    good = dict(vars(provider))
    vars(provider).update(changes)
    for _ in range(3):
        clock.ahead += jwks.PAUSE_SECONDS
        await refused(keys, "token_invalid", kid="k2")
        assert await is_known(keys, FIRST)
    (failure,) = logged(events, "auth.keys_not_read")
    assert words in failure["error"]
    assert failure["kept"] == 1
    vars(provider).update(good, body=key_set(FIRST.jwk, SECOND.jwk), requests=0)
    clock.ahead += jwks.PAUSE_SECONDS
    assert await is_known(keys, SECOND)


async def test_a_slow_provider_is_not_waited_for_for_long(keys, provider, events, monkeypatch):
    monkeypatch.setattr(jwks, "FETCH_TIMEOUT_SECONDS", 0.05)
    provider.released.clear()
    await refused(keys, "auth_unavailable")
    assert "Timeout" in logged(events, "auth.keys_not_read")[0]["error"]


async def test_without_any_keys_it_is_tried_again_soon(keys, provider, clock):
    provider.status = 503
    for _ in range(5):
        await refused(keys, "auth_unavailable")
    assert provider.requests == 1
    provider.status = 200
    clock.ahead += jwks.PAUSE_WITHOUT_KEYS_SECONDS
    assert await is_known(keys, FIRST)


async def test_a_provider_that_is_down_is_said_so(events, unused_tcp_port):
    keys = Jwks(f"http://127.0.0.1:{unused_tcp_port}/keys")
    await refused(keys, "auth_unavailable")
    assert "ClientConnectorError" in logged(events, "auth.keys_not_read")[0]["error"]
    await keys.close()


async def test_a_token_that_names_no_key_is_of_the_only_one(keys, provider, clock):
    assert await keys.find("RS256", None) is await keys.find("RS256", "k1")
    provider.body = key_set(FIRST.jwk, Provider("k3").jwk)
    clock.ahead += jwks.PAUSE_SECONDS
    await keys.refresh()
    await refused(keys, "several keys fit", kid=None)


async def test_keys_come_through_the_proxy_of_the_environment(aiohttp_server, monkeypatch, tmp_path):
    context, path = certificate(tmp_path, ["login.example.com"])
    provider, app = Server(), web.Application()
    app.router.add_get("/{path:.*}", provider.answer)
    proxy = ForwardProxy((await aiohttp_server(app, ssl=context)).port)
    listening = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}")
    monkeypatch.setenv("NO_PROXY", "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    assert len(await Jwks("https://login.example.com/keys").download()) == 1
    assert proxy.asked[0].startswith("CONNECT login.example.com:443")
    listening.close()
    await listening.wait_closed()
