"""Pages and replies over HTTP."""

import asyncio
import gzip
import re
from dataclasses import fields

import pytest

from service.result_codes import ResultCode
from service.settings import Settings
from service.web import pages
from service.web.responses import fail, ok
from tests import fake_dify
from tests.conftest import ROOT, eventually


@pytest.fixture
async def service(start):
    return await start(app_name="Ward <7>")


async def get(http, url, **options):
    async with http.get(url, allow_redirects=False, **options) as response:
        return response, await response.text()


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/nowhere", 404, "Not found"),
        ("GET", "/static/nothing.js", 404, "Not found"),
        ("GET", "/static/%2e%2e/%2e%2e/README.md", 404, "Not found"),
        ("POST", "/health", 405, "Method not allowed"),
        ("DELETE", "/chat", 405, "Method not allowed"),
        ("GET", "/ws/chat", 404, "Not found"),
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
    response, body = await get(http, f"{service.url}/chat")
    assert response.status == 500
    assert '"code":500' in body
    assert "secret" not in body


async def test_the_welcome_says_name_version_mode_and_where_to_go(service, http):
    async with http.get(f"{service.url}/") as response:
        reply = await response.json()
    assert (reply["code"], reply["message"]) == (200, "Operation successful")
    assert (reply["data"]["name"], reply["data"]["mode"]) == ("Ward <7>", "mock")
    for link in ("chat", "docs", "health"):
        response, _ = await get(http, f"{service.url}{reply['data']['links'][link]}")
        assert response.status == 200


async def test_a_browser_is_sent_to_the_chat_page(service, http):
    response, _ = await get(http, f"{service.url}/", headers={"Accept": "text/html,application/xhtml+xml,*/*"})
    assert (response.status, response.headers["Location"]) == (307, "/chat")
    assert response.headers["Vary"] == "Accept"


async def test_health_answers_with_what_is_alive(service, http, connect):
    client = await connect(service)
    await client.ask("Hello", stream=True)
    await client.frame()
    async with http.get(f"{service.url}/health") as response:
        data = (await response.json())["data"]
    assert (data["status"], data["connections"], data["turns"]) == ("up", 1, 1)


async def ready(http, service):
    async with http.get(f"{service.url}/ready") as response:
        return response.status, await response.json()


async def test_it_is_ready_when_dify_is(with_dify, http):
    status, reply = await ready(http, await with_dify())
    assert (status, reply["data"]) == (200, {"status": "ready", "mode": "dify", "trouble": None})


async def test_in_mock_mode_it_is_always_ready(start, http):
    status, reply = await ready(http, await start())
    assert (status, reply["data"]["mode"]) == (200, "mock")


TROUBLES = [
    ("server_error", fake_dify.raw(b"", 500)),
    ("not_dify", fake_dify.raw(b"<html></html>", 200, "text/html")),
    ("lost", fake_dify.reset_at_once()),
]


@pytest.mark.parametrize(("reason", "scene"), TROUBLES)
async def test_while_it_degrades_it_is_ready_and_says_what_is_wrong(with_dify, dify, http, reason, scene):
    dify.info = scene
    status, reply = await ready(http, await with_dify())
    assert (status, reply["data"]["trouble"]["reason"]) == (200, reason)


@pytest.mark.parametrize(("reason", "scene"), TROUBLES)
async def test_without_a_mock_to_stand_in_it_is_not_ready(with_dify, dify, http, reason, scene):
    dify.info = scene
    status, reply = await ready(http, await with_dify(degrade_to_mock=False))
    assert (status, reply["code"]) == (503, 503)
    assert reply["message"].startswith(f"{reason}: ")


async def test_a_wrong_key_is_said_at_start_and_when_asked(with_dify, http, events):
    service = await with_dify(dify_api_key="app-wrong")
    await eventually(lambda: "dify.not_ready" in [event["event"] for event in events])
    (said,) = [event for event in events if event["event"] == "dify.not_ready"]
    assert (said["reason"], said["cause"]) == ("unauthorized", "HTTP 401: DIFY_API_KEY is wrong")
    _, reply = await ready(http, service)
    assert reply["data"]["trouble"]["reason"] == "unauthorized"
    assert "app-wrong" not in f"{events} {reply}"


