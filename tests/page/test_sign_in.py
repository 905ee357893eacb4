"""The chat page where users must prove who they are: another site's page around it gives it their tokens."""

import asyncio
import json
import time

import jwt
import pytest
from aiohttp import web
from playwright.async_api import expect

from tests import fake_dify
from tests.conftest import eventually, logged
from tests.page.browser import holds
from tests.page.test_connection import words_then
from tests.page.test_sign_in_examples import SECRET, example

KEEPS_CHAT = "addEventListener('message', ({ source }) => (window.chat = source));"
TELLS_CHAT = "(token) => chat.postMessage({ type: 'dify-live:token', token }, '*')"
BUBBLE = '<script src="{service}/static/js/embed.js" {attributes} defer></script>'
BY_FUNCTION = "window.difyLive = { token: async () => (await fetch('/chat-token')).text() };"
NOT_SIGNED_IN = "Please sign in to use this chat."
REFUSED = "Your sign-in is not valid. Please reload the page."
COUNTS = """(address) => {
  window.seen = 0; // messages of this address; the chat and its site tell each other more
  addEventListener("message", ({ origin }) => (seen += origin === new URL(address).origin));
}"""
STRANGER = """
  window.heard = [];
  addEventListener("message", ({ data }) => heard.push(data));
  function tell(target) {
    target.postMessage({ type: "dify-live:token" }, "*");
    target.postMessage({ type: "dify-live:token", token: "a.b.c" }, "*");
  }
"""


def token_for(user, seconds=600):
    return jwt.encode({"sub": user, "exp": int(time.time() + seconds)}, SECRET, "HS256")


def served(text, content_type):
    async def handle(_):
        return web.Response(text=text, content_type=content_type)

    return handle


class Site:
    """Another site's page. `script` is its own, `body` brings the chat; `token()` is what its route replies."""

    def __init__(self):
        self.script = BY_FUNCTION
        self.body = BUBBLE
        self.attributes = ""
        self.token = lambda: token_for("mia")
        self.asked = 0

    def app(self):
        app = web.Application()
        app.add_routes([web.get("/", self.page), web.get("/site.js", self.own_script)])
        app.add_routes([web.get("/chat-token", self.token_route)])
        return app

    async def page(self, request):
        body = self.body.format(service=request.query["service"], attributes=self.attributes)
        head = '<title>Site</title><link rel="icon" href="data:,"><script src="/site.js" defer></script>'
        return web.Response(text=f'<!doctype html><html lang="en">{head}{body}', content_type="text/html")

    async def own_script(self, request):
        return web.Response(text=self.script, content_type="text/javascript")

    async def token_route(self, _):
        self.asked += 1
        return web.Response(text=self.token(), headers={"Cache-Control": "no-store"})


@pytest.fixture
async def site(aiohttp_server):
    site = Site()
    site.url = str((await aiohttp_server(site.app())).make_url("/")).rstrip("/")
    return site


@pytest.fixture
async def stranger(aiohttp_server):
    """The address of a page of another origin, which asks for tokens as the chat does, and offers one."""
    html = '<!doctype html><title>Stranger</title><link rel="icon" href="data:,"><script src="/stranger.js"></script>'
    app = web.Application()
    app.add_routes([web.get("/", served(html, "text/html"))])
    app.add_routes([web.get("/stranger.js", served(STRANGER, "text/javascript"))])
    return str((await aiohttp_server(app)).make_url("/")).replace("127.0.0.1", "localhost")


@pytest.fixture
async def service(site, with_dify):
    return await with_dify(auth_jwt_secret=SECRET, frame_ancestors=(site.url,))


@pytest.fixture
def enter(site, service, visit):
    """Open the site's page, and the bubble, if it has one; returns the page and the chat in its frame."""

    async def enter():
        page = await visit(service, "/docs")  # any page, to be left
        await page.goto(f"{site.url}/?service={service.url}")
        if site.body.startswith(BUBBLE):
            await page.get_by_role("button", name="Open the chat").click()
        return page, page.frame_locator("iframe[title=Chat]")

    return enter


async def ask(chat, question):
    await chat.locator("#question").fill(question)
    await chat.locator("#question").press("Enter")


async def is_connected(chat):
    await expect(chat.locator("#state")).to_have_text("Connected")


async def frame_at(page, url):
    """The frame of the page that shows this address."""

    def found():
        return [frame for frame in page.frames if frame.url.startswith(url)]

    await eventually(found)
    return found()[0]


