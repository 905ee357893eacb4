"""Pages over HTTP."""

import gzip
import html
import json
import re
from dataclasses import fields

import pytest

from service.admission.caller import UserLimits
from service.admission.claims import principal_of
from service.admission.limit_table import LIMITS_HIT
from service.answers import failures
from service.chat import close_codes
from service.result_codes import ResultCode
from service.settings import Settings
from service.web.metric_definitions import DEFINITIONS
from service.web.operations import OPERATIONS
from service.web.reasons import FAILURES, OTHER_REASONS
from tests.conftest import ROOT
from tests.tokens import SECRET


@pytest.fixture
async def service(start):
    return await start(app_name="Ward <7>")


async def get(http, url, **options):
    async with http.get(url, allow_redirects=False, **options) as response:
        return response, await response.text()


async def test_the_welcome_says_name_version_mode_and_where_to_go(service, http):
    async with http.get(f"{service.url}/") as response:
        reply = await response.json()
    assert (reply["code"], reply["message"]) == (200, "Operation successful")
    assert (reply["data"]["name"], reply["data"]["mode"]) == ("Ward <7>", "mock")
    for link in ("chat", "docs", "health"):
        response, _ = await get(http, f"{service.url}/{reply['data']['links'][link]}")
        assert response.status == 200


async def test_a_browser_is_sent_to_the_chat_page(service, http):
    response, _ = await get(http, f"{service.url}/", headers={"Accept": "text/html,application/xhtml+xml,*/*"})
    assert (response.status, response.headers["Location"]) == (307, "chat")
    assert response.headers["Vary"] == "Accept"


@pytest.mark.parametrize("page", ["/chat", "/docs"])
async def test_a_page_lets_no_foreign_or_inline_script_run(service, http, page):
    response, body = await get(http, f"{service.url}{page}")
    assert "script-src 'self';" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "Ward &lt;7&gt;" in body
    assert re.findall(r"<script(?![^>]*src=\"static/)|\son\w+=|<style|\sstyle=|(?:src|href)=.https?:", body) == []


@pytest.mark.parametrize(("engine", "may"), [("dify", "microphone=(self)"), ("off", "microphone=()")])
async def test_where_there_is_no_voice_the_page_may_not_use_the_microphone(start, http, engine, may):
    response, _ = await get(http, f"{(await start(speech=engine)).url}/chat")
    assert may in response.headers["Permissions-Policy"]


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
    loads = re.findall(r'(?:src|href)="(static/[^"]+)"', body)
    assert loads
    for path in loads:
        response, _ = await get(http, f"{service.url}/{path}")
        assert response.status == 200
        assert response.headers["Cache-Control"] == "no-cache"


async def test_a_link_within_the_docs_leads_somewhere(service, http):
    _, body = await get(http, f"{service.url}/docs")
    links = set(re.findall(r'href="#([^"]+)"', body))
    assert {"limits", "failures", "client-voice-latency"} <= links
    assert links - set(re.findall(r'\sid="([^"]+)"', body)) == set()


async def test_a_type_in_the_docs_leads_to_its_fields(service, http):
    _, body = await get(http, f"{service.url}/docs")
    for words in ("<td>array of {}</td>", "<td>{}, null</td>", "Body: {}."):
        assert re.search(words.format(r'<a href="#shape-(\w+)"><code>\1</code></a>'), body)


async def test_the_claims_in_the_docs_are_taken_as_they_stand_there(service, http):
    _, body = await get(http, f"{service.url}/docs")
    shown = re.search(r'<pre id="claims"[^>]*><code>(.*?)</code>', body, re.DOTALL)[1]
    principal = principal_of(json.loads(html.unescape(shown)))
    assert principal.inputs == {"ward": "7"}
    assert principal.limits == UserLimits(questions_per_minute=10, answers_at_once=2, tokens_per_day=100_000)


async def test_the_python_client_can_be_saved(service, http):
    _, text = await get(http, f"{service.url}/static/clients/dify_live.py")
    assert text == (ROOT / "templates/clients/dify_live.py").read_text()


@pytest.mark.parametrize("page", ["/chat", "/docs"])
async def test_every_address_in_a_page_is_relative(service, http, page):
    _, body = await get(http, f"{service.url}{page}")
    addresses = re.findall(r'\s(?:src|href|action)="([^"]*)"', body)
    assert [
        address
        for address in addresses
        if not re.match(r"static/|chat$|(?:openapi|asyncapi)\.json$|manifest\.webmanifest$|icon$|page\.css$|#", address)
    ] == []
    assert addresses


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


