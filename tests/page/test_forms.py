"""An answer that waits for a person: its form on the page, and what follows."""

import pytest
from aiohttp import web
from playwright.async_api import expect

from tests import fake_dify
from tests.conftest import eventually
from tests.fake_workflows import asking_human
from tests.page.browser import accessible, answer, ask, ends
from tests.page.speech import button, call_state, hear, until_said

CONTENT = "**May** the letter go out?\n\n{{#$output.comment#}}\n\nHow soon? {{#$output.pace#}}"
COMMENT = {"output_variable_name": "comment", "type": "paragraph", "default": {"type": "constant", "value": "Fine."}}
PACES = {"type": "constant", "value": ["now", "later"]}
PACE = {"output_variable_name": "pace", "type": "select", "option_source": PACES}
ACTIONS = [
    {"id": "approve", "title": "Approve", "button_style": "primary"},
    {"id": "reject", "title": "Reject", "button_style": "accent"},
    {"id": "later", "title": "Ask me later", "button_style": "ghost"},
]
FORM = {"form_content": CONTENT, "inputs": [COMMENT, PACE], "actions": ACTIONS}
NARROW = {"width": 320, "height": 720}


def pauses(dify, *words, after=("The letter ", "went out."), token="t0", **form):
    dify.plays(fake_dify.flow(asking_human(*(words or ("A draft.",)), after=after, token=token, **(FORM | form))))


async def decide(dify, action, token="t0"):
    """As another person would, elsewhere."""
    dify.workflows.forms[token].submitted.set_result((action, {}))
    (run,) = dify.workflows.runs
    await eventually(lambda: run.is_over)


def form(page):
    return page.get_by_role("group", name="Your decision")


def state(page):
    return page.locator(".pause > .note").last


async def test_a_form_in_an_answer_is_filled_in_by_keyboard_after_a_reload(with_dify, dify, visit):
    pauses(dify)
    service = await with_dify()
    page = await visit(service, viewport=NARROW)
    await ask(page, "Please write")
    await ends(page, "paused")
    await expect(answer(page).locator(".text")).to_have_text("A draft.")
    await expect(form(page).locator("strong")).to_have_text("May")
    await expect(form(page)).not_to_contain_text("$output")
    words = "A decision is needed. A draft. May the letter go out? How soon?"
    await expect(page.locator("#progress")).to_have_text(words)
    await expect(state(page)).to_contain_text("Please decide by ")
    await expect(answer(page).get_by_role("button", name="Ask again")).to_have_count(0)
    await accessible(page, "a form")
    await expect(form(page).get_by_label("comment")).to_have_value("Fine.")
    await form(page).get_by_label("comment").fill("Well done.")
    await page.reload()
    await service.restart(lambda: page.wait_for_timeout(0))
    await expect(page.locator("#state[data-state=open]")).to_be_visible()
    await expect(form(page).get_by_label("comment")).to_have_value("Well done.")
    await form(page).get_by_label("comment").focus()
    for _ in range(2):
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    pace = form(page).get_by_label("pace (required)")
    await expect(pace).to_be_focused()
    await expect(pace).to_have_accessible_description("Please fill this in.")
    await accessible(page, "something is missing")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Tab")
    await expect(button(page, "Approve")).to_be_focused()
    await page.keyboard.press("Enter")
    await ends(page)
    await expect(answer(page).locator(".text")).to_have_text("The letter went out.")
    await expect(state(page)).to_have_text("Decided: Approve")
    await expect(state(page)).to_be_focused()
    await expect(button(page, "Approve")).to_be_disabled()
    await accessible(page, "decided")
    (submitted,) = dify.workflows.submissions
    assert (submitted["action"], submitted["inputs"]) == ("approve", {"comment": "Well done.", "pace": "now"})
    await page.reload()
    await expect(state(page)).to_have_text("Decided: Approve")
    await expect(page.locator(".answer")).to_have_count(2)
    assert (len(dify.questions), dify.stops) == (1, [])


async def test_what_was_decided_elsewhere_is_told_after_a_reload(with_dify, dify, visit):
    pauses(dify)
    page = await visit(await with_dify())
    await ask(page, "Please write")
    await ends(page, "paused")
    await page.reload()
    await expect(form(page).get_by_label("comment")).to_be_enabled()
    await decide(dify, "approve")
    await page.reload()
    await ends(page)
    await expect(answer(page).locator(".text")).to_have_text("The letter went out.")
    await expect(state(page)).to_have_text("This has been decided already.")
    await expect(form(page).get_by_label("comment")).to_be_disabled()
    await page.reload()
    await expect(page.locator(".answer")).to_have_count(2)


async def test_a_form_that_is_refused_says_why_and_keeps_what_was_typed(with_dify, dify, visit):
    pauses(dify)
    page = await visit(await with_dify(), locale="zh-CN")
    await ask(page, "请写")
    await ends(page, "paused")
    await decide(dify, "reject")
    await page.get_by_label("comment").fill("好")
    await page.get_by_label("pace（必填）").select_option("later")
    await page.get_by_role("button", name="Approve").click()
    await expect(state(page)).to_have_text("此事已经决定过了。")
    await expect(page.get_by_label("comment")).to_have_value("好")
    await expect(page.get_by_label("comment")).to_be_disabled()
    await accessible(page, "refused")
    await page.get_by_role("button", name="再看一次").click()
    await ends(page)
    await expect(state(page)).to_have_text("此事已经决定过了。")


