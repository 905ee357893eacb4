"""Plain HTTP under /ws."""

import pytest


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/ws/chat", "/ws/chat/ann"])
async def test_a_request_without_the_upgrade_is_told_what_it_lacks(start, http, method, path):
    service = await start()
    async with http.request(method, f"{service.url}{path}") as response:
        reply = await response.json()
    assert (response.status, reply["code"]) == (426, 426)
    assert (response.headers["Upgrade"], response.headers["Connection"]) == ("websocket", "Upgrade")
    assert "WebSocket" in reply["message"]


@pytest.mark.parametrize("path", ["/ws", "/ws/", "/ws/chat/", "/ws/chats", "/ws/chat/a/b"])
async def test_another_path_is_told_where_to_connect(start, call, path):
    status, reply = await call(await start(), "GET", path)
    assert (status, "/ws/chat/{client_id}" in reply["message"]) == (404, True)
