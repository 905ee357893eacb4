"""The chat page on paper and in windows of a few lines."""

import re

import pytest
from playwright.async_api import expect

from tests import fake_dify
from tests.page.browser import answer, ask, ends

CITED = {"retriever_resources": [{"document_name": "menu.pdf", "content": "Soup of the day"}]}
A4_PIXELS = 718  # between the margins of a browser
WIDE_TABLE = f"| {' | '.join(['A-long-heading'] * 20)} |\n{'| --- ' * 20}|\n{'| cell ' * 20}|\n\n"


async def test_paper_has_the_whole_conversation_dark_on_white_and_no_controls(with_dify, dify, visit):
    paragraphs = "".join(f"Paragraph {number}.\n\n" for number in range(150))
    whole = [
        ("message", {"answer": "<think>Let me see.</think>\n\n" + paragraphs + WIDE_TABLE}),
        ("message_end", {"metadata": CITED}),
    ]
    dify.plays(fake_dify.events(*whole), fake_dify.until_stopped("Half"))
    page = await visit(await with_dify(), color_scheme="dark", viewport={"width": 800, "height": 400})
    await ask(page, "Everything?")
    await ends(page)
    await ask(page, "More?")
    await expect(answer(page).locator(".text")).to_have_text("Half")
    read = await page.evaluate("(log.scrollTop = 300)")
    await page.evaluate("""() => addEventListener("beforeprint", () => {
      window.unfolded = Array.from(document.querySelectorAll("details"), ({ open }) => open);
    })""")
    paper = await page.pdf()
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) >= 4
    assert await page.evaluate("unfolded") == [False, True]  # thoughts are no part of the answer
    assert await page.locator("details[open]").count() == 0
    assert await page.evaluate("log.scrollTop") == read
    await page.emulate_media(media="print")
    shown = await page.locator("body *").evaluate_all("""(all) => {
      const isShown = (node) => node.getClientRects().length;
      const clips = (node) => isShown(node) && getComputedStyle(node).overflowY !== "visible";
      return {
        controls: all.filter((node) => node.matches("button, input, textarea, select") && isShown(node)).length,
        clipping: all.filter((node) => clips(node) && !node.matches(".visually-hidden, img")).map((one) => one.tagName),
        beyond: all.filter((node) => node.getBoundingClientRect().right > innerWidth).map(({ tagName }) => tagName),
        end: all.filter((node) => node.matches(".answer")).at(-1).getBoundingClientRect().bottom + scrollY,
        height: document.documentElement.scrollHeight,
      };
    }""")
    assert (shown["controls"], shown["clipping"], shown["beyond"]) == (0, [], [])
    assert shown["end"] <= shown["height"]
    lightness = "(name) => getComputedStyle(document.body)[name].match(/\\d+/g).map(Number)"
    assert min(await page.evaluate(f"({lightness})('backgroundColor')")) > 240
    assert max(await page.evaluate(f"({lightness})('color')")) < 64
    await expect(page.locator(".question .text")).to_have_text(["Everything?", "More?"])


@pytest.mark.parametrize("columns", [3, 8, 24, 40])
async def test_a_table_fits_on_paper_however_wide_it_is(with_dify, dify, visit, columns):
    table = f"| {' | '.join(['Heading'] * columns)} |\n{'| --- ' * columns}|\n{'| some `code` ' * columns}|\n"
    dify.plays(fake_dify.say(table))
    page = await visit(await with_dify(), viewport={"width": A4_PIXELS, "height": 1000})
    await ask(page, "A table?")
    await ends(page)
    await page.emulate_media(media="print")
    assert await page.locator("table").evaluate("(table) => table.getBoundingClientRect().right") <= A4_PIXELS


@pytest.mark.parametrize("size", [(640, 160), (320, 180)], ids=str)
async def test_a_window_of_a_few_lines_leaves_the_field_and_the_answer_to_be_used(with_dify, dify, visit, size):
    """640 by 160 is a phone with its keyboard, 320 by 180 a small screen at 400 per cent."""
    width, height = size
    dify.plays(fake_dify.say("Words that fill more than a line of such a window, and then some more of them."))
    page = await visit(await with_dify(), viewport={"width": width, "height": height}, has_touch=True)
    for text in ("A question", "and\nthree\nlines"):
        await page.fill("#question", text)
        for part in ("#question", "#send"):
            await expect(page.locator(part)).to_be_in_viewport(ratio=1)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
    await page.press("#question", "Enter")
    await ends(page)
    await expect(page.locator("#question")).to_be_in_viewport(ratio=1)
    log = await page.locator("#log").bounding_box()
    assert log["height"] >= 40
    await expect(answer(page)).to_be_in_viewport()
    for part in ("#new", "#language", "#theme", "#send"):
        await page.locator(part).scroll_into_view_if_needed()
        await expect(page.locator(part)).to_be_in_viewport(ratio=1)