async def test_what_there_is_in_code_stands_in_the_docs_and_nothing_else_does(service, http):
    _, body = await get(http, f"{service.url}/docs")
    of = {kind: re.findall(rf'\sid="{kind}-([^"]+)"', body) for kind in ("metric", "reason", "close", "code", "shape")}
    reasons = {it.reason for it in (*FAILURES, *LIMITS_HIT.values())} | {*OTHER_REASONS}
    assert (set(of["reason"]), len(of["reason"])) == (reasons, len(reasons))
    assert of["metric"] == [definition.name for definition in DEFINITIONS]
    assert of["code"] == [str(code.value) for code in ResultCode]
    assert of["close"] == ["codes", *(str(closing.code) for closing in sorted(close_codes.ADVICE))]
    named = re.findall(r"<h4><code>((?:GET|POST) /[^<]*)</code>", body)
    assert sorted(named) == sorted(f"{operation.method.upper()} {operation.path}" for operation in OPERATIONS)


async def test_the_docs_list_each_setting_with_its_default_and_no_secret(start, http):
    service = await start(dify_api_key="app-secret", max_connections=7)
    _, body = await get(http, f"{service.url}/docs")
    for field in fields(Settings):
        assert f'<tr id="{field.name.upper()}"><td><code>{field.name.upper()}</code></td><td>' in body
    assert "<code>MAX_CONNECTIONS</code></td><td>5000</td>" in body
    assert "<code>MOCK_MODE</code></td><td>on without a key</td>" in body
    assert "app-secret" not in body


async def test_the_docs_show_each_limit_as_it_is_set_and_what_is_told_where_it_is_hit(start, http):
    service = await start(tokens_per_day=123_456)
    _, body = await get(http, f"{service.url}/docs")
    for name, hit in LIMITS_HIT.items():
        assert f"<code>{hit.reason}</code></td><td>{hit.message}</td>" in body
        assert f"<code>{name.upper()}</code></td>" in body
    assert "<code>TOKENS_PER_DAY</code></td><td>123456</td>" in body
    assert "<code>USER_TOKENS_PER_DAY</code></td><td>no limit</td>" in body


async def test_the_docs_show_the_files_for_proxies_and_systemd_as_they_are(service, http):
    _, body = await get(http, f"{service.url}/docs")
    shown = re.findall(r"<h3><code>(.*?)</code></h3>\s<pre tabindex=.0.><code>(.*?)</code></pre>", body, re.DOTALL)
    files = {path.name: path.read_text() for path in (ROOT / "templates/deploy").iterdir()}
    assert {name: html.unescape(text) for name, text in shown if name in files} == files
    assert {"Caddyfile", "dify-live.service", "haproxy.cfg", "nginx-beside-dify.conf", "nginx-own-host.conf"} == {
        *files
    }


async def test_the_docs_show_the_table(start, http):
    service = await start()
    async with http.get(f"{service.url}/docs") as response:
        body = await response.text()
    for failure in failures.ALL:
        row = body.partition(f'<tr id="reason-{failure.reason}">')[2].partition("</tr>")[0]
        flags = (failure.is_retryable, failure.trips_breaker, not failure.is_client_error)
        assert re.findall("<td>(yes|no)</td>", row) == ["yes" if flag else "no" for flag in flags]
        assert ("<td>final</td>" in row) is (failure.again_after is None)


@pytest.mark.parametrize(
    ("settings", "says_so"),
    [
        ({}, False),
        ({"auth_jwt_secret": SECRET}, True),
        ({"auth_jwks_url": "http://localhost:1/keys", "auth_jwt_audience": "chat"}, True),
        ({"auth_header": "X-Forwarded-User", "auth_proxy_ips": ("127.0.0.1",)}, False),
    ],
)
async def test_the_page_is_told_whether_it_needs_a_token(start, http, settings, says_so):
    service = await start(**settings)
    async with http.get(f"{service.url}/chat") as response:
        assert (response.status, ' data-auth="token"' in await response.text()) == (200, says_so)


def test_the_docs_name_no_setting_that_is_none():
    docs = "".join(path.read_text() for path in (ROOT / "templates/docs").iterdir())
    difys = {"FILES_ACCESS_TIMEOUT", "SERVER_WORKER_CONNECTIONS", "CELERY_WORKER_AMOUNT", "CELERY_MAX_WORKERS"}
    difys |= {"CELERY_AUTO_SCALE", "SERVER_WORKER_AMOUNT"}
    systems = {"HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"}
    named = set(re.findall(r"<code>([A-Z]+_[A-Z_]+)</code>", docs))
    assert named - difys - systems - {field.name.upper() for field in fields(Settings)} == set()
    assert named


@pytest.mark.parametrize(
    ("query", "is_kiosk"), [("?kiosk=90", True), ("?kiosk", True), ("?lang=zh", False), ("", False)]
)
async def test_the_page_of_a_screen_for_many_people_loads_no_chat_itself(service, http, query, is_kiosk):
    _, body = await get(http, f"{service.url}/chat{query}")
    assert ("static/js/kiosk/kiosk.js" in body, "static/js/chat.js" in body) == (is_kiosk, not is_kiosk)
