"""Slashes too many, at the end of a path."""

from urllib.parse import urljoin

import pytest


@pytest.fixture
async def service(start):
    return await start()


async def redirect_of(http, url, method="GET", **headers):
    async with http.request(method, url, allow_redirects=False, headers=headers) as response:
        return response.status, response.headers.get("Location")


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/chat/", "../chat"),
        ("/docs/", "../docs"),
        ("/health/", "../health"),
        ("/chat/?embed=1&lang=zh-CN", "../chat?embed=1&lang=zh-CN"),
        ("/api/app/", "../app"),
        ("/ws/chat/", None),
    ],
)
@pytest.mark.parametrize("prefix", ["", "/assistant"])
async def test_they_are_taken_away_within_the_path_that_a_proxy_took_away(service, http, path, location, prefix):
    status, found = await redirect_of(http, f"{service.url}{path}", **{"X-Forwarded-Proto": "https"})
    assert found == location
    if location is not None:
        assert status == 307
        outside = f"https://host.example{prefix}{path}"
        where, _, query = path.partition("?")
        assert urljoin(outside, found) == f"https://host.example{prefix}{where.rstrip('/')}" + (query and f"?{query}")


@pytest.mark.parametrize(
    "path", ["/nowhere/", "//", "//evil.example/", "/chat%2F", "/chat%2F%2F", "/static/nothing.js/"]
)
async def test_what_is_nowhere_without_them_either_is_not_found(service, http, path):
    assert await redirect_of(http, f"{service.url}{path}") in [(404, None), (200, None)]


async def test_several_are_taken_away_at_once(service, http):
    """As browsers resolve it: an empty segment is a segment."""
    assert await redirect_of(http, f"{service.url}/chat//") == (307, "../../chat")


async def test_a_redirect_leads_to_no_other_host(service, http):
    for path in ("/api/app-files//evil.example/", "//evil.example/chat/", "/ws//evil.example/"):
        _, found = await redirect_of(http, f"{service.url}{path}")
        assert found is None or found.startswith("../")


async def test_a_method_that_a_route_does_not_take_is_refused_there(service, http):
    assert await redirect_of(http, f"{service.url}/api/text-to-audio/", method="POST") == (307, "../text-to-audio")
    assert await redirect_of(http, f"{service.url}/chat/", method="DELETE") == (307, "../chat")
