"""The chat page in a real Chromium: fixtures and small helpers of the tests that look at it."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest
from playwright.async_api import async_playwright, expect

from tests.conftest import PATIENCE_SECONDS
from tests.told import told

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NODE = shutil.which("node")
AXE = Path(__file__).parents[1] / "axe/node_modules/axe-core/axe.min.js"
AXE_OPTIONS = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
STATIC = Path(__file__).parents[2] / "static"
FAR_HOST = "ward.example"  # not this machine, for a browser: what comes from it by plain http is not secure
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
           "--disable-background-networking", "--disable-component-update",
           f"--host-resolver-rules=MAP {FAR_HOST} 127.0.0.1"]  # fmt: skip
# What Chromium says of a lost network and of a refused call; the page says it in words of its own.
EXPECTED_NOISE = (
    "ERR_CONNECTION_REFUSED", "ERR_INTERNET_DISCONNECTED", "the server responded with a status of",
    "frame-ancestors 'self'",
)  # fmt: skip
# Nothing of an app that a test did not ask for.
PLAIN_APP = {
    "opening_statement": "",
    "suggested_questions": [],
    "suggested_questions_after_answer": {"enabled": False},
}
expect.set_options(timeout=1_000 * PATIENCE_SECONDS)


@pytest.fixture(scope="session")
async def browser():
    """One for all tests of a process; each test has contexts of its own."""
    if CHROMIUM is None and not os.environ.get("REQUIRE_BROWSER"):
        pytest.skip("no Chromium on this machine")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        await browser.close()


@pytest.fixture
async def visit(browser, dify):
    """Open a page of a service as a person of their own; a fault in its script fails the test.

    `script` runs before the page's own.
    """
    complaints, contexts = [], []
    dify.parameters |= PLAIN_APP

    async def visit(service, path="/chat", *, script="", **options):
        context = await browser.new_context(**{"locale": "en-GB"} | options)
        contexts.append(context)
        await context.add_init_script(script)
        page = await context.new_page()
        page.set_default_timeout(1_000 * PATIENCE_SECONDS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: told.logged.append(message.text))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        await page.goto(f"{service.url}{path}")
        if path.startswith("/chat"):
            await expect(page.locator("#state[data-state=open]")).to_be_visible()
            await expect(page.locator("#welcome > *, .message").first).to_be_attached()
            await expect(page.locator(".voice-bar")).to_be_attached()  # the voice comes last
        return page

    yield visit
    for context in contexts:
        await context.close()
    assert [words for words in complaints if not any(noise in words for noise in EXPECTED_NOISE)] == []


async def watched(visit, service, **options):
    """A page whose sockets the test can break."""
    page = await visit(service, **options)
    await page.add_init_script("""
      window.sockets = [];
      window.WebSocket = class extends WebSocket {
        constructor(...args) { super(...args); sockets.push(this); }
      };
    """)
    await page.reload()
    await expect(page.locator("#state[data-state=open]")).to_be_visible()
    return page


async def ask(page, question):
    await page.fill("#question", question)
    await page.press("#question", "Enter")


def answer(page):
    return page.locator(".message.answer").last


async def ends(page, state="done"):
    await expect(answer(page)).to_have_attribute("data-state", state)


async def holds(page, condition):
    """Wait until this JavaScript is true: Playwright's own way is forbidden by the page's Content-Security-Policy."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await page.evaluate(condition):
            await asyncio.sleep(0.01)


async def accessible(page, state=""):
    """axe-core finds nothing wrong with the page as it is now, and it is not wider than its window."""
    if not AXE.exists() and not os.environ.get("REQUIRE_BROWSER"):
        pytest.skip("no axe-core: npm did not bring it")
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE.read_text())
    found = await page.evaluate("(options) => axe.run(document, options)", AXE_OPTIONS)
    assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == [], state
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), state
