"""The chat page in a frame of another site, its headers, and what makes it installable."""

import pytest
from aiohttp import web
from playwright.async_api import expect

from tests import fake_dify
from tests.page.speech import DOUBLES, hear, said, until, until_said

IS_QUIET = "!speech.session && !speechSynthesis.speaking && !speech.isOpen"


@pytest.fixture
async def shop(aiohttp_server):
    """Another site, with a strict policy of its own, that takes the bubble from a service."""

    async def page(request):
        origin = request.query["service"]
        policy = f"default-src 'none'; script-src {origin}; frame-src {origin}; img-src 'self' data:"
        tag = f'<script src="{origin}/static/js/embed.js" data-label="Ask us" defer></script>'
        html = f'<!doctype html><html lang="en"><title>Shop</title><link rel="icon" href="data:,">{tag}<h1>Shop</h1>'
        return web.Response(text=html, content_type="text/html", headers={"Content-Security-Policy": policy})

    app = web.Application()
    app.router.add_get("/", page)
    return str((await aiohttp_server(app)).make_url("/")).rstrip("/")


async def test_a_bubble_brings_the_chat_to_another_page(shop, start, visit):
    service = await start(frame_ancestors=(shop,))
    page = await visit(await start(), "/docs")  # any page, to be left
    await page.goto(f"{shop}/?service={service.url}")
    bubble = page.get_by_role("button", name="Ask us")
    await expect(bubble).to_have_attribute("aria-expanded", "false")
    assert service.url not in [frame.url for frame in page.frames]
    await bubble.click()
    chat = page.frame_locator("iframe[title=Chat]")
    await expect(chat.locator("#state")).to_have_text("Connected")
    await chat.locator("#question").fill("Hello from a shop")
    await chat.locator("#question").press("Enter")
    await expect(chat.locator(".answer")).to_have_attribute("data-state", "done")
    composing = {"key": "Escape", "keyCode": 229, "bubbles": True}  # it closes an input method's window, nothing else
    await chat.locator("#question").dispatch_event("keydown", composing)
    await page.dispatch_event("h1", "keydown", composing)
    await expect(page.locator("iframe")).to_be_visible()
    await chat.locator("#question").press("Escape")
    await expect(page.locator("iframe")).to_be_hidden()
    await expect(bubble).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(chat.locator(".question")).to_have_count(1)
    await page.get_by_role("button", name="Close the chat").focus()
    await page.keyboard.press("Escape")
    await expect(bubble).to_be_focused()


async def test_where_the_frame_is_refused_the_console_names_the_setting(shop, start, visit):
    service = await start()
    page = await visit(await start(), "/docs")  # any page, to be left
    await page.goto(f"{shop}/?service={service.url}")
    async with page.expect_console_message(lambda message: "FRAME_ANCESTORS" in message.text) as told:
        await page.get_by_role("button", name="Ask us").click()
    assert shop in (await told.value).text


async def test_closing_the_bubble_ends_call_microphone_and_reading_at_once(shop, with_dify, dify, visit):
    dify.plays(fake_dify.say("One. Two. Three."))
    service = await with_dify(frame_ancestors=(shop,))
    chosen = "localStorage.voice = JSON.stringify({ isAloud: true, pauseSeconds: 0.3 });"
    script = f"{DOUBLES}; speech.endsBySelf = false; if (parent !== window) {chosen}"
    page = await visit(service, "/docs", script=script)
    await page.goto(f"{shop}/?service={service.url}")
    bubble = page.get_by_role("button", name="Ask us")
    await bubble.click()
    chat = page.frame_locator("iframe[title=Chat]")
    await chat.get_by_role("button", name="Call", exact=True).click()
    frame = page.frames[1]
    await hear(frame, "where is the garden")
    await until_said(frame, "One.")
    await page.get_by_role("button", name="Close the chat").click(force=True)
    await until(frame, IS_QUIET)
    assert await said(frame) == ["One."]
    await bubble.click()
    await expect(chat.locator("#call")).to_be_hidden()
    await chat.get_by_role("button", name="Dictate", exact=True).click()
    await hear(frame, "I do not")
    await chat.locator("#question").press("Escape")
    await expect(page.locator("iframe")).to_be_hidden()
    await until(frame, IS_QUIET)
    await bubble.click()
    await expect(chat.locator("#question")).to_have_value("I do not")
    await chat.get_by_role("button", name="Listen", exact=True).click()
    await until_said(frame, "One.", "One.")
    for sender in ("origin: 'https://other.example', source: parent", "origin: location.origin, source: window"):
        await frame.evaluate(f"dispatchEvent(new MessageEvent('message', {{ data: 'dify-live:closed', {sender} }}))")
    await expect(chat.get_by_role("button", name="Stop reading")).to_be_visible()
    await page.get_by_role("button", name="Close the chat").click()
    await until(frame, IS_QUIET)


async def test_only_named_sites_may_show_the_page_in_a_frame(start, http):
    service = await start(frame_ancestors=("https://shop.example", "https://b.example:8443"))
    async with http.get(f"{service.url}/chat") as reply:
        policy = reply.headers["Content-Security-Policy"]
    assert policy.endswith("frame-ancestors 'self' https://shop.example https://b.example:8443")
    closed = await start()
    async with http.get(f"{closed.url}/chat") as reply:
        assert reply.headers["Content-Security-Policy"].endswith("frame-ancestors 'self'")


async def test_the_policy_of_the_pages_is_strict(start, http):
    service = await start()
    for path in ("/chat", "/docs"):
        async with http.get(f"{service.url}{path}") as reply:
            headers, text = reply.headers, await reply.text()
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Permissions-Policy"].startswith("microphone=(self), camera=()")
        assert " style=" not in text
        assert "<script>" not in text


async def test_the_page_can_be_installed(start, http):
    service = await start(app_name="Ward 7")
    async with http.get(f"{service.url}/manifest.webmanifest") as reply:
        assert reply.content_type == "application/manifest+json"
        manifest = await reply.json()
    assert manifest["name"] == "Ward 7"
    assert (manifest["start_url"], manifest["scope"], "id" in manifest) == ("chat", ".", False)
    for icon in manifest["icons"]:
        async with http.get(f"{service.url}/{icon['src']}") as reply:
            assert (reply.status, reply.content_type) == (200, "image/svg+xml")
