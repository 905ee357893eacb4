"""The chat page in a real Chromium: fixtures and small helpers of the tests that look at it."""

import asyncio
import os
import shutil
from functools import partial
from pathlib import Path

import pytest
from playwright.async_api import async_playwright, expect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NODE = shutil.which("node")
STATIC = Path(__file__).parents[1] / "static"
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
           "--disable-background-networking", "--disable-component-update"]  # fmt: skip
EXPECTED_NOISE = ("ERR_CONNECTION_REFUSED", "ERR_INTERNET_DISCONNECTED")

APP = {
    "name": "Ward 7",
    "mode": "chat",
    "source": "dify",
    "opening_statement": "",
    "suggested_questions": [],
    "suggested_questions_after_answer": False,
    "speech_to_text": False,
    "text_to_speech": False,
    "speaks_by_itself": False,
    "citations": False,
    "upload": None,
    "inputs": [],
    "stale": False,
}


@pytest.fixture
async def browser():
    """A new browser for each test, so that nothing of it is left after."""
    if CHROMIUM is None and not os.environ.get("REQUIRE_BROWSER"):
        pytest.skip("no Chromium on this machine")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        await browser.close()


@pytest.fixture
async def visit(browser):
    """Open a page of a service as a person of their own; a fault in its script fails the test.

    `app` changes what the page learns of the app, `replies` what else the routes under /api say.
    """
    complaints = []

    async def visit(service, path="/chat", *, app=None, replies=None, **options):
        context = await browser.new_context(**{"locale": "en-GB"} | options)
        page = await context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        page.calls = []
        await page.route("**/api/**", partial(_reply, page.calls, {"app": APP | (app or {})} | (replies or {})))
        await page.goto(f"{service.url}{path}")
        if path.startswith("/chat"):
            await expect(page.locator("#state[data-state=open]")).to_be_visible()
            await expect(page.locator("#welcome > *, .message").first).to_be_attached()
        return page

    yield visit
    assert [words for words in complaints if not any(noise in words for noise in EXPECTED_NOISE)] == []


async def _reply(calls, replies, route):
    request = route.request
    path = request.url.partition("/api/")[2]
    if path != "app":
        calls.append((path, request.headers.get("authorization"), request.post_data_buffer))
    reply = replies.get(path.rpartition("/")[2])
    if isinstance(reply, asyncio.Event):
        await reply.wait()
        reply = None
    await route.fulfill(json=reply if isinstance(reply, dict) and "code" in reply else _ok(reply))


def _ok(data):
    return {"code": 200, "message": "Operation successful", "data": data}


async def ask(page, question):
    await page.fill("#question", question)
    await page.press("#question", "Enter")


def answer(page):
    return page.locator(".message.answer").last


async def ends(page, state="done"):
    await expect(answer(page)).to_have_attribute("data-state", state)
