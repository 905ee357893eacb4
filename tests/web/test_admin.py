"""/api/admin: what an operator sees of connections, and how one ends them."""

import time

import pytest

from service.chat.close_codes import CLOSED_BY_OPERATOR
from tests.conftest import logged
from tests.tokens import SECRET, bearer

TOKEN = "admin-token-of-the-tests"
LIST = "/api/admin/connections"


@pytest.fixture
async def service(start):
    return await start(admin_token=TOKEN, forwarded_allow_ips=("127.0.0.1",))


async def test_it_tells_who_is_connected_since_when_from_where_with_how_many_answers(service, connect, call):
    headers = {"Origin": service.url, "User-Agent": f"Firefox {'x' * 500}", "X-Forwarded-For": "203.0.113.9"}
    client = await connect(service, "/ws/chat/bed-7", headers=headers)
    await client.answer("What people write")
    await connect(service)
    status, reply = await call(service, "GET", LIST, token=TOKEN)
    assert (status, len(reply["data"]["connections"]), reply["data"]["silent"]) == (200, 2, 0)
    (one,) = [it for it in reply["data"]["connections"] if it["client_id"] == "bed-7"]
    assert abs(one.pop("since") - time.time() * 1000) < 60_000
    assert one.pop("browser") == f"Firefox {'x' * 192}"
    assert one == {
        "client_id": "bed-7",
        "user": None,
        "address": "203.0.113.9",
        "origin": service.url,
        "answers": 1,
        "answers_under_way": 0,
    }
    assert "What people write" not in str(reply)


async def test_who_proved_to_be_somebody_is_told_so(start, connect, call):
    service = await start(admin_token=TOKEN, auth_jwt_secret=SECRET)
    await connect(service, headers=bearer("ana"))
    _, reply = await call(service, "GET", LIST, token=TOKEN)
    assert [it["user"] for it in reply["data"]["connections"]] == ["ana"]


async def test_all_connections_of_an_id_are_closed_and_told_why_and_no_others(service, connect, call, events):
    closed = [await connect(service, "/ws/chat/bed-7") for _ in range(2)]
    other = await connect(service, "/ws/chat/bed-8")
    status, reply = await call(service, "POST", f"{LIST}/bed-7/close", token=TOKEN)
    assert (status, [it["client_id"] for it in reply["data"]["connections"]]) == (200, ["bed-7", "bed-7"])
    for client in closed:
        assert (await client.frame())["content"] == CLOSED_BY_OPERATOR.reason
        assert await client.close_code() == CLOSED_BY_OPERATOR.code
    assert (await other.answer("Hi"))["status"] == "done"
    assert [it["connections"] for it in logged(events, "admin.closed")] == [2]
    _, reply = await call(service, "GET", LIST, token=TOKEN)
    assert [it["client_id"] for it in reply["data"]["connections"]] == ["bed-8"]


async def test_where_nobody_has_that_id_nothing_is_closed(service, call):
    assert (await call(service, "POST", f"{LIST}/bed-9/close", token=TOKEN))[1]["data"]["connections"] == []


NOT_FOUND = (404, {"code": 404, "message": "Not found", "data": None})


@pytest.mark.parametrize("token", [None, f"{TOKEN}x", "metrics-token-of-the-tests"])
@pytest.mark.parametrize(("method", "path"), [("GET", LIST), ("POST", f"{LIST}/bed-7/close")])
async def test_without_the_token_there_is_no_such_route(start, connect, call, token, method, path):
    service = await start(admin_token=TOKEN, metrics_token="metrics-token-of-the-tests")
    client = await connect(service, "/ws/chat/bed-7")
    assert await call(service, method, path, token=token) == NOT_FOUND
    assert (await client.answer("Hi"))["status"] == "done"


async def test_without_the_setting_there_is_none_for_anybody(start, call):
    service = await start()
    assert await call(service, "GET", LIST, token=TOKEN) == NOT_FOUND


async def test_connections_of_all_processes_are_told_and_closed(start, connect, call, redis):
    services = [await start(admin_token=TOKEN, redis_url=redis.url) for _ in range(2)]
    clients = [await connect(service, "/ws/chat/bed-7") for service in services]
    while len((await call(services[0], "GET", LIST, token=TOKEN))[1]["data"]["connections"]) < 2:
        pass  # until they know each other
    _, reply = await call(services[1], "POST", f"{LIST}/bed-7/close", token=TOKEN)
    assert len(reply["data"]["connections"]) == 2
    for client in clients:
        assert await client.close_code() == CLOSED_BY_OPERATOR.code
