"""Text of up to twice its size, in windows of every kind: what one needs most stays to be seen, and nothing is cut."""

import asyncio

import pytest
from playwright.async_api import expect

from tests import fake_dify
from tests.conftest import PATIENCE_SECONDS
from tests.page.browser import accessible
from tests.page.speech import button, call_state, hear, until, until_said

CALL = {"en-GB": ("Call", "End call", "Mute"), "zh-CN": ("通话", "结束通话", "静音")}
WINDOWS = [(320, 568), (390, 844), (768, 1024), (844, 390), (1440, 900)]
SIZES = [100, 125, 150, 175, 200]
LOW_WINDOWS = {(320, 568, 200), (844, 390, 200), (844, 390, 175)}
"""Too little room for a Call button below the conversation: one scrolls to it."""
BESIDE = """() => [...document.querySelectorAll("body *")].filter((each) => {
  const { left, right, width, height } = each.getBoundingClientRect();
  return width > 1 && height > 1 && (left < 0 || right > innerWidth + 1);
}).map((each) => each.outerHTML.slice(0, 80))"""
LARGE = "localStorage.setItem('dify-live:size', '{}');"


@pytest.fixture
def enlarged(meet):
    async def enlarged(window, size, **options):
        viewport = {"width": window[0], "height": window[1]}
        return await meet(LARGE.format(size), viewport=viewport, has_touch=True, **options)

    return enlarged


@pytest.mark.parametrize("locale", CALL)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("window", WINDOWS, ids=str)
async def test_a_call_is_begun_and_ended_without_scrolling(enlarged, window, size, locale):
    page = await enlarged(window, size, locale=locale)
    call, end, mute = CALL[locale]
    assert await page.evaluate(BESIDE) == []
    if (*window, size) not in LOW_WINDOWS:
        await expect(button(page, call)).to_be_in_viewport(ratio=1)
    await button(page, call).click()
    await until(page, "speech.session")
    for control in (button(page, end), button(page, mute), call_state(page)):
        await expect(control).to_be_in_viewport(ratio=1)
    await expect(page.locator("#welcome")).to_be_in_viewport()
    assert await page.evaluate(BESIDE) == []
    await page.locator("#display").scroll_into_view_if_needed()
    await expect(page.locator("#display")).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("window", WINDOWS, ids=str)
async def test_nothing_jumps_in_a_call_however_large_its_text_is(enlarged, dify, window):
    dify.plays(fake_dify.until_stopped("It is behind the house. And"))
    page = await enlarged(window, 200)
    await page.evaluate("speech.endsBySelf = false")
    await button(page, "Call").click()
    await until(page, "speech.session")
    height_of_panel = "document.querySelector('#call').getBoundingClientRect().height"
    height = await page.evaluate(height_of_panel)
    await hear(page, "where is the garden")
    await until_said(page, "It is behind the house.")
    await expect(call_state(page)).to_have_text("Speaking")
    assert await page.evaluate(height_of_panel) == height


async def test_the_page_scrolls_wherever_the_wheel_is_turned(enlarged):
    page = await enlarged((390, 400), 200)
    await page.locator("#log").hover()
    for way, is_there in ((1, "scrollY > 100"), (-1, "scrollY === 0")):
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await page.evaluate(is_there):
                await page.mouse.wheel(0, 200 * way)


async def test_what_has_nothing_to_do_keeps_the_focus(enlarged, dify):
    dify.plays(fake_dify.say("It is behind the house."))
    page = await enlarged((390, 844), 100)
    await button(page, "Call").click()
    await hear(page, "where is the garden")
    await until_said(page, "It is behind the house.")
    await button(page, "Pause").focus()
    await expect(call_state(page)).to_have_text("Listening")
    await expect(button(page, "Pause")).to_be_disabled()
    await expect(button(page, "Pause")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(call_state(page)).to_have_text("Listening")
    await accessible(page, "a call whose buttons have nothing to do")
