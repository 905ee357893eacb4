"""Files and forms on the chat page: what goes with a question."""

import asyncio

import pytest
from playwright.async_api import expect

from tests import fake_dify
from tests.conftest import eventually
from tests.page.browser import accessible, answer, ask, ends

STORED = "5e0d5ba0-3c0f-4b5a-8d0a-7f6a3c1f0b11"


@pytest.fixture
async def with_files(with_dify, dify, visit):
    """The page of an app that takes up to two images or documents of at most a megabyte."""

    async def open_page():
        rules = {"enabled": True, "allowed_file_types": ["image", "document"], "number_limits": 2}
        dify.parameters |= {"file_upload": rules, "system_parameters": {"file_size_limit": 1}}
        return await visit(await with_dify())

    return open_page


def pdf(name, size=3):
    return {"name": name, "mimeType": "application/pdf", "buffer": b"x" * size}


def picture(name):
    return {"name": name, "mimeType": "image/png", "buffer": b"x"}


async def choose(page, *files):
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("button", name="Add files").click()
    await (await chooser.value).set_files(list(files))


async def test_a_file_goes_with_the_question_and_is_named(with_files, dify):
    page = await with_files()
    await choose(page, pdf("menu.pdf"))
    await expect(page.locator("#files li .name")).to_have_text("menu.pdf")
    await expect(page.get_by_text("Uploading…")).to_have_count(0)
    await page.reload()
    await expect(page.locator("#files li")).to_have_count(1)
    await ask(page, "What is for lunch?")
    await ends(page)
    await expect(page.locator("#files")).to_be_hidden()
    await expect(page.locator(".question .files li")).to_have_text("menu.pdf")
    (question,) = dify.questions
    assert question["files"] == [{"type": "document", "transfer_method": "local_file", "upload_file_id": STORED}]
    (uploaded,) = dify.app_api.called("files/upload")
    assert uploaded["user"] == question["user"]
    assert uploaded["file"]["size"] == 3


async def test_files_can_be_pasted_and_dropped_and_taken_away(with_files, dify):
    page = await with_files()
    for event, carrier in [("paste", "clipboardData"), ("drop", "dataTransfer")]:
        await page.evaluate(
            """([type, carrier]) => {
              const data = new DataTransfer();
              data.items.add(new File(["abc"], `${type}.png`, { type: "image/png" }));
              document.dispatchEvent(Object.assign(new Event(type, { bubbles: true }), { [carrier]: data }));
            }""",
            [event, carrier],
        )
        await expect(page.locator("#files li .name").last).to_have_text(f"{event}.png")
    await choose(page, pdf("third.pdf"))
    await expect(page.get_by_role("alert").get_by_text("At most 2 files with a question.")).to_be_visible()
    for name in ("paste.png", "drop.png"):
        await page.get_by_role("button", name=f"Remove {name}").click()
    await expect(page.locator("#files")).to_be_hidden()
    await ask(page, "Without files")
    await ends(page)
    assert not dify.questions[0].get("files")


async def test_what_cannot_be_uploaded_is_said_in_words(with_files):
    page = await with_files()
    trouble = page.locator("#trouble")
    await choose(page, pdf("large.pdf", 1024 * 1024 + 1))
    await expect(trouble).to_have_text("large.pdf is too large: at most 1 MB.")
    await choose(page, pdf("odd.exe"))
    await expect(trouble).to_have_text("odd.exe: files of this kind are not taken here.")
    await expect(page.locator("#files")).to_be_hidden()


async def test_a_question_waits_for_its_files(with_files, dify):
    dify.app_api.may_read.clear()
    page = await with_files()
    await choose(page, pdf("slow.pdf"))
    await ask(page, "Too early")
    await expect(page.locator("#trouble")).to_have_text("Wait a moment: files are being uploaded.")
    await page.get_by_role("button", name="Remove slow.pdf").click()
    await page.press("#question", "Enter")
    await ends(page)
    assert [question["query"] for question in dify.questions] == ["Too early"]
    dify.app_api.may_read.set()


async def test_without_uploads_there_is_no_way_to_add_a_file(with_dify, visit):
    page = await visit(await with_dify())
    await expect(page.locator("#attach")).to_be_hidden()


async def test_what_an_app_must_know_is_asked_for_first_and_goes_with_each_question(with_dify, dify, visit):
    inputs = [
        {"text-input": {"label": "Room", "variable": "room", "required": True, "max_length": 5}},
        {"number": {"label": "Age", "variable": "age"}},
        {"select": {"label": "Diet", "variable": "diet", "options": ["any", "vegan"], "default": "vegan"}},
        {"paragraph": {"label": "Remarks", "variable": "remarks", "default": ""}},
    ]
    dify.parameters["user_input_form"] = inputs
    page = await visit(await with_dify(), viewport={"width": 320, "height": 720})
    await accessible(page)
    await ask(page, "Lunch?")
    await expect(page.get_by_label("Room (required)")).to_be_focused()
    await expect(page.locator("#question")).to_have_value("Lunch?")
    await page.get_by_label("Room (required)").fill("12b")
    await page.get_by_label("Age").fill("40.5")
    await page.press("#question", "Enter")
    await ends(page)
    await ask(page, "And dinner?")
    await eventually(lambda: len(dify.questions) == 2)
    expected = {"room": "12b", "age": 40.5, "diet": "vegan"}
    assert [question["inputs"] for question in dify.questions] == [expected, expected]


