"""The chat page in a real Chromium, on the real service."""

import asyncio
import os
import re
import shutil
from pathlib import Path

import pytest
from playwright.async_api import async_playwright, expect

from tests import fake_dify
from tests.conftest import eventually

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MODULES = Path(__file__).parents[1] / "static/js"
NODE = shutil.which("node")

if CHROMIUM is None and not os.environ.get("REQUIRE_BROWSER"):
    pytest.skip("no Chromium on this machine", allow_module_level=True)

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "[click](javascript:alert(1))",
    "[click](data:text/html,<script>alert(1)</script>)",
    "![x](http://tracker.example/pixel.png)",
    "<a href='javascript:alert(1)'>x</a>",
    '[a](https://x.example/"onmouseover=alert(1))',
    "<svg/onload=alert(1)>",
    "`<b>`",
    "```html\n<img src=x onerror=alert(1)>\n```",
]


@pytest.fixture
async def browser():
    """A new browser for each test, so that nothing of it is left after."""
    async with async_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
                   "--disable-background-networking", "--disable-component-update"]  # fmt: skip
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        await browser.close()


@pytest.fixture
async def visit(browser):
    """Open the chat page of a service; a fault in its script fails the test."""
    complaints = []

    async def visit(service, **options):
        page = await browser.new_page(**options)
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        await page.goto(f"{service.url}/chat")
        await expect(page.locator("#state")).to_have_text("Connected")
        return page

    yield visit
    assert [words for words in complaints if "ERR_CONNECTION_REFUSED" not in words] == []


async def ask(page, question):
    await page.fill("#question", question)
    await page.press("#question", "Enter")


def answer(page):
    return page.locator(".message.answer").last


async def test_a_question_is_answered_while_the_answer_is_written(with_dify, dify, visit):
    more = asyncio.Event()

    async def scene(stage):
        await stage.open()
        await stage.event("message", answer="The first words, ")
        await more.wait()
        await stage.event("message", answer="and the last.")
        await stage.end()

    dify.plays(scene)
    page = await visit(await with_dify())
    await ask(page, "How are you?")
    await expect(answer(page).locator(".text")).to_have_text("The first words,")
    await expect(answer(page)).to_have_attribute("data-state", "streaming")
    assert dify.finished == 0
    more.set()
    await expect(answer(page).locator(".text")).to_have_text("The first words, and the last.")
    await expect(answer(page)).to_have_attribute("data-state", "done")
    await expect(answer(page).locator(".detail")).to_contain_text("3 tokens")
    await expect(page.locator(".message.question .text")).to_have_text("How are you?")


async def test_a_conversation_goes_on_with_the_next_question(with_dify, dify, visit):
    page = await visit(await with_dify())
    for number in (1, 2):
        await ask(page, f"Question {number}")
        await expect(page.locator(".message.answer[data-state=done]")).to_have_count(number)
    first, second = dify.questions
    assert "conversation_id" not in first
    assert second["conversation_id"]
    assert first["user"] == second["user"]


@pytest.mark.parametrize("way", ["button", "escape"])
async def test_an_answer_can_be_stopped(with_dify, dify, visit, way):
    dify.plays(fake_dify.until_stopped("Some words"))
    page = await visit(await with_dify())
    await ask(page, "Hello")
    await expect(answer(page).locator(".text")).to_have_text("Some words")
    if way == "button":
        await page.get_by_role("button", name="Stop").click()
    else:
        await page.keyboard.press("Escape")
    await expect(answer(page)).to_have_attribute("data-state", "stopped")
    await expect(answer(page).locator(".note")).to_have_text("stopped")
    await expect(page.get_by_role("button", name="Send")).to_be_visible()
    await eventually(lambda: len(dify.stops) == 1)


async def test_a_mock_answer_says_so_in_words(start, visit):
    page = await visit(await start())
    await expect(page.locator("#banner")).to_be_visible()
    await ask(page, "Where is the garden?")
    await expect(answer(page)).to_have_attribute("data-state", "done")
    await expect(answer(page).locator(".text")).to_contain_text("Where is the garden?")
    await expect(answer(page).locator(".note")).to_have_text("mock answer")


async def test_an_answer_that_breaks_off_keeps_its_text_and_says_so(with_dify, dify, visit):
    dify.plays(fake_dify.replay("3e_basic_failat5_streaming"))
    page = await visit(await with_dify())
    await expect(page.locator("#banner")).to_be_hidden()
    await ask(page, "Hello")
    await expect(answer(page)).to_have_attribute("data-state", "incomplete")
    await expect(answer(page).locator(".text")).to_contain_text("Token0")
    await expect(answer(page).locator(".note")).to_contain_text("broken off")


async def test_a_withdrawn_answer_disappears(with_dify, dify, visit):
    dify.plays(fake_dify.replay("1s_moderated_output", pause=0.001))
    page = await visit(await with_dify())
    await ask(page, "Hello")
    await expect(answer(page)).to_have_attribute("data-state", "done")
    await expect(answer(page).locator(".text")).to_have_text("Output blocked.")


