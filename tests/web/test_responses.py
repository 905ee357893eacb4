"""The envelope of each reply."""

import pytest

from service.result_codes import ResultCode
from service.web import pages
from service.web.responses import fail, ok


@pytest.fixture
async def service(start):
    return await start()


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/nowhere", 404, "Not found"),
        ("GET", "/static/nothing.js", 404, "Not found"),
        ("GET", "/static/%2e%2e/%2e%2e/README.md", 404, "Not found"),
        ("POST", "/health", 405, "Method not allowed"),
        ("DELETE", "/chat", 405, "Method not allowed"),
        ("GET", "/nowhere/at/all", 404, "Not found"),
    ],
)
async def test_the_framework_s_own_errors_have_the_envelope(service, http, method, path, status, message):
    async with http.request(method, f"{service.url}{path}") as response:
        assert response.status == status
        assert await response.json() == {"code": status, "message": message, "data": None}


async def test_a_method_that_is_not_allowed_is_told_which_are(service, http):
    async with http.post(f"{service.url}/health") as response:
        assert "GET" in response.headers["Allow"]


async def test_a_fault_of_ours_is_a_500_that_gives_nothing_away(start, http, monkeypatch):
    def fail(*_, **__):
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(pages.Pages, "_page", fail)
    service = await start()
    async with http.get(f"{service.url}/chat") as response:
        assert response.status == 500
        assert await response.json() == {"code": 500, "message": "Server error", "data": None}


@pytest.mark.parametrize(
    ("code", "status"), [(404, 404), (10000, 400), (20000, 409), (30000, 502), (40000, 500), (90000, 500)]
)
def test_the_http_status_follows_from_the_code(code, status):
    reply = fail(ResultCode(code), "Because.")
    assert reply.status_code == status
    assert reply.body == b'{"code":%d,"message":"Because.","data":null}' % code


def test_a_good_reply_carries_its_data():
    assert ok([1]).body == b'{"code":200,"message":"Operation successful","data":[1]}'
