"""The chat page in a frame of another site, its headers, and what makes it installable."""

import asyncio

import pytest
from aiohttp import web
from playwright.async_api import expect

from tests import fake_dify
from tests.conftest import eventually, logged
from tests.page.browser import accessible, holds
from tests.page.speech import DOUBLES, hear, said, until, until_said

RECORDS = """
  window.told = [];
  const events = ["ready", "open", "close", "question", "answer", "error", "unread", "reset"];
  for (const event of events) difyLive.on(event, (detail) => told.push([event, detail]));
  0; // not what the last of them returns: Playwright would call it
"""
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
IS_QUIET = "!speech.session && !speechSynthesis.speaking && !speech.isOpen"


@pytest.fixture
async def shop(aiohttp_server):
    """Another site, with a strict policy of its own, that takes the bubble from a service."""

    async def page(request):
        origin = request.query["service"]
        policy = f"default-src 'none'; script-src {origin}; frame-src {origin}; img-src 'self' data:"
        attributes = f'data-label="Ask us" data-color="{request.query.get("color", "")}"'
        head = f'<script src="{origin}/static/js/embed.js" {attributes} defer></script><title>Shop</title>'
        head += '<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
        html = (
            f'<!doctype html><html lang="en">{head}<main><h1>Shop</h1><button>Help</button>{"<p>Goods</p>" * 99}</main>'
        )
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


async def in_shop(visit, service, other, shop, color="", **options):
    page = await visit(other, "/docs", **options)  # any page, to be left
    await page.goto(f"{shop}/?service={service.url}&color={color}")
    await page.evaluate(RECORDS)
    return page, page.frame_locator("iframe[title=Chat]")


async def test_the_page_around_drives_the_chat_and_hears_of_it(shop, start, with_dify, dify, visit, events):
    """What it asks before the chat is loaded is not lost."""
    more = asyncio.Event()
    dify.plays(fake_dify.say("Two."), fake_dify.think_until(more, fake_dify.say("Four.")))
    service = await with_dify(frame_ancestors=(shop,))
    page, chat = await in_shop(visit, service, await start(), shop)
    await page.get_by_role("button", name="Help").focus()
    await page.evaluate("difyLive = { own: 1 }; difyLive.ask('One?')")
    await holds(page, "told.some(([event]) => event === 'answer')")
    await page.evaluate("difyLive.ask('Three?')")
    await eventually(lambda: len(dify.questions) == 2)
    await page.evaluate("difyLive.close()")
    await expect(page.get_by_role("button", name="Help")).to_be_focused()
    more.set()
    await expect(page.get_by_role("button", name="Ask us (New answers: 1)")).to_be_visible()
    await expect(page.get_by_text("1", exact=True)).to_be_visible()
    await expect(page.get_by_role("status")).to_have_text("New answers: 1")
    await accessible(page)
    await page.evaluate("difyLive.open()")
    await expect(page.get_by_role("status")).to_have_text("")
    first, second = [
        message["id"] for message in await page.evaluate("told.filter(([e]) => e === 'question').map((t) => t[1])")
    ]
    await page.evaluate("difyLive.reset()")
    await holds(page, "told.some(([event]) => event === 'reset')")
    await expect(chat.locator(".message")).to_have_count(0)
    await expect(chat.get_by_role("button", name="Undo")).to_have_count(0)
    assert await page.evaluate("told") == [
        ["open", {}],
        ["ready", {}],
        ["question", {"id": first, "text": "One?"}],
        ["answer", {"id": first, "status": "done", "text": "Two.", "source": "dify"}],
        ["question", {"id": second, "text": "Three?"}],
        ["close", {}],
        ["answer", {"id": second, "status": "done", "text": "Four.", "source": "dify"}],
        ["unread", {"count": 1}],
        ["unread", {"count": 0}],
        ["open", {}],
        ["reset", {}],
    ]
    assert await page.evaluate("difyLive.own") == 1
    await eventually(lambda: logged(events, "client.forgotten"))
    await page.evaluate("difyLive.ask('Five?')")
    await eventually(lambda: len(dify.questions) == 3)
    before, _, after = dify.questions
    assert before["user"] != after["user"]
    assert not after.get("conversation_id")


