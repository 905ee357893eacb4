"""What people paste, drag, press and take back on the chat page."""

import pytest
from playwright.async_api import expect

from tests import fake_dify
from tests.conftest import eventually
from tests.page.browser import answer, ask, ends

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
CARRY = """async ([target, type, texts, names]) => {
  const data = new DataTransfer();
  for (const [kind, text] of Object.entries(texts)) data.setData(kind, text);
  for (const name of names) data.items.add(new File(["abc"], name, { type: "image/png" }));
  const carrier = type === "paste" ? { clipboardData: data } : { dataTransfer: data };
  const event = Object.assign(new Event(type, { bubbles: true, cancelable: true }), carrier);
  document.querySelector(target).dispatchEvent(event);
  return event.defaultPrevented;
}"""


@pytest.fixture
async def with_files(with_dify, dify, visit):
    """The page of an app that takes images."""
    dify.parameters["file_upload"] = {"enabled": True, "allowed_file_types": ["image"], "number_limits": 9}
    return await visit(await with_dify(), permissions=["clipboard-read", "clipboard-write"])


PASTED = [
    ({"text/plain": "Dose\t5 mg", "text/html": "<table>"}, ["image.png"], []),  # a spreadsheet
    ({"text/plain": "Dose", "text/rtf": "{}", "text/html": "<p>"}, ["image.png"], []),  # a word processor
    ({"text/html": "<img>"}, ["image.png"], ["image.png"]),  # a picture of a web page
    ({}, ["a.png", "b.png"], ["a.png", "b.png"]),  # files
    ({"text/plain": "a.png\rb.png"}, ["a.png", "b.png"], ["a.png", "b.png"]),  # files on macOS
    ({"text/plain": "/home/me/a.png"}, ["a.png"], ["a.png"]),  # a file on Linux
]


async def test_of_what_is_pasted_the_text_counts_and_files_only_without_one(with_files):
    names = []
    for texts, files, attached in PASTED:
        is_prevented = await with_files.evaluate(CARRY, ["#question", "paste", texts, files])
        assert is_prevented == bool(attached), texts
        names += attached
        await expect(with_files.locator("#files .name")).to_have_text(names)


async def test_a_cell_of_a_spreadsheet_is_pasted_as_its_text(with_files):
    await with_files.evaluate(
        """async (png) => {
          const image = Uint8Array.from(atob(png), (char) => char.charCodeAt(0));
          const blob = (type, data) => [type, new Blob([data], { type })];
          const parts = [blob("text/plain", "Dose 5 mg"), blob("image/png", image)];
          await navigator.clipboard.write([new ClipboardItem(Object.fromEntries(parts))]);
        }""",
        PNG,
    )
    await with_files.press("#question", "ControlOrMeta+V")
    await expect(with_files.locator("#question")).to_have_value("Dose 5 mg")
    await expect(with_files.locator("#files")).to_be_hidden()


async def test_text_is_dragged_into_the_field_and_files_onto_the_page(with_dify, dify, visit, with_files):
    page = with_files
    dify.plays(fake_dify.say("Take 5 mg."))
    await ask(page, "Dose?")
    await ends(page)
    words = await answer(page).locator(".text p").bounding_box()
    field = await page.locator("#question").bounding_box()
    await answer(page).locator(".text p").evaluate("(node) => getSelection().selectAllChildren(node)")
    await page.mouse.move(words["x"] + 20, words["y"] + words["height"] / 2)
    await page.mouse.down()
    await page.mouse.move(field["x"] + 40, field["y"] + 20, steps=5)
    await page.mouse.up()
    await expect(page.locator("#question")).to_have_value("Take 5 mg.")
    for target, kinds, names, is_prevented in [
        ("#question", {"text/plain": "words"}, [], False),
        ("#log", {"text/uri-list": "https://example.com"}, [], True),  # or the browser leaves for it
        ("#question", {"text/html": "<img>"}, ["drop.png"], True),
    ]:
        for kind in ("dragover", "drop"):
            assert await page.evaluate(CARRY, [target, kind, kinds, names]) == is_prevented
    await expect(page.locator("#files .name")).to_have_text(["drop.png"])


async def test_files_that_nobody_takes_are_refused_in_words(start, with_dify, visit):
    page = await visit(await with_dify())
    assert await page.evaluate(CARRY, ["#log", "drop", {}, ["a.png"]])
    await expect(page.get_by_role("alert").get_by_text("Files cannot be added here.")).to_be_visible()


