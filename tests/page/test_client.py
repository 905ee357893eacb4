"""The client that pages of other sites import."""

import pytest
from aiohttp import web
from playwright.async_api import expect

from tests import fake_dify

PAGE = """<!doctype html><html lang="en"><title>Shop</title><link rel="icon" href="data:,"><p id="box"></p>
<script type="module">
import {{ createClient }} from "{url}/static/js/client.js";
const box = document.getElementById("box");
const show = (turn) => (box.textContent = `${{turn.status}}: ${{turn.text}}`);
window.client = createClient({{ on: {{ text: show, ended: show }} }});
</script>"""


@pytest.fixture
async def shop(aiohttp_server):
    """A page of another site."""
    place = {}

    async def page(request):
        return web.Response(text=PAGE.format(url=place["service"]), content_type="text/html")

    app = web.Application()
    app.router.add_get("/", page)
    place["url"] = str((await aiohttp_server(app)).make_url("/"))
    return place


async def test_a_page_of_another_site_asks_goes_on_after_a_restart_and_stops(shop, with_dify, dify, visit):
    service = await with_dify(allowed_origins=(shop["url"].rstrip("/"),))
    shop["service"] = service.url
    dify.plays(fake_dify.say("One"), fake_dify.say("Two"), fake_dify.until_stopped("On and on"))
    page = await visit(service, "/docs")  # any page, to be left
    await page.goto(shop["url"])
    await page.evaluate("client.ask('Hi')")
    await expect(page.locator("#box")).to_have_text("done: One")
    await service.restart(lambda: page.evaluate("void client.ask('Are you back?')"))
    await expect(page.locator("#box")).to_have_text("done: Two")
    await page.evaluate("client.ask('Go on')")
    await expect(page.locator("#box")).to_have_text("asked: On and on")
    await page.evaluate("client.stop()")
    await expect(page.locator("#box")).to_have_text("stopped: On and on")
    assert [question["query"] for question in dify.questions] == ["Hi", "Are you back?", "Go on"]
