"""The reference in a real Chromium: it is searched, copied from, and read on a phone."""

import pytest
from playwright.async_api import expect

from tests.page.browser import accessible, holds

PHONE = {"width": 390, "height": 844}


@pytest.mark.slow
async def test_a_developer_looks_a_reason_up_and_copies_a_client(start, visit):
    page = await visit(await start(), "/docs", permissions=["clipboard-read", "clipboard-write"])
    await page.keyboard.press("/")
    await page.keyboard.type("turn_unreachable")
    await expect(page.locator("#hits b").first).to_have_text("turn_unreachable")
    await page.locator("#hits a").first.press("Enter")
    assert await page.evaluate("location.hash") == "#reason-turn_unreachable"
    await accessible(page, "with hits")
    await page.fill("#search", "no such word anywhere")
    await expect(page.locator("#hits-count")).to_have_text("Nothing found")
    await page.fill("#search", "")
    await expect(page.locator("#contents a[href='#frames']")).to_be_visible()

    await page.locator("label", has_text="Python").click()
    code = page.locator("#ten-lines-python")
    await expect(code).to_be_visible()
    await expect(page.locator("#ten-lines-javascript")).to_be_hidden()
    await page.locator(".code", has=code).locator("button").click()
    await expect(page.locator(".code", has=code).locator("button")).to_have_text("Copied")
    assert await page.evaluate("navigator.clipboard.readText()") == await code.inner_text()

    await page.evaluate("document.getElementById('close-codes').scrollIntoView()")
    await holds(page, "document.querySelector('#contents [aria-current]').hash === '#close-codes'")


@pytest.mark.slow
async def test_on_a_phone_a_row_is_a_block_whose_cells_say_their_column_and_paper_gets_all(start, visit):
    page = await visit(await start(), "/docs", viewport=PHONE)
    cell = page.locator("#reason-turn_unreachable td").nth(4)
    assert await cell.evaluate("(cell) => getComputedStyle(cell, '::before').content") == '"Again?: "'
    wider = "[...document.querySelectorAll('.table')].filter((each) => each.scrollWidth > innerWidth).length"
    assert await page.evaluate(wider) == 0
    await accessible(page, "on a phone")
    await page.emulate_media(media="print")
    await expect(page.locator("#ten-lines-shell")).to_be_visible()
    await expect(page.locator("#contents")).to_be_hidden()


@pytest.mark.slow
async def test_without_its_script_the_reference_is_whole(start, visit):
    page = await visit(await start(), "/docs", java_script_enabled=False)
    await page.locator("label", has_text="Shell").click()
    await expect(page.locator("#ten-lines-shell")).to_be_visible()
    await expect(page.locator("#contents a[href='#frames']")).to_be_visible()
