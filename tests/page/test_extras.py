"""What makes the conversation handier: asked again, edited, kept, and what was wrong with an answer."""

import asyncio
from pathlib import Path

from playwright.async_api import expect

from tests import fake_dify
from tests.conftest import eventually
from tests.page.browser import accessible, answer, ask, ends

CODE = "Take [1], not [3] or `[1]`.\n\n```python\nfor x in 'ab':  # both\n    print(12)\n```\n"
SOURCES = [
    {"position": 1, "document_name": "menu.pdf", "content": "Soup"},
    {"position": 2, "document_name": "house.pdf", "content": "Rules"},
]
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360f8cf500f0003860180b2d2c5b10000000049454e44ae426082"
)


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def text_of(path):
    return Path(path).read_text(encoding="utf-8")


async def with_sources(stage):
    await stage.open()
    await stage.event("message", answer=CODE)
    await stage.event("message_end", metadata={"retriever_resources": SOURCES})


async def test_a_done_answer_is_asked_again_and_the_last_question_written_anew(with_dify, dify, visit):
    page = await visit(await with_dify(), "/chat")
    await ask(page, "When is lunch?")
    await ends(page)
    await button(page, "Ask again").click()
    await expect(page.locator(".answer[data-state=done]")).to_have_count(2)
    await expect(button(page, "Ask again")).to_have_count(1)  # of the latest
    await page.locator("#question").press("ArrowUp")
    await expect(page.locator("#question")).to_have_value("When is lunch?")
    await page.locator("#question").press("End")
    await page.keyboard.type(" Today?")
    await page.keyboard.press("Enter")
    await expect(page.locator(".answer[data-state=done]")).to_have_count(3)
    await expect(button(page, "Edit the question")).to_have_count(1)
    await page.fill("#question", "A draft")
    await button(page, "Edit the question").click()
    await expect(page.locator("#question")).to_have_value("When is lunch? Today?")
    await button(page, "Undo").click()
    await expect(page.locator("#question")).to_have_value("A draft")
    asked = ["When is lunch?", "When is lunch?", "When is lunch? Today?"]
    assert [question["query"] for question in dify.questions] == asked
    assert all(question["conversation_id"] for question in dify.questions[1:])


async def test_sources_are_opened_from_their_marks_and_code_has_colours(with_dify, dify, visit):
    dify.plays(with_sources)
    page = await visit(await with_dify(), "/chat")
    await ask(page, "What is for lunch?")
    await ends(page)
    text = answer(page).locator(".text")
    await expect(text.locator(".mark")).to_have_count(1)
    await expect(text).to_contain_text("Take [1], not [3] or [1].")
    await button(page, "Source 1: menu.pdf").click()
    await expect(answer(page).locator(".sources li").first).to_be_focused()
    await expect(answer(page).get_by_text("Soup")).to_be_visible()
    await expect(text.locator(".tok-keyword")).to_have_text(["for", "in"])
    await expect(text.locator("pre")).to_contain_text("for x in 'ab':  # both\n    print(12)")
    await page.emulate_media(media="print")
    await expect(text.locator(".mark")).to_be_visible()
    await page.emulate_media(media="screen")
    await accessible(page, "light")
    await button(page, "Use dark colours").click()
    await accessible(page, "dark")
    await page.reload()
    await expect(text.locator(".mark")).to_have_count(1)
    await expect(text.locator(".tok-number")).to_have_text("12")


async def test_what_was_wrong_is_told_in_a_tap_and_a_few_words(with_dify, dify, visit):
    page = await visit(await with_dify(), "/chat")
    await ask(page, "When is lunch?")
    await ends(page)
    await button(page, "Bad answer").click()
    form = page.locator(".reason")
    await form.get_by_label("Incomplete").check()
    await form.get_by_label("In your own words").fill("No day.")
    await accessible(page)
    await button(page, "Tell them").click()
    await expect(form).to_have_count(0)
    await button(page, "Bad answer").click()
    await expect(button(page, "Bad answer")).to_have_attribute("aria-pressed", "false")
    await button(page, "Bad answer").click()
    await button(page, "Skip").click()
    await expect(form).to_have_count(0)
    told = [(body["rating"], body.get("content")) for body in dify.app_api.called("feedbacks")]
    assert told == [("dislike", None), ("dislike", "Incomplete; No day."), (None, None), ("dislike", None)]