async def test_escape_that_closes_an_input_method_s_window_does_nothing_else(with_dify, dify, visit):
    dify.plays(fake_dify.until_stopped("Some words"))
    page = await visit(await with_dify())
    await ask(page, "Hello")
    await expect(answer(page).locator(".text")).to_have_text("Some words")
    for composing in ({"keyCode": 229}, {"isComposing": True}):
        for target in ("#question", "#log", "body"):
            await page.dispatch_event(target, "keydown", {"key": "Escape", "bubbles": True} | composing)
    await ask(page, "Later")
    await expect(page.locator(".question[data-state=waiting]")).to_have_count(1)  # the connection took nothing else
    assert dify.stops == []
    await page.keyboard.press("Escape")
    await expect(answer(page)).to_have_attribute("data-state", "streaming")
    await expect(page.locator(".answer").first).to_have_attribute("data-state", "stopped")


async def test_a_new_conversation_can_be_undone_with_all_that_was_there(with_dify, dify, visit):
    dify.parameters["user_input_form"] = [{"text-input": {"label": "Room", "variable": "room", "required": True}}]
    dify.plays(fake_dify.say("**First.**"), fake_dify.until_stopped("Half"), fake_dify.say("Third."))
    page = await visit(await with_dify())
    await page.get_by_label("Room (required)").fill("12b")
    await ask(page, "One")
    await ends(page)
    await ask(page, "Two")
    await expect(answer(page).locator(".text")).to_have_text("Half")
    await ask(page, "Three")
    await page.fill("#question", "a draft")
    await page.get_by_role("button", name="New conversation").click()
    await expect(page.locator(".message")).to_have_count(0)
    await expect(page.get_by_label("Room (required)")).to_have_value("")
    await expect(page.locator("#question")).to_have_value("")
    await eventually(lambda: len(dify.stops) == 1)
    await expect(page.get_by_role("status").get_by_text("A new conversation has begun.")).to_be_visible()
    await page.keyboard.press("Shift+Tab")
    await expect(page.get_by_role("button", name="Undo")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator(".answer .text")).to_have_text(["First.", "Half", "Third."])
    await expect(page.locator(".answer").nth(1)).to_have_attribute("data-state", "stopped")
    await expect(page.locator(".answer strong")).to_have_text("First.")
    await expect(page.locator("#question")).to_have_value("a draft")
    await expect(page.locator("#question")).to_be_focused()
    await expect(page.locator("#welcome")).to_be_hidden()
    first, second, third = dify.questions
    assert first["inputs"] == second["inputs"] == third["inputs"] == {"room": "12b"}
    assert third["conversation_id"]
    await page.reload()
    await expect(page.locator(".answer .text")).to_have_text(["First.", "Half", "Third."])


async def test_the_first_answer_of_a_conversation_stopped_by_a_new_one_still_belongs_to_it(with_dify, dify, visit):
    dify.plays(fake_dify.until_stopped("Half"), fake_dify.say("More."))
    page = await visit(await with_dify())
    await ask(page, "One")
    await expect(answer(page).locator(".text")).to_have_text("Half")
    await page.get_by_role("button", name="New conversation").click()
    await eventually(lambda: len(dify.stops) == 1)
    await page.get_by_role("button", name="Undo").click()
    await ask(page, "Two")
    await ends(page)
    assert dify.questions[1]["conversation_id"]


@pytest.mark.parametrize("way", ["time", "a question", "a reload"])
async def test_what_is_not_undone_is_forgotten_for_good(start, visit, way):
    page = await visit(await start())
    await page.clock.install()
    await ask(page, "One")
    await ends(page)
    await page.get_by_role("button", name="New conversation").click()
    undo = page.get_by_role("button", name="Undo")
    await expect(undo).to_be_visible()
    if way == "time":
        await undo.hover()
        await page.clock.run_for(20_000)
        await expect(undo).to_be_visible()  # not under the hand
        await page.mouse.move(0, 0)
        await page.clock.run_for(2_000)
    elif way == "a question":
        await ask(page, "Two")
    else:
        await page.reload()
        await expect(page.locator("#welcome > *").first).to_be_visible()
    await expect(undo).to_have_count(0)
    assert "One" not in await page.evaluate("JSON.stringify(sessionStorage)")