async def test_hostile_text_is_shown_as_text_and_loads_nothing(with_dify, dify, visit):
    dify.plays(fake_dify.say("\n\n".join(HOSTILE)))
    page = await visit(await with_dify())
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    await ask(page, "<img src=x onerror=alert(1)>")
    await expect(answer(page)).to_have_attribute("data-state", "done")
    shown = await answer(page).locator(".text").inner_text()
    assert "<img src=x onerror=alert(1)>" in shown
    assert "<script>alert(1)</script>" in shown
    await expect(page.locator(".message.question .text")).to_have_text("<img src=x onerror=alert(1)>")
    assert await page.locator(".message :is(img, script, svg, iframe, [onerror], [onmouseover])").count() == 0
    links = await page.locator(".message a").evaluate_all("links => links.map(link => link.href)")
    assert [link for link in links if not re.match(r"https?://|mailto:", link)] == []
    assert requests == []


async def test_markdown_becomes_what_it_means(with_dify, dify, visit):
    blocks = ["# Title", "- one\n- **two**\n  - deep", "| a | b |\n|---|---|\n| 1 | 2 |", "```py\nx = 1\n```"]
    dify.plays(fake_dify.say("\n\n".join(blocks)))
    page = await visit(await with_dify())
    await ask(page, "Hello")
    await expect(answer(page)).to_have_attribute("data-state", "done")
    text = answer(page).locator(".text")
    await expect(text.locator("h1")).to_have_text("Title")
    await expect(text.locator("ul ul li")).to_have_text("deep")
    await expect(text.locator("strong")).to_have_text("two")
    await expect(text.locator("td").nth(1)).to_have_text("2")
    await expect(text.locator("pre code")).to_have_text("x = 1")


async def test_the_page_survives_a_restart_of_the_service(with_dify, dify, visit):
    """The text so far is kept and marked, and what is asked meanwhile is sent once the service is back."""
    dify.plays(fake_dify.until_stopped("Half an answer"), fake_dify.say("Welcome back."))
    service = await with_dify()
    page = await visit(service)
    await ask(page, "Hello")
    await expect(answer(page).locator(".text")).to_have_text("Half an answer")
    await service.restart(meanwhile=lambda: expect(page.locator("#state")).to_have_text("Reconnecting…"))
    await expect(answer(page)).to_have_attribute("data-state", "incomplete")
    await expect(page.locator("#state")).to_have_text("Connected", timeout=20_000)
    await ask(page, "Are you there?")
    await expect(answer(page).locator(".text")).to_have_text("Welcome back.")
    assert [question["query"] for question in dify.questions] == ["Hello", "Are you there?"]


async def test_a_question_asked_while_offline_is_sent_once(with_dify, dify, visit):
    service = await with_dify()
    page = await visit(service)

    async def ask_meanwhile():
        await expect(page.locator("#state")).to_have_text("Reconnecting…")
        await ask(page, "Is anybody there?")
        await expect(page.locator(".message.question")).to_have_attribute("data-state", "pending")

    await service.restart(ask_meanwhile)
    await expect(answer(page).locator(".text")).to_have_text("Hello.", timeout=20_000)
    await expect(page.locator(".message.question")).to_have_attribute("data-state", "sent")
    assert len(dify.questions) == 1


async def test_a_page_that_was_replaced_says_why_and_does_not_come_back(start, visit, connect, events):
    service = await start()
    page = await visit(service)
    (opened,) = [event for event in events if event["event"] == "connection.opened"]
    await connect(service, f"/ws/chat/{opened['client_id']}")
    await expect(page.locator("#state")).to_contain_text("A newer connection with the same client id took over")
    await expect(page.get_by_role("button", name="Send")).to_be_disabled()


async def test_enter_breaks_no_composition_and_shift_enter_breaks_the_line(start, visit):
    page = await visit(await start())
    await page.fill("#question", "one")
    await page.press("#question", "Shift+Enter")
    await page.type("#question", "two")
    await page.dispatch_event("#question", "keydown", {"key": "Enter", "isComposing": True})
    assert await page.input_value("#question") == "one\ntwo"
    await expect(page.locator(".message")).to_have_count(0)
    await page.press("#question", "Enter")
    await expect(page.locator(".message.question .text")).to_have_text("one\ntwo")


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("path", ["chat", "docs"])
async def test_no_page_is_wider_than_its_window(start, visit, width, path):
    service = await start()
    page = await visit(service, viewport={"width": width, "height": 700})
    await page.goto(f"{service.url}/{path}")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.skipif(NODE is None and not os.environ.get("REQUIRE_BROWSER"), reason="no Node.js on this machine")
async def test_the_pure_modules_pass_their_own_tests():
    tests = sorted(str(path) for path in Path(__file__).parent.glob("js/*.test.mjs"))
    assert tests
    process = await asyncio.create_subprocess_exec(
        NODE, "--test", *tests, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await process.communicate()
    process._transport.close()
    assert process.returncode == 0, out.decode()


@pytest.mark.parametrize("module", sorted(MODULES.glob("**/*.js")), ids=lambda path: path.name)
def test_no_module_makes_markup_from_strings(module):
    ways = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
    assert re.findall(ways, module.read_text()) == []