async def test_a_form_that_has_expired_says_so(with_dify, dify, visit):
    pauses(dify, inputs=[COMMENT])
    page = await visit(await with_dify())
    await ask(page, "Please write")
    await ends(page, "paused")
    await page.get_by_label("comment").fill("Well done.")
    dify.workflows.forms["t0"].expires_at = 0
    await button(page, "Approve").click()
    await expect(state(page)).to_have_text("The time to decide is over.")
    await expect(page.get_by_label("comment")).to_have_value("Well done.")
    await expect(button(page, "Approve")).to_be_disabled()
    await expect(button(page, "Look again")).to_be_visible()


async def bad_gateway(request):
    return web.Response(status=502)


async def test_a_form_that_dify_cannot_take_now_can_be_sent_again(with_dify, dify, visit, monkeypatch):
    pauses(dify, inputs=[COMMENT])
    page = await visit(await with_dify())
    await ask(page, "Please write")
    await ends(page, "paused")
    with monkeypatch.context() as patch:
        patch.setattr(dify.workflows, "_take", bad_gateway)
        await button(page, "Approve").click()
        await expect(state(page)).to_contain_text("cannot be reached")
    await button(page, "Approve").click()
    await ends(page)
    await expect(state(page)).to_have_text("Decided: Approve")


async def test_a_pause_without_a_form_says_so_and_is_looked_at_again(with_dify, dify, visit):
    pauses(dify, token=None)
    page = await visit(await with_dify())
    await ask(page, "Please write")
    await ends(page, "paused")
    await expect(state(page)).to_have_text("A person was asked to decide. The answer goes on after that.")
    await accessible(page, "asked by e-mail")
    await button(page, "Look again").click()
    await expect(state(page)).to_have_text("Nobody has decided yet.")
    await expect(page.locator(".answer")).to_have_count(1)
    await decide(dify, "approve", next(iter(dify.workflows.forms)))
    await button(page, "Look again").click()
    await ends(page)
    await expect(answer(page).locator(".text")).to_have_text("The letter went out.")


async def test_a_call_decides_by_voice(meet, dify):
    pauses(dify, inputs=[COMMENT], form_content="May it go out?\n\n{{#$output.comment#}}")
    page = await meet(settings={"pauseSeconds": 0.3})
    await button(page, "Call").click()
    await hear(page, "please write")
    said = ["A draft.", "May it go out?", "You can say: Approve, Reject, or Ask me later."]
    await until_said(page, *said)
    await expect(call_state(page)).to_have_text("Listening")
    await expect(page.locator("#call .hint")).to_contain_text("You can say: Approve")
    await accessible(page, "a call that waits for a decision")
    await hear(page, "approve")
    await until_said(page, *said, "The letter went out.")
    (submitted,) = dify.workflows.submissions
    assert (submitted["action"], submitted["inputs"]) == ("approve", {"comment": "Fine."})
    assert len(dify.questions) == 1
    await page.keyboard.press("Escape")
    await expect(state(page)).to_have_text("Decided: Approve")


async def test_a_call_says_that_a_form_has_to_be_filled_in(meet, dify):
    pauses(dify)
    page = await meet(settings={"pauseSeconds": 0.3})
    await button(page, "Call").click()
    await hear(page, "please write")
    await expect(page.locator("#call .hint")).to_contain_text("You can say: Approve")
    await expect(call_state(page)).to_have_text("Listening")
    await hear(page, "number one")
    await expect(page.locator("#call .hint")).to_have_text("The form on the screen has to be filled in first.")
    assert (len(dify.questions), dify.workflows.submissions) == (1, [])


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_finds_nothing_in_the_mock_s_form(start, visit, theme):
    page = await visit(await start(), viewport=NARROW, color_scheme=theme, locale="zh-CN")
    await ask(page, "/mock form")
    await ends(page, "paused")
    await expect(page.locator(".pause [type=file]")).to_have_count(2)
    await accessible(page)
    await page.locator(".pause button.primary").click()
    await accessible(page, "fields are missing")


async def test_a_file_in_a_form_is_there_after_a_reload_and_after_the_decision(with_dify, dify, visit):
    pauses(dify, form_content="{{#$output.scan#}}", inputs=[{"output_variable_name": "scan", "type": "file"}])
    page = await visit(await with_dify())
    await ask(page, "Please write")
    await ends(page, "paused")
    scan = {"name": "scan.pdf", "mimeType": "application/pdf", "buffer": b"%PDF"}
    await form(page).get_by_label("scan").set_input_files(scan)
    await expect(form(page).locator(".files .state")).to_have_count(0)
    await page.reload()
    await expect(form(page).locator(".files .name")).to_have_text("scan.pdf")
    await form(page).get_by_role("button", name="Approve").click()
    await expect(answer(page).locator(".text")).to_have_text("The letter went out.")
    await page.reload()
    await expect(form(page).locator(".files .name")).to_have_text("scan.pdf")
    await expect(answer(page).locator(".text")).to_have_text("The letter went out.")


async def test_a_long_form_is_read_from_its_beginning_on(with_dify, dify, visit):
    pauses(dify, "A draft.", form_content="\n\n".join(f"Paragraph {number}." for number in range(40)))
    page = await visit(await with_dify(), viewport=NARROW)
    await ask(page, "Please write")
    await ends(page, "paused")
    await expect(answer(page).get_by_text("A draft.")).to_be_in_viewport()


async def test_a_form_without_choices_can_be_looked_at_again(with_dify, dify, visit):
    pauses(dify, actions=[])
    page = await visit(await with_dify())
    await ask(page, "Please write")
    await ends(page, "paused")
    await expect(button(page, "Look again")).to_be_visible()