REFUSED = [
    ("on('opened', () => {})", "there are ready, open, close"),
    ("on('open')", 'on("open") takes a function'),
    ("on('ready', 'go')", 'on("ready") takes a function'),
    ("on()", "there are ready, open, close"),
    ("ask({ text: 'Hi' })", "a text"),
]


async def test_a_handler_that_fails_costs_no_other_and_a_name_that_is_none_is_refused(shop, start, visit):
    service = await start(frame_ancestors=(shop,))
    page, _ = await in_shop(visit, service, await start(), shop)
    for call, words in REFUSED:
        error = await page.evaluate(
            f"(() => {{ try {{ difyLive.{call}; }} catch (error) {{ return String(error); }} }})()"
        )
        assert error.startswith("TypeError: difyLive")
        assert words in error
    await page.evaluate("window.addEventListener('unhandledrejection', (event) => event.preventDefault())")
    await page.evaluate("difyLive.on('open', () => { throw new Error('mine'); }); window.count = 0")
    await page.evaluate("window.off = difyLive.on('open', () => count++); difyLive.open()")
    await holds(page, "count === 1")
    await page.evaluate("off(); difyLive.close(); difyLive.open()")
    await holds(page, "told.filter(([event]) => event === 'open').length === 2")
    assert await page.evaluate("count") == 1


async def test_only_the_chat_itself_is_heard_and_only_the_page_around_it(shop, start, visit):
    service = await start(frame_ancestors=(shop,))
    page, chat = await in_shop(visit, service, await start(), shop)
    await page.evaluate("difyLive.open()")
    await holds(page, "told.some(([event]) => event === 'ready')")
    forged = {"type": "dify-live:event", "event": "answer", "detail": {"text": "Forged"}}
    await page.evaluate("(data) => postMessage(data, '*')", forged)
    origin = f"{{ data: {forged}, origin: '{service.url}', source: window }}"
    await page.evaluate(f"dispatchEvent(new MessageEvent('message', {origin}))")
    frame = page.frames[1]
    for sender in ("origin: 'https://other.example', source: parent", "origin: location.origin, source: window"):
        data = "{ type: 'dify-live:ask', text: 'Forged' }"
        await frame.evaluate(f"dispatchEvent(new MessageEvent('message', {{ data: {data}, {sender} }}))")
    await page.evaluate("difyLive.ask('Mine')")
    await holds(page, "told.some(([event]) => event === 'answer')")
    await expect(chat.locator(".question .text")).to_have_text(["Mine"])
    assert "Forged" not in repr(await page.evaluate("told"))


async def test_on_a_phone_it_is_a_sheet_over_all_of_the_page(shop, start, visit):
    service = await start(frame_ancestors=(shop,))
    page, chat = await in_shop(visit, service, await start(), shop, color="gold", **PHONE)
    bubble = page.get_by_role("button", name="Ask us")
    await bubble.tap()
    await expect(chat.locator("#state")).to_have_text("Connected")
    sheet = page.get_by_role("dialog", name="Ask us")
    assert await sheet.bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 844}
    assert await chat.locator("#composer").evaluate("(node) => node.getBoundingClientRect().bottom <= innerHeight")
    await expect(bubble).to_be_hidden()
    await page.mouse.move(200, 20)
    await page.mouse.wheel(0, 500)
    await page.get_by_role("button", name="Help").evaluate("(node) => node.focus()")
    close = sheet.get_by_role("button", name="Close the chat")
    await expect(close).to_be_focused()
    await expect(page.locator("html")).to_have_css("overflow", "hidden")
    assert await page.evaluate("scrollY") == 0
    await expect(sheet).to_have_css("background-color", "rgb(255, 215, 0)")
    await expect(close).to_have_css("color", "rgb(0, 0, 0)")  # of black and white, what can be read on it
    await accessible(page)
    await close.tap()
    await expect(sheet).to_be_hidden()
    await expect(bubble).to_be_focused()
    await expect(page.locator("html")).to_have_css("overflow", "visible")
    await page.keyboard.press("Enter")
    await chat.locator("#question").press("Escape")
    await expect(bubble).to_be_focused()
    await page.keyboard.press("Enter")
    await page.set_viewport_size({"width": 900, "height": 844})  # turned, or on a larger screen
    await expect(page.locator("html")).to_have_css("overflow", "visible")
    assert (await sheet.bounding_box())["width"] == 402
    await expect(chat.locator("#state")).to_have_text("Connected")


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
