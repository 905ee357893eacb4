"""Where the page cannot run it says so; where it can, nobody sees that sentence."""

import pytest
from playwright.async_api import expect

from tests.page.browser import STATIC

ENGLISH = "The chat cannot run here."
CHINESE = "聊天无法在此运行"


@pytest.fixture
async def meet(browser, start):
    """Open the chat page in a browser that lacks something."""
    contexts = []

    async def meet(script="", broken="", **options):
        context = await browser.new_context(**options)
        contexts.append(context)
        await context.add_init_script(script)
        page = await context.new_page()
        if broken:
            await page.route(f"**/{broken}", lambda route: route.fulfill(content_type="text/javascript", body="/(/"))
        await page.goto(f"{(await start()).url}/chat")
        return page

    yield meet
    for context in contexts:
        await context.close()


@pytest.mark.parametrize(
    "lacks",
    [
        {"java_script_enabled": False},
        {"script": "delete Array.prototype.at"},  # Chromium 91, Safari 15.3, Firefox 89
        {"script": "delete window.HTMLDialogElement"},  # Firefox 97
        {"broken": "js/inline.js"},
        {"broken": "js/chat.js"},
    ],
    ids=str,
)
async def test_a_browser_that_cannot_run_the_page_says_so_and_shows_nothing_else(meet, lacks):
    page = await meet(**lacks)
    for words in (ENGLISH, CHINESE):
        await expect(page.get_by_text(words)).to_be_visible()
    for part in ("header", "main"):
        await expect(page.locator(part)).to_be_hidden()


async def test_a_browser_that_runs_the_page_shows_all_of_it(meet):
    page = await meet()
    await expect(page.locator("html")).to_have_attribute("data-stage", "ready")
    await expect(page.get_by_text(ENGLISH)).to_be_hidden()
    await expect(page.locator("#question")).to_be_visible()


def test_the_first_script_is_read_by_browsers_of_any_age():
    """It is ECMAScript 3 (make engines parses it as such): else an old browser would be left without a word."""
    newer = ["=>", "`", "const ", "let ", "class ", "...", "?.", "??", "catch {", "async ", "import "]
    assert [word for word in newer if word in (STATIC / "js/boot.js").read_text()] == []
