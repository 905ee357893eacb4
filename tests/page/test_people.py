"""The chat page for everybody: both languages, light and dark, small and large, by keyboard, by ear."""

from types import SimpleNamespace

from playwright.async_api import expect

from tests import fake_dify
from tests.conftest import logged
from tests.page.browser import FAR_HOST, answer, ask, ends


async def test_the_language_follows_the_browser_and_the_switch(with_dify, dify, visit):
    dify.plays(fake_dify.say("Hello."), fake_dify.raw(b"", status=503))
    service = await with_dify(degrade_to_mock=False, dify_retry_budget=0)
    page = await visit(service, "/chat?debug", locale="zh-TW")
    await expect(page.locator("#state")).to_have_text("已连接")
    await ask(page, "您好")
    await ends(page)
    await expect(answer(page).locator(".detail")).to_contain_text("3 个 token")
    await ask(page, "您好吗")
    await ends(page, "failed")
    await expect(answer(page).locator(".note")).to_have_text("暂时无法连接到助手，请稍后再试。")
    await page.get_by_role("button", name="Switch to English").click()
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await expect(answer(page).locator(".note")).to_contain_text("cannot be reached at the moment")
    await expect(page.locator("#question")).to_have_attribute("placeholder", "Ask a question…")
    await page.reload()
    await expect(page.locator("#state")).to_have_text("Connected")


async def test_each_answer_shows_how_its_turn_is_called_in_the_log(start, visit, events):
    page = await visit(await start(), "/chat")
    await ask(page, "Hello")
    await ends(page)
    (finished,) = logged(events, "turn.finished")
    await expect(answer(page).locator(".detail code")).to_have_text(finished["turn_id"][:8])


async def test_light_and_dark_follow_the_system_and_the_switch(start, visit):
    page = await visit(await start(), color_scheme="dark")
    dark = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    await page.emulate_media(color_scheme="light")
    await expect(page.locator("html")).to_have_attribute("data-theme", "light")
    assert await page.evaluate("getComputedStyle(document.body).backgroundColor") != dark
    await page.get_by_role("button", name="Use dark colours").click()
    await page.reload()
    await expect(page.locator("body")).to_have_css("background-color", dark)


async def test_a_screen_reader_hears_that_it_answers_and_then_the_answer_once(with_dify, dify, visit):
    dify.plays(fake_dify.say(*["Soup ", "**and** ", "bread, ", "at noon."], pause=0.01))
    page = await visit(await with_dify())
    await page.evaluate("""() => {
      window.heard = [];
      const progress = document.getElementById("progress");
      const note = () => progress.textContent && heard.push(progress.textContent);
      new MutationObserver(note).observe(progress, { childList: true });
    }""")
    await ask(page, "Lunch?")
    await ends(page)
    assert await page.evaluate("heard") == ["Answering…", "Answer: Soup and bread, at noon."]
    assert await page.locator("#log").get_attribute("aria-live") == "off"


async def test_everything_can_be_reached_by_keyboard_and_is_large_enough_to_touch(start, visit):
    page = await visit(await start(), has_touch=True)
    await ask(page, "Hello")
    await expect(page.get_by_role("button", name="What else can you do?")).to_be_visible()
    wanted = await page.locator("button:visible").count()
    reached = set()
    for _ in range(wanted + 8):
        await page.keyboard.press("Tab")
        reached.add(await page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.textContent"))
    names = await page.locator("button:visible").evaluate_all(
        "all => all.map((one) => one.ariaLabel ?? one.textContent)"
    )
    assert set(names) <= reached
    sizes = await page.locator("button:visible").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect()).map(({ width, height }) => Math.min(width, height))"
    )
    assert min(sizes) >= 44


async def test_nothing_jumps_while_the_page_opens_and_an_answer_is_written(with_dify, dify, visit):
    dify.plays(fake_dify.say(*(f"Some words, number {number}. " for number in range(80)), pause=0.005))
    page = await visit(await with_dify())
    await page.add_init_script("""
      window.shift = 0;
      const look = (list) => list.getEntries().forEach(({ value }) => (shift += value));
      new PerformanceObserver(look).observe({ type: "layout-shift", buffered: true });
    """)
    await page.reload()
    await expect(page.locator("#state")).to_have_text("Connected")
    await ask(page, "Hello")
    await ends(page)
    assert await page.evaluate("shift") < 0.01


async def test_plain_http_offers_no_microphone_and_all_the_rest(with_dify, dify, visit):
    """Browsers give a microphone, and the clipboard proper, to https:// and localhost only."""
    dify.plays(fake_dify.say("Soup."))
    service = await with_dify()
    page = await visit(SimpleNamespace(url=f"http://{FAR_HOST}:{service.port}"))
    assert not await page.evaluate("isSecureContext")
    assert await page.evaluate("'webkitSpeechRecognition' in window")
    await expect(page.get_by_role("button", name="Read answers aloud")).to_be_visible()
    for name in ("Dictate", "Call"):
        await expect(page.get_by_role("button", name=name)).to_have_count(0)
    await ask(page, "Lunch?")
    await ends(page)
    await answer(page).get_by_role("button", name="Copy").click()
    await expect(answer(page).get_by_role("button", name="Copied")).to_be_visible()
    await page.press("#question", "ControlOrMeta+V")
    await expect(page.locator("#question")).to_have_value("Soup.")