async def test_an_app_asks_for_a_required_checkbox_and_a_file(with_dify, dify, visit):
    inputs = [
        {"checkbox": {"label": "I agree", "variable": "agreed", "required": True}},
        {"file": {"label": "Your letter", "variable": "letter", "required": True, "allowed_file_types": ["document"]}},
        {"file-list": {"label": "Pictures", "variable": "pictures", "allowed_file_types": ["image"], "max_length": 2}},
        {"json_object": {"label": "Options", "variable": "options"}},
        {"text-input": {"label": "Ward", "variable": "ward", "hide": True, "default": "7"}},
        {"new_kind": {"label": "Signature", "variable": "signature"}},
    ]
    dify.parameters["user_input_form"] = inputs
    page = await visit(await with_dify(), viewport={"width": 320, "height": 720})
    await expect(page.get_by_text("Signature: this cannot be filled in here.")).to_be_visible()
    await expect(page.locator("main").get_by_text("Ward")).to_have_count(0)
    await page.get_by_label("I agree (required)").check()
    await page.get_by_label("Options").fill("[1]")
    await ask(page, "Lunch?")
    letter = page.get_by_label("Your letter (required)")
    await expect(letter).to_be_focused()
    await expect(letter).to_have_accessible_description("Please fill this in.")
    await expect(page.get_by_text("Please enter a JSON object.")).to_be_visible()
    await accessible(page, "what is missing or unfit")
    await letter.set_input_files([picture("letter.png")])
    await expect(page.get_by_text("letter.png: files of this kind are not taken here.")).to_be_visible()
    await letter.set_input_files([pdf("letter.pdf")])
    await page.get_by_label("Pictures").set_input_files([picture(f"{name}.png") for name in "abc"])
    await expect(page.get_by_text("At most 2 files.")).to_be_visible()
    await page.get_by_role("button", name="Remove a.png").click()
    await page.get_by_label("Options").fill('{"a": 1}')
    await expect(page.get_by_text("Uploading…")).to_have_count(0)
    await page.reload()
    await expect(page.get_by_text("letter.pdf")).to_be_visible()
    await accessible(page, "filled in")
    await page.press("#question", "Enter")
    await ends(page)
    named = {"transfer_method": "local_file", "upload_file_id": STORED}
    (question,) = dify.questions
    assert question["inputs"] == {
        "agreed": True,
        "letter": {"type": "document"} | named,
        "pictures": [{"type": "image"} | named],
        "options": {"a": 1},
        "ward": "7",
    }


async def test_an_input_that_the_service_refuses_is_pointed_out(with_dify, dify, visit):
    dify.parameters["user_input_form"] = [{"text-input": {"label": "Room", "variable": "room", "max_length": 9}}]
    service = await with_dify()
    page = await visit(service)
    await page.get_by_label("Room").fill("far away")
    dify.parameters["user_input_form"] = [{"text-input": {"label": "Room", "variable": "room", "max_length": 3}}]
    await service.restart(lambda: asyncio.sleep(0))
    await expect(page.locator("#state[data-state=open]")).to_be_visible()
    await ask(page, "Lunch?")
    await ends(page, "failed")
    await expect(page.get_by_label("Room")).to_be_focused()
    await expect(page.get_by_label("Room")).to_have_accessible_description("The assistant does not take this.")
    await accessible(page, "refused")
    await page.get_by_label("Room").fill("12b")
    await page.get_by_role("button", name="Ask again").click()
    await ends(page)
    assert [question["inputs"] for question in dify.questions] == [{"room": "12b"}]


async def test_steps_are_told_quietly_until_the_first_word(with_dify, dify, visit):
    asked, found = asyncio.Event(), asyncio.Event()

    async def scene(stage):
        await stage.open()
        data = {"id": "n-1", "node_id": "n-1", "node_type": "knowledge-retrieval", "title": "House rules"}
        await stage.event("node_started", data=data)
        asked.set()
        await found.wait()
        await stage.event("message", answer="Visitors until eight.")
        await stage.end()

    dify.plays(scene, fake_dify.say("x"))
    page = await visit(await with_dify())
    await ask(page, "Visitors?")
    await expect(answer(page).locator(".doing")).to_have_text("Looking up: House rules…")
    found.set()
    await expect(answer(page).locator(".text")).to_have_text("Visitors until eight.")
    await expect(answer(page).locator(".doing")).to_be_hidden()


async def test_inputs_may_have_the_names_of_what_a_browser_s_forms_and_objects_have(with_dify, dify, visit):
    names = ["elements", "constructor", "__proto__", "toString", "onsubmit", "setAttribute", "noValidate", "submit"]
    dify.parameters["user_input_form"] = [{"text-input": {"variable": name, "required": True}} for name in names]
    page = await visit(await with_dify())
    for name in names:
        field = page.locator("#welcome").get_by_label(f"{name} (required)", exact=True)
        await expect(field).to_have_value("")
        await field.fill(f"my {name}")
    await field.press("Enter")  # submits nothing
    await page.reload()
    await expect(field).to_have_value("my submit")
    await ask(page, "Hello")
    await ends(page)
    assert dify.questions[0]["inputs"] == {name: f"my {name}" for name in names}