@pytest.fixture
def brief_tokens(monkeypatch):
    """Tokens end when they say so."""
    for module in ("admission.jwt_authenticator", "chat.authentication"):
        monkeypatch.setattr(f"service.{module}.LEEWAY_SECONDS", 0)


@pytest.mark.smoke
async def test_a_token_that_ends_amid_a_conversation_is_renewed_and_answers_go_on(
    site, service, enter, dify, events, brief_tokens
):
    given = []

    def token():
        given.append(token_for("mia", 600 if given else 4))
        return given[-1]

    site.token = token
    dify.plays(fake_dify.say("Hello Mia."), fake_dify.say("Still here."))
    page, chat = await enter()
    await is_connected(chat)
    await ask(chat, "Hello")
    await expect(chat.locator(".answer .text")).to_have_text("Hello Mia.")
    await eventually(lambda: len(given) == 2)
    ends_at = jwt.decode(given[0], options={"verify_signature": False})["exp"]
    await eventually(lambda: time.time() > ends_at + 0.5)
    await ask(chat, "Are you still there?")
    await expect(chat.locator(".answer .text").last).to_have_text("Still here.")
    await chat.get_by_role("button", name="Good answer").last.click()
    await expect(chat.locator("#progress")).to_have_text("Thank you.")
    assert [question["user"] for question in dify.questions] == ["mia", "mia"]
    assert len(logged(events, "connection.opened")) == 1
    frame = await frame_at(page, service.url)
    kept = await frame.evaluate("JSON.stringify([{ ...sessionStorage }, { ...localStorage }, location.href])")
    assert not [token for token in given if token in kept]


async def test_who_is_not_signed_in_reads_so_and_goes_on_once_they_are(site, enter, dify):
    site.script = "window.difyLive = { token: () => Promise.reject(new Error('nobody')) };"
    page, chat = await enter()
    state = chat.locator("#state")
    await expect(state).to_have_text(NOT_SIGNED_IN)
    await ask(chat, "Hello")
    await expect(chat.locator(".question .note")).to_contain_text("Waiting for the connection")
    await chat.locator("#language").click()
    await expect(state).to_have_text("请先登录，再使用聊天。")
    await page.evaluate("window.difyLive.token = async () => (await fetch('/chat-token')).text()")
    await expect(chat.locator(".answer")).to_have_attribute("data-state", "done", timeout=40_000)
    await expect(chat.locator("#talk")).to_contain_text("Hello")
    assert [question["user"] for question in dify.questions] == ["mia"]


async def test_an_answer_goes_on_when_its_person_was_signed_out_for_a_while(site, enter, dify, brief_tokens):
    more = asyncio.Event()
    dify.plays(words_then(more, "Half ", "and whole."))
    site.token = lambda: token_for("mia", 6) if site.asked == 1 else ""
    _, chat = await enter()
    await is_connected(chat)
    await ask(chat, "Hello")
    await expect(chat.locator(".answer .text")).to_have_text("Half")
    await expect(chat.locator("#state")).to_have_text(NOT_SIGNED_IN, timeout=20_000)
    site.token = lambda: token_for("mia")
    await expect(chat.locator("#state")).to_have_text("Connected", timeout=40_000)
    more.set()
    await expect(chat.locator(".answer .text")).to_have_text("Half and whole.")
    assert len(dify.questions) == 1


async def test_a_token_in_the_page_that_has_expired_is_told_of(site, enter):
    site.script, site.attributes = "", f'data-token="{token_for("mia", -60)}"'
    page, chat = await enter()
    await expect(chat.locator("#state")).to_have_text(REFUSED)
    fresh = token_for("mia")
    await page.evaluate("(token) => (document.querySelector('[data-token]').dataset.token = token)", fresh)
    await expect(chat.locator("#state")).to_have_text("Connected", timeout=40_000)


async def test_a_page_that_stands_alone_says_where_it_belongs(service, browser):
    context = await browser.new_context(locale="en-GB")
    page = await context.new_page()
    await page.goto(f"{service.url}/chat")
    words = "This chat works only within its own site."
    await expect(page.locator("#state")).to_have_text(words)
    await page.set_viewport_size({"width": 320, "height": 480})
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await context.close()


async def test_a_stranger_s_frame_gets_no_token_beside_the_bubble_nor_in_its_place(site, service, enter, stranger):
    site.body += f'<iframe title="Stranger" src="{stranger}"></iframe>'
    page, chat = await enter()
    await is_connected(chat)
    await page.evaluate(COUNTS, stranger)
    beside = await frame_at(page, stranger)
    await beside.evaluate("tell(parent)")
    await holds(page, "seen === 2")
    chat_frame = await frame_at(page, service.url)
    await chat_frame.goto(f"{stranger}?in-its-place")
    await chat_frame.evaluate("tell(parent)")
    await holds(page, "seen === 4")
    await page.evaluate("fetch('/chat-token').then((reply) => reply.text())")
    assert site.asked == 2  # by the chat, and just now
    for frame in (beside, chat_frame):
        assert await frame.evaluate("heard") == []


