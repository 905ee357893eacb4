"""Pages of other origins."""

import pytest

from tests.web.test_api import EVERY_ROUTE


async def ask_from(http, service, origin, method="GET", path="/api/app", **headers):
    async with http.request(method, f"{service.url}{path}", headers={"Origin": origin, **headers}) as response:
        return response, await response.text()


async def test_a_page_of_a_foreign_origin_gets_no_answer(start, http):
    service = await start()
    for method, path in [("GET", "/api/app"), ("OPTIONS", "/api/app"), *EVERY_ROUTE]:
        response, body = await ask_from(http, service, "https://foreign.example", method, path)
        assert (response.status, '"code":403' in body) == (403, True)
    response, _ = await ask_from(http, service, service.url)
    assert response.status == 200
    assert "Access-Control-Allow-Origin" not in response.headers


async def test_a_page_of_an_allowed_origin_may_ask_and_read(start, http):
    service = await start(allowed_origins=("https://ward.example",))
    wish = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    preflight, _ = await ask_from(http, service, "https://ward.example", "OPTIONS", "/api/files", **wish)
    assert preflight.status == 200
    for path, status in (("/api/app", 200), ("/api/nothing", 404), (EVERY_ROUTE[0][1], 401)):
        response, _ = await ask_from(http, service, "https://ward.example", path=path)
        assert response.status == status
        assert response.headers["Access-Control-Allow-Origin"] == "https://ward.example"
    foreign, _ = await ask_from(http, service, "https://foreign.example")
    assert foreign.status == 403


@pytest.mark.parametrize("origin", ["https://A.ward.example", "null", "capacitor://localhost", "file://"])
async def test_who_may_connect_may_read_too(start, http, origin):
    service = await start(allowed_origins=("https://*.ward.example", "null", "capacitor://localhost", "file://"))
    wish = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    preflight, _ = await ask_from(http, service, origin, "OPTIONS", "/api/files", **wish)
    response, _ = await ask_from(http, service, origin)
    for reply in (preflight, response):
        assert (reply.status, reply.headers["Access-Control-Allow-Origin"]) == (200, origin)
    socket = await http.ws_connect(f"{service.url}/ws/chat", headers={"Origin": origin})
    await socket.close()
