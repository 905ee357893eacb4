"""A proxy that logs users in, and says so by AUTH_HEADER: where the files say that it goes."""

import pytest
from aiohttp import web

from tests.proxies import DOORS, behind, from_address  # noqa: F401 - a fixture

OWN_HOST = [door for door in DOORS if not door.prefix]
FORGED = {"X-Forwarded-User": "eve"}
ANSWERS = [(None, 401), ("ben", 200), ("nameless", 401)]  # who comes, and what the service says
SETTINGS = {
    "auth_header": "X-Forwarded-User",
    "auth_proxy_ips": ("127.0.0.1",),
    "forwarded_allow_ips": ("127.0.0.1",),
}

pytestmark = pytest.mark.slow


@pytest.fixture
async def log_in(aiohttp_server):
    """Lets in who has a cookie, and says who it is; of who has the cookie `nameless` it says nothing."""

    async def check(request):
        user = request.cookies.get("user")
        if not user:
            return web.Response(status=401)
        return web.Response(headers={} if user == "nameless" else {"X-Forwarded-User": user})

    app = web.Application()
    app.router.add_route("*", "/check", check)
    return str((await aiohttp_server(app)).make_url("")).rstrip("/")


def with_auth_request(text, log_in):
    asks = "auth_request /check; auth_request_set $user $upstream_http_x_forwarded_user;"
    check = f"location = /check {{ internal; proxy_pass {log_in}; }}"
    text = text.replace('X-Forwarded-User "";', f"X-Forwarded-User $user; {asks}")
    return text.replace("    location / {", f"    {check}\n    location / {{")


def with_forward_auth(text, log_in):
    asks = f"forward_auth {log_in} {{\nuri /check\ncopy_headers X-Forwarded-User\n}}"
    route = f"route {{\nrequest_header -X-Forwarded-User\n{asks}\nimport dify_live\n}}\n"
    return text.replace("\t\theader_up -X-Forwarded-User\n", "").replace("\timport dify_live\n", route, 1)


def with_cookie(text, _):
    """HAProxy has no log-in of its own: the cookie has to do."""
    last = "    http-request del-header remote- -m beg\n"
    refuse = "    http-request deny deny_status 401 unless { req.cook(user) -m found }\n"
    name = "    http-request set-header X-Forwarded-User %[req.cook(user)] unless { req.cook(user) nameless }\n"
    return text.replace(last, last + refuse + name)


LOG_INS = {"nginx-own-host.conf": with_auth_request, "Caddyfile": with_forward_auth, "haproxy.cfg": with_cookie}


@pytest.fixture
def enter(with_dify, behind, log_in):  # noqa: F811
    async def enter(door):
        service = await with_dify(**SETTINGS)
        return await behind(door, service, edit=lambda text: LOG_INS[door.file](text, log_in))

    return enter


@pytest.mark.parametrize("door", OWN_HOST, ids=str)
async def test_a_user_is_who_the_log_in_says_whatever_the_client_says(enter, door):
    met = await enter(door)
    async with from_address("127.0.0.1") as session:
        for user, expected in ANSWERS[:2] if door.file == "Caddyfile" else ANSWERS:  # see its comment
            headers = FORGED | ({"Cookie": f"user={user}"} if user else {})
            async with session.get(f"{met.url}/api/app", headers=headers) as response:
                assert (user, response.status) == (user, expected)


@pytest.mark.parametrize("door", OWN_HOST, ids=str)
async def test_what_a_user_asks_reaches_dify_under_the_name_of_the_log_in(enter, dify, door):
    met = await enter(door)
    headers = FORGED | {"Cookie": "user=ben"}
    async with (
        from_address("127.0.0.1") as session,
        session.ws_connect(f"{met.url}/ws/chat", headers=headers) as socket,
    ):
        await socket.receive_json()
        await socket.send_json({"type": "chat", "content": "Hello"})
        while (await socket.receive_json())["type"] != "chat":
            pass
    assert dify.questions[0]["user"] == "ben"
