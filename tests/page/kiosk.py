"""The screen that many people use, one after the other, in a real Chromium."""

import pytest
from playwright.async_api import expect

from tests.page.browser import EXPECTED_NOISE, PLAIN_APP

COME_BACK = "dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))"  # from the back-forward cache
SECRET = "the red folder"
KEPT = """(async () => JSON.stringify([
  { ...sessionStorage }, { ...localStorage }, await indexedDB.databases(), await caches.keys(), document.body.innerText,
]))()"""
SOUNDS = """
  window.sounding = new Set();
  const { start, stop } = AudioBufferSourceNode.prototype;
  AudioBufferSourceNode.prototype.start = function (...when) {
    sounding.add(this);
    this.addEventListener("ended", () => sounding.delete(this));
    start.apply(this, when);
  };
  AudioBufferSourceNode.prototype.stop = function () {
    sounding.delete(this);
    stop.apply(this);
  };
"""


class Screen:
    """The page, and what a person does on it."""

    def __init__(self, page):
        self.page = page
        self.chat = page.frame_locator("iframe")
        self.begin_button = page.locator("#begin:enabled")

    @property
    def frame(self):
        return self.page.frames[-1]

    async def begin(self):
        await self.begin_button.click()
        await expect(self.page.locator("#attract")).to_be_hidden()

    async def ask(self, question):
        await self.chat.locator("#question").fill(question)
        await self.chat.locator("#question").press("Enter")

    def answer(self, state):
        return self.chat.locator(f".answer[data-state={state}]").last

    async def token(self):
        return await self.page.evaluate("JSON.parse(sessionStorage['dify-live:token'] ?? null)")

    async def is_clean(self, but=()):
        """What the browser keeps, and what is to be seen, has nothing of the person before."""
        await expect(self.page.locator("#attract")).to_be_visible()
        await expect(self.begin_button).to_be_visible()
        await expect(self.page.locator("iframe")).to_have_count(1)
        await expect(self.chat.locator(".message, dialog[open], #files li, #snackbars p")).to_have_count(0)
        await expect(self.chat.locator("#question")).to_have_value("")
        await expect(self.page.locator("dialog[open]")).to_have_count(0)
        kept = await self.page.evaluate(KEPT)
        assert [word for word in (SECRET, *but) if word in kept] == []


@pytest.fixture
async def screen(browser, dify, with_dify):
    """Such a screen in front of the fake Dify; a fault in a script fails the test."""
    complaints, contexts = [], []
    dify.parameters |= PLAIN_APP

    async def screen(seconds=90, app=None, script="", clock=False, **settings):
        dify.parameters |= app or {}
        context = await browser.new_context(locale="en-GB", viewport={"width": 768, "height": 1024})
        contexts.append(context)
        if clock:
            await context.clock.install()
        await context.add_init_script(SOUNDS + script)
        page = await context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        screen.service = await with_dify(**settings)
        await page.goto(f"{screen.service.url}/chat?kiosk={seconds}")
        return Screen(page)

    yield screen
    for context in contexts:
        await context.close()
    assert [words for words in complaints if not any(noise in words for noise in EXPECTED_NOISE)] == []
