"""The page and the bubble under a path of somebody else's host, which a proxy takes away before the service."""

from types import SimpleNamespace

import pytest
from aiohttp import web
from playwright.async_api import expect

from tests.page.browser import answer, ask, ends, holds
from tests.prefix_proxy import prefix_proxy

PREFIX = "/wards/7/assistant"


@pytest.fixture
async def behind(aiohttp_server):
    """A service, as it is seen under PREFIX."""

    async def behind(service):
        server = await aiohttp_server(prefix_proxy(service.url, PREFIX))
        return SimpleNamespace(url=str(server.make_url(PREFIX)))

    return behind


@pytest.mark.smoke
async def test_the_page_finds_its_parts_its_socket_and_its_api_from_its_own_address(start, behind, visit):
    page = await visit(await behind(await start()), "/chat/?lang=en")
    assert await page.evaluate("location.pathname") == f"{PREFIX}/chat"
    await ask(page, "/mock file")
    await ends(page)
    await answer(page).get_by_role("link", name="Show the picture").first.click()
    await holds(page, "[...document.images].some(({ naturalWidth }) => naturalWidth > 1)")
    paths = await page.evaluate(
        "performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname)",
    )
    assert [path for path in paths if not path.startswith(f"{PREFIX}/")] == []
    for part in ("/static/chat.css", "/static/js/voice/voice.js", "/api/app"):
        assert PREFIX + part in paths
    await page.reload()
    await expect(answer(page)).to_have_attribute("data-state", "done")


async def test_a_browser_is_sent_to_the_page_and_the_page_can_be_installed(start, behind, visit, http):
    service = await behind(await start())
    page = await visit(service, "/docs/")
    assert await page.evaluate("location.pathname") == f"{PREFIX}/docs"
    await page.get_by_role("link", name="Chat", exact=True).click()
    await expect(page.locator("#state[data-state=open]")).to_be_visible()
    await page.goto(f"{service.url}/")
    assert await page.evaluate("location.pathname") == f"{PREFIX}/chat"
    manifest = await page.evaluate("""fetch(document.querySelector("[rel=manifest]").href).then((it) => it.json())""")
    for path in (manifest["start_url"], *(icon["src"] for icon in manifest["icons"])):
        async with http.get(f"{service.url}/{path}") as response:
            assert response.status == 200


async def test_the_bubble_opens_the_chat_of_the_service_that_it_came_from(start, behind, visit, aiohttp_server):
    async def shop_page(request):
        script = f'<script src="{service.url}/static/js/embed.js?v=1" data-label="Ask us" defer></script>'
        text = f'<!doctype html><html lang="en"><title>Shop</title><link rel="icon" href="data:,">{script}<h1>Shop</h1>'
        return web.Response(text=text, content_type="text/html")

    shop = web.Application()
    shop.router.add_get("/", shop_page)
    origin = str((await aiohttp_server(shop)).make_url("/")).rstrip("/")
    service = await behind(await start(frame_ancestors=(origin,)))
    page = await visit(service, "/docs")
    await page.goto(f"{origin}/")
    await page.get_by_role("button", name="Ask us").click()
    chat = page.frame_locator("iframe[title=Chat]")
    await expect(chat.locator("#state")).to_have_text("Connected")
    assert f"{PREFIX}/chat?" in page.frames[1].url
    await chat.locator("#question").press("Escape")
    await expect(page.locator("iframe")).to_be_hidden()


async def test_what_dify_s_own_pages_keep_in_the_browser_of_a_shared_host_is_not_the_page_s(start, behind, visit):
    """Dify's web app keeps a theme of its own under the name that such libraries use (next-themes)."""
    script = "localStorage.theme = 'system'; localStorage.language = 'fr'"
    page = await visit(await behind(await start()), script=script, color_scheme="dark")
    assert await page.evaluate("document.documentElement.dataset.theme") == "dark"
    await page.locator("#theme").click()
    await page.locator("#language").click()
    assert await page.evaluate("[localStorage.theme, localStorage.language]") == ["system", "fr"]
    await page.reload()
    assert await page.evaluate("[document.documentElement.dataset.theme, document.documentElement.lang]") == [
        "light",
        "zh-CN",
    ]
