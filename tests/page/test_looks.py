"""What people choose for themselves, and what an operator chose for them."""

from playwright.async_api import expect

from tests import fake_dify
from tests.page.browser import accessible, answer, ask, ends, holds
from tests.page.speech import SILENT, SPEAKS, button, until_said

PHONE, SMALL_PHONE = {"width": 390, "height": 844}, {"width": 320, "height": 568}
FORM = [
    {"text-input": {"label": "Room", "variable": "room", "required": True}},
    {"select": {"label": "Diet", "variable": "diet", "options": ["any", "vegan"]}},
]
SMALL_TARGETS = """[...document.querySelectorAll("button")].filter((each) => {
  const { width, height } = each.getBoundingClientRect();
  return width && (width < LEAST || height < LEAST);
}).map((each) => each.outerHTML)"""
TEXT_SIZE = "parseFloat(getComputedStyle(document.querySelector('.greeting, .question .text')).fontSize)"


async def too_small(page, least):
    return await page.evaluate(SMALL_TARGETS.replace("LEAST", str(least)))


async def test_text_grows_to_twice_its_size_and_stays_so(meet, dify):
    page = await meet(viewport=SMALL_PHONE)
    await ask(page, "When is lunch?")
    await ends(page)
    usual = await page.evaluate(TEXT_SIZE)
    await button(page, "Size of the text, and sound").click()
    await accessible(page, "the dialog")
    for _ in range(4):
        await page.get_by_role("button", name="A+: Larger text").click()
    await expect(page.locator("#display-settings")).to_contain_text("200 %")
    assert await page.evaluate("question.scrollHeight <= question.clientHeight")
    await accessible(page, "the dialog at 200 %")
    await button(page, "Close").click()
    await page.reload()
    await expect(page.locator("#state[data-state=open]")).to_be_visible()
    assert await page.evaluate(TEXT_SIZE) == 2 * usual
    await accessible(page, "the page at 200 %")
    assert await too_small(page, 44) == []
    await button(page, "Size of the text, and sound").click()
    await page.get_by_role("button", name="A: Usual size of the text").click()
    assert await page.evaluate(TEXT_SIZE) == usual


async def test_an_answer_is_read_softer_and_faster_paused_and_repeated(meet, dify):
    dify.plays(fake_dify.say("Lunch is at noon. Dinner is at six."))
    page = await meet("speech.endsBySelf = false;")
    await button(page, "Size of the text, and sound").click()
    await button(page, "Softer").click()
    await button(page, "Faster").click()
    await button(page, "Close").click()
    await ask(page, "When is lunch?")
    await ends(page)
    await page.evaluate("speech.said.length = 0")
    await answer(page).get_by_role("button", name="Listen").click()
    await until_said(page, "Lunch is at noon.")
    assert await page.evaluate("[speech.said[0].volume, speech.said[0].rate]") == [0.8, 1.2]
    await button(page, "Pause").click()
    await button(page, "Go on").click()
    await until_said(page, "Lunch is at noon.", "Lunch is at noon.")
    await button(page, "Repeat").click()
    await until_said(page, *["Lunch is at noon."] * 3)


async def test_without_a_keyboard_a_finger_and_a_voice_are_enough(with_dify, dify, visit):
    dify.parameters |= SILENT | SPEAKS
    service = await with_dify(
        page_notice="In an emergency press the red button.", page_controls=("call", "suggestions")
    )
    dify.parameters |= {
        "suggested_questions": ["When is lunch?"],
        "suggested_questions_after_answer": {"enabled": False},
    }
    page = await visit(service, "/chat?touch", viewport=PHONE, has_touch=True)
    for control in ("#question", "#send", "#attach", "#theme", "#language", "#new", "#display"):
        await expect(page.locator(control)).to_be_hidden()
    await expect(page.get_by_text("In an emergency press the red button.")).to_be_visible()
    await button(page, "When is lunch?").click()
    await ends(page)
    assert await too_small(page, 64) == []
    await accessible(page, "without a keyboard")


async def test_a_form_that_has_to_be_typed_is_told_where_nobody_can_type(with_dify, dify, visit):
    service = await with_dify()
    dify.parameters |= SILENT | {"user_input_form": FORM, "suggested_questions": ["When is lunch?"]}
    page = await visit(service, "/chat?keyboard=no")
    dify.parameters |= {"user_input_form": FORM, "suggested_questions": ["When is lunch?"]}
    await page.reload()
    await expect(page.get_by_text("Room: this has to be typed. Please ask somebody who works here.")).to_be_visible()
    await expect(page.get_by_role("combobox")).to_be_visible()
    await button(page, "When is lunch?").click()
    await expect(page.get_by_text("Room: this has to be typed.")).to_be_focused()
    assert dify.questions == []


async def test_the_page_is_the_app_s_own_in_both_languages(with_dify, dify, visit):
    dify.site = {"title": "Ward 7", "icon_type": "emoji", "icon": "🩺", "icon_background": "#E4FBCC"}
    service = await with_dify(
        page_accent="#ffcc00", page_greeting="Welcome to **Ward 7**.", page_greeting_zh="欢迎来到**七病区**。",
        page_notice="No medical advice.", page_notice_zh="不提供医疗建议。",
    )  # fmt: skip
    page = await visit(service)
    await expect(page).to_have_title("Ward 7")
    await holds(page, "document.querySelector('.logo').naturalWidth > 0")
    await expect(page.locator(".greeting")).to_have_text("Welcome to Ward 7.")
    await expect(page.get_by_text("不提供医疗建议。")).to_be_hidden()
    for theme in ("light", "dark"):
        await page.evaluate("(theme) => (document.documentElement.dataset.theme = theme)", theme)
        await accessible(page, theme)
    await button(page, "切换到简体中文").click()
    await expect(page.locator(".greeting")).to_have_text("欢迎来到七病区。")
    await expect(page.get_by_text("不提供医疗建议。")).to_be_visible()
    await expect(page.get_by_text("No medical advice.")).to_be_hidden()
