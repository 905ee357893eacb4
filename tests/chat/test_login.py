"""Who may connect where users prove who they are, over real sockets."""

import asyncio

import pytest
from aiohttp import web

from service.admission import jwks, unauthenticated
from service.chat import close_codes, login
from tests.clients import deaf_client
from tests.conftest import eventually, logged
from tests.tokens import SECRET, Provider, bearer, key_set, token

UNAUTHENTICATED = close_codes.UNAUTHENTICATED.code


@pytest.fixture
async def service(start):
    return await start(auth_jwt_secret=SECRET)


@pytest.fixture
async def proxied(start):
    return await start(auth_header="X-Forwarded-User", auth_proxy_ips=("127.0.0.1",))


def subprotocols(text):
    return {"protocols": ["dify-live", f"bearer.{text}"]}


async def refused(http, service, path="/ws/chat", **options):
    """The HTTP status and the reason of a refused handshake."""
    key = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
           "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}  # fmt: skip
    headers = options.pop("headers", [])
    every = [*key.items(), *(headers.items() if isinstance(headers, dict) else headers)]
    async with http.get(f"{service.url}{path}", headers=every, **options) as reply:
        return reply.status, (await reply.json())["data"], reply.headers.get("WWW-Authenticate")


async def test_a_header_s_token_is_enough(service, connect):
    client = await connect(service, "/ws/chat/ward-7", headers=bearer())
    assert client.greeting["client_id"] == "ward-7"
    assert len(client.greeting["resume_token"]) == 32
    assert (await client.answer("Hello"))["status"] == "done"


async def test_a_subprotocol_s_token_is_enough_and_is_not_sent_back(service, connect):
    client = await connect(service, **subprotocols(token()))
    assert client.socket.protocol == "dify-live"
    assert (await client.answer("Hello"))["status"] == "done"


async def test_the_first_frame_s_token_is_enough(service, connect):
    client = await connect(service, "/ws/chat/ward-7")
    assert client.greeting["client_id"] == "ward-7"
    assert "resume_token" not in client.greeting
    await client.say({"type": "auth", "token": token()})
    greeting = await client.frame()
    assert (greeting["type"], greeting["client_id"], len(greeting["resume_token"])) == ("system", "ward-7", 32)
    assert (await client.answer("Hello"))["status"] == "done"


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        (bearer(lifetime=-60), "token_expired"),
        (bearer(key="another secret of more than thirty-two bytes"), "token_invalid"),
        ({"Authorization": "Bearer "}, "token_invalid"),
        ([*bearer("ana").items(), *bearer("ben").items()], "token_invalid"),
    ],
)
async def test_a_bad_header_is_answered_by_401(service, http, events, headers, reason):
    assert await refused(http, service, headers=headers) == (401, {"reason": reason}, "Bearer")
    assert logged(events, "token.refused")[0]["reason"] == reason


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (subprotocols(token(lifetime=-60)), "token_expired"),
        (subprotocols("a.b.c"), "token_invalid"),
        (subprotocols(token("ana")) | {"headers": bearer("ben")}, "token_invalid"),
    ],
)
async def test_a_page_hears_of_a_bad_token_by_the_close_code(service, connect, options, reason):
    client = await connect(service, **options)
    assert (client.greeting["type"], client.greeting["code"], client.greeting["reason"]) == ("error", 401, reason)
    assert await client.close_code() == UNAUTHENTICATED
    assert client.socket.protocol == "dify-live"


@pytest.mark.parametrize(("text", "reason"), [("a.b.c", "token_invalid"), (token(lifetime=-60), "token_expired")])
async def test_a_bad_first_frame_ends_the_connection(service, connect, text, reason):
    client = await connect(service)
    await client.say({"type": "auth", "token": text})
    assert (await client.frame())["reason"] == reason
    assert await client.close_code() == UNAUTHENTICATED


@pytest.mark.parametrize("path", ["/ws/chat?token=", "/ws/chat?access_token=", "/ws/chat?authorization=Bearer%20"])
async def test_an_address_carries_no_token_and_is_not_logged(service, connect, events, path):
    client = await connect(service, f"{path}{token()}")
    assert "resume_token" not in client.greeting
    assert token()[:30] not in str(events)


async def test_before_the_token_there_is_no_service_but_pongs(service, connect, events):
    client = await connect(service)
    await client.say({"type": "ping", "timestamp": 7})
    assert await client.frame() == {"type": "pong", "timestamp": 7}
    await client.say({"type": "ping"})
    assert (await client.frame())["timestamp"] > 1_700_000_000_000
    for frame in (
        {"type": "chat", "content": "Hi", "id": "q1"}, {"type": "resume", "token": "0" * 32}, {"type": "stop"},
        {"type": "form", "action": "yes", "continuation": "x"}, {"type": "other"}, "not JSON",
    ):  # fmt: skip
        await client.say(frame)
        error = await client.frame()
        assert (error["type"], error["code"], error["reason"]) == ("error", 401, "token_missing")
    assert logged(events, "turn.started") == []