async def test_where_a_reason_is_not_taken_that_is_said_and_the_words_stay(with_dify, dify, visit):
    page = await visit(await with_dify(), "/chat")
    await ask(page, "When is lunch?")
    await ends(page)
    await button(page, "Bad answer").click()
    form = page.locator(".reason")
    await form.get_by_label("In your own words").fill("No day.")
    dify.app_api.scenes["feedbacks"] = fake_dify.raw(b"", status=503)
    await button(page, "Tell them").click()
    await expect(form.get_by_role("alert")).to_contain_text("The assistant cannot be reached at the moment.")
    await expect(form.get_by_label("In your own words")).to_have_value("No day.")
    del dify.app_api.scenes["feedbacks"]
    await button(page, "Tell them").click()
    await expect(form).to_have_count(0)


async def test_the_conversation_is_kept_as_a_file_and_the_keys_are_listed(with_dify, dify, visit):
    page = await visit(await with_dify(), "/chat")
    await ask(page, "When is lunch?")
    await ends(page)
    await page.keyboard.press("Control+/")
    dialog = page.get_by_role("dialog", name="More")
    await expect(dialog.get_by_text("Edit the last question, in an empty field")).to_be_visible()
    await accessible(page)
    async with page.expect_download() as downloading:
        await button(page, "Save the conversation").click()
    download = await downloading.value
    saved = text_of(await download.path())
    assert ("> When is lunch?" in saved, "### Answer" in saved, "Hello." in saved) == (True, True, True)
    assert download.suggested_filename.endswith(".md")
    await button(page, "Close").click()
    await page.keyboard.press("Shift+Escape")
    await expect(page.locator("#question")).to_be_focused()
    await page.keyboard.press("Control+Shift+O")
    await expect(page.locator(".answer")).to_have_count(0)
    await button(page, "More").click()
    await expect(button(page, "Print")).to_be_disabled()


async def test_an_answer_that_comes_while_nobody_looks_is_told_in_the_title(with_dify, dify, visit):
    release = asyncio.Event()
    dify.plays(fake_dify.think_until(release, fake_dify.say("Hello.")))
    script = "let isHidden = false; Object.defineProperty(Document.prototype, 'hidden', { get: () => isHidden });"
    script += "window.hide = (now) => { isHidden = now; document.dispatchEvent(new Event('visibilitychange')); };"
    page = await visit(await with_dify(), "/chat", script=script)
    name = await page.title()
    await ask(page, "When is lunch?")
    await eventually(lambda: dify.questions)
    await page.evaluate("hide(true)")
    release.set()
    await ends(page)
    await expect(page).to_have_title(f"(1) {name}")
    await page.evaluate("hide(false)")
    await expect(page).to_have_title(name)


async def test_a_picture_is_seen_before_and_after_it_is_sent_and_not_by_who_comes_next(with_dify, dify, visit):
    dify.parameters |= {"file_upload": {"enabled": True, "allowed_file_types": ["image"], "number_limits": 3}}
    script = "const { revokeObjectURL } = URL; window.revoked = [];"
    script += "URL.revokeObjectURL = (url) => { revoked.push(url); revokeObjectURL.call(URL, url); };"
    page = await visit(await with_dify(), "/chat", script=script)
    await expect(button(page, "Add files")).to_be_visible()
    async with page.expect_file_chooser() as choosing:
        await button(page, "Add files").click()
    await (await choosing.value).set_files({"name": "dot.png", "mimeType": "image/png", "buffer": PICTURE})
    await expect(page.locator("#files img")).to_be_visible()
    address = await page.locator("#files img").get_attribute("src")
    await expect(page.locator("#files .state")).to_have_count(0)
    await ask(page, "What is this?")
    await expect(page.locator(".question img")).to_be_visible()
    await ends(page)
    await button(page, "New conversation").click()
    assert await page.evaluate("revoked") == [address]
    assert "blob:" not in repr(dify.questions[0]["files"])