async def test_dify_is_not_asked_each_time(with_dify, dify, http, monkeypatch):
    service = await with_dify()
    for _ in range(5):
        await ready(http, service)
    assert dify.checks == 2  # at start, and once since
    monkeypatch.setattr("service.web.health.READY_FOR_SECONDS", 0)
    await ready(http, service)
    assert dify.checks == 3


async def test_a_dify_that_does_not_answer_the_check_is_given_up(with_dify, dify, http, monkeypatch):
    monkeypatch.setattr("service.answers.dify.client.CHECK_TIMEOUT_SECONDS", 0.05)

    async def silent(stage):
        await dify.released.wait()

    dify.info = silent
    service = await with_dify(dify_connect_timeout=0.1)
    replies = await asyncio.gather(*(ready(http, service) for _ in range(5)))
    assert {reply["data"]["trouble"]["reason"] for _, reply in replies} == {"silent"}
    assert dify.checks == 2  # at start, and once for the five
    dify.released.set()


@pytest.mark.parametrize("page", ["/chat", "/docs"])
async def test_a_page_lets_no_foreign_or_inline_script_run(service, http, page):
    response, body = await get(http, f"{service.url}{page}")
    assert "script-src 'self';" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "Ward &lt;7&gt;" in body
    assert re.findall(r"<script(?![^>]*src=\"/static/)|\son\w+=|<style|\sstyle=|(?:src|href)=.https?:", body) == []


async def test_what_a_page_loads_comes_compressed(service, http):
    url = f"{service.url}/static/js/chat.js"
    async with http.get(url, headers={"Accept-Encoding": "gzip"}, auto_decompress=False) as response:
        body = await response.read()
        etag = response.headers["ETag"]
        assert (response.headers["Content-Encoding"], response.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert gzip.decompress(body) == (ROOT / "static/js/chat.js").read_bytes()
    async with http.get(url, headers={"Accept-Encoding": "gzip", "If-None-Match": etag}) as response:
        assert (response.status, await response.read()) == (304, b"")


@pytest.mark.parametrize("page", ["/chat", "/docs"])
async def test_everything_a_page_loads_is_there(service, http, page):
    _, body = await get(http, f"{service.url}{page}")
    loads = re.findall(r'(?:src|href)="(/static/[^"]+)"', body)
    assert loads
    for path in loads:
        response, _ = await get(http, f"{service.url}{path}")
        assert response.status == 200
        assert response.headers["Cache-Control"] == "no-cache"


async def test_the_page_says_when_it_is_a_mock(start, with_dify, http):
    for service, is_mock in ((await start(), True), (await with_dify(), False)):
        _, body = await get(http, f"{service.url}/chat")
        assert ("banner" in body) is is_mock


async def test_the_docs_name_every_code_and_close_code(service, http):
    _, body = await get(http, f"{service.url}/docs")
    for code in ResultCode:
        assert f"<td>{code.value}</td>" in body
    for close_code in (1009, 1011, 1012, 4000, 4001, 4500):
        assert f"<td>{close_code}</td>" in body


async def test_the_docs_list_each_setting_with_its_default_and_no_secret(start, http):
    service = await start(dify_api_key="app-secret", max_connections=7)
    _, body = await get(http, f"{service.url}/docs")
    for field in fields(Settings):
        assert f"<tr><td><code>{field.name.upper()}</code></td><td>" in body
    assert "<code>MAX_CONNECTIONS</code></td><td>5000</td>" in body
    assert "<code>MOCK_MODE</code></td><td>on without a key</td>" in body
    assert "app-secret" not in body


@pytest.mark.parametrize(
    ("code", "status"), [(404, 404), (10000, 400), (20000, 409), (30000, 502), (40000, 500), (90000, 500)]
)
def test_the_http_status_follows_from_the_code(code, status):
    reply = fail(ResultCode(code), "Because.")
    assert reply.status_code == status
    assert reply.body == b'{"code":%d,"message":"Because.","data":null}' % code


def test_a_status_that_the_table_lacks_is_an_unknown_error():
    assert ResultCode.of_status(418) is ResultCode.UNKNOWN_ERROR


def test_a_good_reply_carries_its_data():
    assert ok([1]).body == b'{"code":200,"message":"Operation successful","data":[1]}'