async def test_a_frame_without_the_bubble_gets_its_token_as_the_docs_say_and_none_of_a_stranger(
    site, service, enter, stranger, http, dify
):
    body, _, script = (await example(http, service, "sign-in-frame")).partition("<script>")
    site.body = body.replace("https://chat.example.com", "{service}") + f'<iframe src="{stranger}"></iframe>'
    site.script = script.replace("https://chat.example.com", service.url).removesuffix("</script>")
    page, chat = await enter()
    await is_connected(chat)
    chat_frame = await frame_at(page, service.url)
    await chat_frame.evaluate(COUNTS, stranger)
    await (await frame_at(page, stranger)).evaluate("tell(parent[0])")
    await holds(chat_frame, "seen === 2")
    await ask(chat, "Hello")
    await expect(chat.locator(".answer")).to_have_attribute("data-state", "done")
    assert [question["user"] for question in dify.questions] == ["mia"]
    assert site.asked == 1


async def has_kept(connect, service, user, token, turn):
    """Whether the service still knows that turn of them."""
    client = await connect(service, headers={"Authorization": f"Bearer {token_for(user)}"})
    await client.say({"type": "resume", "token": token, "id": turn, "offset": 0})
    return (await client.frames_until_end())[-1]["type"] == "chat"


async def test_a_screen_for_many_in_a_site_is_another_s_as_soon_as_another_signs_in(
    site, service, enter, http, connect, dify, events
):
    """And the one before is forgotten as who they were."""
    body, _, script = (await example(http, service, "sign-in-frame")).partition("<script>")
    site.body = body.replace("https://chat.example.com", "{service}").replace("?embed=1", "?kiosk=90")
    site.body = site.body.replace("<iframe", '<iframe allow="microphone; autoplay; screen-wake-lock"')
    site.script = script.replace("https://chat.example.com", service.url).removesuffix("</script>") + KEEPS_CHAT
    page, screen = await enter()
    chat = screen.frame_locator("iframe")
    await screen.locator("#begin:enabled").click()
    await ask(chat, "What ails me?")
    await expect(chat.locator(".answer")).to_have_attribute("data-state", "done")
    frame = await frame_at(page, service.url)
    token = await frame.evaluate("JSON.parse(sessionStorage['dify-live:token'])")
    turn = await chat.locator(".answer").get_attribute("data-id")
    assert await has_kept(connect, service, "mia", token, turn)
    await page.evaluate(TELLS_CHAT, token_for("mia", 700))  # renewed: nothing changes
    site.token = lambda: token_for("ben")
    await page.evaluate(TELLS_CHAT, token_for("ben"))
    await expect(screen.locator("#attract")).to_be_visible()
    await eventually(lambda: logged(events, "client.forgotten"))
    assert not await has_kept(connect, service, "mia", token, turn)
    await screen.locator("#begin:enabled").click()
    await expect(chat.locator(".message")).to_have_count(0)
    await ask(chat, "Hello")
    await expect(chat.locator(".answer")).to_have_attribute("data-state", "done")
    assert [question["user"] for question in dify.questions] == ["mia", "ben"]


async def test_what_one_person_said_is_gone_when_another_signs_in(site, service, enter, dify):
    site.script += KEEPS_CHAT
    page, chat = await enter()
    await is_connected(chat)
    await ask(chat, "What ails me?")
    await expect(chat.locator(".answer")).to_have_attribute("data-state", "done")
    await chat.locator("#question").fill("a draft")
    site.token = lambda: token_for("ben")
    await page.evaluate(TELLS_CHAT, token_for("mia", 700))  # renewed: nothing changes
    await expect(chat.locator(".question")).to_have_count(1)
    await page.evaluate(TELLS_CHAT, token_for("ben"))
    await expect(chat.locator(".question")).to_have_count(0)
    await is_connected(chat)
    await expect(chat.locator("#question")).to_have_value("")
    await ask(chat, "Hello")
    await expect(chat.locator(".answer")).to_have_attribute("data-state", "done")
    assert [question["user"] for question in dify.questions] == ["mia", "ben"]
    frame = await frame_at(page, service.url)
    assert "ails" not in json.dumps(await frame.evaluate("({ ...sessionStorage })"))