async def test_an_error_names_the_turn_that_is_not_begun(service, connect):
    client = await connect(service)
    form = {"type": "form", "action": "yes", "id": "q1"}
    hi, empty = ({"type": "chat", "content": content, "id": "q1"} for content in ("Hi", ""))
    for frame, turn_id in ((hi, "q1"), (empty, "q1"), (form, "q1"), (form | {"turn_id": "q2"}, "q2")):
        await client.say(frame)
        assert (await client.frame())["id"] == turn_id


async def test_who_sends_no_token_is_closed(service, connect, monkeypatch):
    monkeypatch.setattr(login, "LOGIN_SECONDS", 0.1)
    client = await connect(service)
    assert (await client.frame())["reason"] == "token_missing"
    assert await client.close_code() == UNAUTHENTICATED


async def test_pings_buy_no_time(service, connect, monkeypatch):
    monkeypatch.setattr(login, "LOGIN_SECONDS", 0.2)
    client = await connect(service)
    closing = asyncio.create_task(client.close_code())
    while not closing.done():
        await client.say({"type": "ping", "timestamp": 1})
        await asyncio.sleep(0.01)
    assert await closing == UNAUTHENTICATED


async def test_who_leaves_before_its_token_leaves_nothing(service, connect, events):
    client = await connect(service)
    await client.leave()
    await connect(service, headers=bearer())
    assert logged(events, "token.refused") == []


async def test_who_has_proved_nothing_is_counted_apart_and_replaces_nobody(service, connect, http):
    known = await connect(service, "/ws/chat/ward-7", headers=bearer())
    await connect(service, "/ws/chat/ward-7")
    async with http.get(f"{service.url}/health") as reply:
        counts = (await reply.json())["data"]
        assert (counts["connections"], counts["unauthenticated"]) == (1, 1)
    assert (await known.answer("Still here?"))["status"] == "done"


async def test_only_a_few_may_wait_for_their_tokens(service, connect, monkeypatch):
    monkeypatch.setattr(unauthenticated, "MAX_IN_ALL", 2)
    silent, waiting = await connect(service), await connect(service)
    newcomer = await connect(service)
    assert (await silent.frame())["reason"] == "too_many_unauthenticated"
    assert await silent.close_code() == close_codes.TRY_AGAIN_LATER.code
    await connect(service, headers=bearer())  # who has a token needs no such place
    for client in (newcomer, waiting):
        await client.say({"type": "auth", "token": token()})
        assert "resume_token" in await client.frame()


async def test_who_logs_in_at_once_does_so_among_any_number_that_say_nothing(service, connect, monkeypatch):
    monkeypatch.setattr(unauthenticated, "MAX_IN_ALL", 3)
    for _ in range(9):
        await connect(service)
    client = await connect(service)
    await client.say({"type": "auth", "token": token()})
    assert "resume_token" in await client.frame()


async def test_one_address_takes_few_places_where_addresses_count(start, connect):
    service = await start(auth_jwt_secret=SECRET, forwarded_allow_ips=("127.0.0.1",))
    here, there = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "192.0.2.2"}
    others = await connect(service, headers=there)
    clients = [await connect(service, headers=here) for _ in range(unauthenticated.MAX_OF_ADDRESS + 1)]
    assert (await clients[0].frame())["reason"] == "too_many_unauthenticated"
    for client in (others, clients[1]):
        await client.say({"type": "auth", "token": token()})
        assert "resume_token" in await client.frame()


async def test_a_client_that_reads_nothing_is_cut_off(service, events, monkeypatch):
    monkeypatch.setattr(login, "LOGIN_SECONDS", 0.1)
    writer = await deaf_client(service.port)
    await eventually(lambda: logged(events, "token.refused"))
    writer.close()


async def test_a_provider_s_token_is_enough_and_its_next_key_is_found(
    start, connect, aiohttp_server, http, monkeypatch
):
    first, second = Provider("k1"), Provider("k2", "ES256")
    shown = [first.jwk]

    async def show(request):
        return web.Response(body=key_set(*shown))

    app = web.Application()
    app.router.add_get("/keys", show)
    url = str((await aiohttp_server(app)).make_url("/keys"))
    service = await start(auth_jwks_url=url, auth_jwt_audience="chat", auth_jwt_issuer="https://login.example.com")
    good = {"iss": "https://login.example.com"}
    client = await connect(service, headers={"Authorization": f"Bearer {first.token(**good)}"})
    assert (await client.answer("Hello"))["status"] == "done"
    for bad in ({"aud": "another app"}, {"iss": "https://elsewhere.example"}, {"aud": None}):
        headers = {"Authorization": f"Bearer {first.token(**good | bad)}"}
        assert (await refused(http, service, headers=headers))[:2] == (401, {"reason": "token_invalid"})
    shown[:] = [second.jwk]
    monkeypatch.setattr(jwks, "PAUSE_SECONDS", 0)
    client = await connect(service)
    await client.say({"type": "auth", "token": second.token(**good)})
    assert (await client.frame())["resume_token"]


async def test_while_keys_are_not_to_be_had_a_client_is_asked_to_come_back(start, connect, unused_tcp_port, http):
    url = f"http://127.0.0.1:{unused_tcp_port}/keys"
    service = await start(auth_jwks_url=url, auth_jwt_audience="chat")
    signed = token(headers={"kid": "k1"}, algorithm="HS256")
    assert (await refused(http, service, headers={"Authorization": f"Bearer {signed}"}))[0] == 401  # no secret signs
    rs256 = "eyJhbGciOiJSUzI1NiJ9.e30.AAAA"
    assert (await refused(http, service, headers={"Authorization": f"Bearer {rs256}"}))[:2] == (
        503,
        {"reason": "auth_unavailable"},
    )
    client = await connect(service, **subprotocols(rs256))
    assert (client.greeting["code"], client.greeting["reason"]) == (503, "auth_unavailable")
    assert await client.close_code() == 1013


async def test_a_service_that_restarts_takes_nobody_in_late(service, connect):
    client = await connect(service)
    closing = asyncio.create_task(client.close_code())
    await service.stop()
    assert await closing == 1012
    await service.start()


async def test_who_proves_it_while_the_service_drains_is_sent_on(start, connect):
    service = await start(auth_jwt_secret=SECRET, drain_timeout=10, mock_tokens_per_second=20)
    busy = await connect(service, headers=bearer())
    await busy.ask("Tell me more", stream=True)
    await busy.frame()
    client = await connect(service)
    stopping = asyncio.create_task(service.stop())
    while (await busy.frame())["type"] != "system":  # the drain has begun
        pass
    await client.say({"type": "auth", "token": token()})
    assert await client.close_code() == close_codes.RESTARTING.code
    await busy.say({"type": "stop"})
    await stopping
    await service.start()


async def test_who_has_not_proved_it_is_told_of_a_restart_and_sent_away_at_once(start, connect):
    service = await start(auth_jwt_secret=SECRET, drain_timeout=10)
    client = await connect(service)
    service.server.should_exit = True
    assert 1000 <= (await client.frame())["retry_after"] <= 3000
    assert await client.close_code() == close_codes.RESTARTING.code
    await service.task


async def test_a_proxy_s_word_is_enough(proxied, connect):
    client = await connect(proxied, headers={"X-Forwarded-User": "ana"})
    assert client.greeting["resume_token"]
    await client.say({"type": "auth", "token": "a.b.c"})
    assert (await client.frame())["type"] == "system"
    assert (await client.answer("Hello"))["status"] == "done"


async def test_whom_the_proxy_does_not_name_is_closed_at_once(proxied, connect):
    client = await connect(proxied, headers=bearer())
    assert client.greeting["reason"] == "token_missing"
    assert await client.close_code() == UNAUTHENTICATED


@pytest.mark.parametrize(
    ("headers", "reason"), [([("X-Forwarded-User", "ana"), ("X-Forwarded-User", "ben")], "token_invalid")]
)
async def test_a_repeated_header_is_refused(proxied, http, headers, reason):
    assert (await refused(http, proxied, headers=headers))[:2] == (401, {"reason": reason})


async def test_who_is_no_proxy_is_refused_whatever_it_says_of_itself(start, http):
    service = await start(auth_header="X-Forwarded-User", auth_proxy_ips=("192.0.2.1",), forwarded_allow_ips=("*",))
    headers = {"X-Forwarded-User": "ana", "X-Forwarded-For": "192.0.2.1"}
    assert (await refused(http, service, headers=headers))[:2] == (401, {"reason": "token_missing"})
    async with http.get(f"{service.url}/api/app", headers=headers) as reply:
        assert reply.status == 401


async def test_without_settings_anybody_may_come_and_a_token_changes_nothing(start, connect):
    client = await connect(await start(), headers=bearer(), **subprotocols("a.b.c"))
    assert client.greeting["resume_token"]
    await client.say({"type": "auth", "token": "a.b.c"})
    assert (await client.frame())["type"] == "system"
    assert (await client.answer("Hello"))["status"] == "done"
