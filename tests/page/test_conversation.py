"""Asking and reading on the chat page, in a real Chromium, on the real service."""

import asyncio

import pytest
from playwright.async_api import expect

from tests import fake_dify
from tests.conftest import eventually
from tests.page.browser import answer, ask, ends


@pytest.mark.smoke
async def test_a_question_is_answered_while_the_answer_is_written(with_dify, dify, visit):
    more = asyncio.Event()

    async def scene(stage):
        await stage.open()
        await stage.event("message", answer="The first words, ")
        await more.wait()
        await stage.event("message", answer="and the last.")
        await stage.end()

    dify.plays(scene)
    page = await visit(await with_dify())
    await ask(page, "How are you?")
    await expect(answer(page).locator(".text")).to_have_text("The first words,")
    await ends(page, "streaming")
    assert dify.finished == 0
    more.set()
    await expect(answer(page).locator(".text")).to_have_text("The first words, and the last.")
    await ends(page)
    await expect(page.locator(".message.question .text")).to_have_text("How are you?")


async def test_a_conversation_goes_on_until_a_new_one_is_begun(with_dify, dify, visit):
    page = await visit(await with_dify())
    for number in (1, 2):
        await ask(page, f"Question {number}")
        await expect(page.locator(".message.answer[data-state=done]")).to_have_count(number)
    await page.get_by_role("button", name="New conversation").click()
    await expect(page.locator(".message")).to_have_count(0)
    await expect(page.locator("#welcome")).to_be_visible()
    await expect(page.locator("#question")).to_be_focused()
    await ask(page, "Question 3")
    await ends(page)
    first, second, third = dify.questions
    assert "conversation_id" not in first
    assert second["conversation_id"]
    assert "conversation_id" not in third


@pytest.mark.parametrize("way", [pytest.param("button", marks=pytest.mark.smoke), "escape"])
async def test_an_answer_can_be_stopped(with_dify, dify, visit, way):
    dify.plays(fake_dify.until_stopped("Some words"))
    page = await visit(await with_dify())
    await ask(page, "Hello")
    await expect(answer(page).locator(".text")).to_have_text("Some words")
    if way == "button":
        await page.get_by_role("button", name="Stop").click()
    else:
        await page.keyboard.press("Escape")
    await ends(page, "stopped")
    await expect(answer(page).locator(".note")).to_have_text("Stopped")
    await expect(page.get_by_role("button", name="Send")).to_be_visible()
    await eventually(lambda: len(dify.stops) == 1)


async def test_each_end_of_an_answer_is_said_in_words(start, visit):
    page = await visit(await start())
    await expect(page.locator("#banner")).to_have_text("Mock mode: answers are examples, no Dify app is asked")
    for question, state, words in [
        ("Where is the garden?", "done", "Mock answer"),
        ("/mock incomplete", "incomplete", "Broken off"),
        ("/mock error quota", "failed", "The assistant cannot be reached at the moment"),
        ("/mock empty", "done", "An answer without words"),
    ]:
        await ask(page, question)
        await expect(page.locator(".question .text").last).to_have_text(question)
        await ends(page, state)
        await expect(answer(page).locator(".note")).to_contain_text(words)
    await expect(page.locator(".answer .text").first).to_contain_text("Where is the garden?")


async def test_what_failed_can_be_asked_again(with_dify, dify, visit):
    dify.plays(fake_dify.replay("3e_basic_failat5_streaming"), fake_dify.say("Better."))
    page = await visit(await with_dify())
    await expect(page.locator("#banner")).to_be_hidden()
    await ask(page, "Hello")
    await ends(page, "incomplete")
    await expect(answer(page).locator(".text")).to_contain_text("Token0")
    await answer(page).get_by_role("button", name="Ask again").click()
    await expect(answer(page).locator(".text")).to_have_text("Better.")
    await expect(page.get_by_role("button", name="Ask again")).to_have_count(1)  # of the good one
    await expect(page.locator("#question")).to_be_focused()


async def test_a_withdrawn_answer_disappears(with_dify, dify, visit):
    dify.plays(fake_dify.replay("1s_moderated_output", pause=0.001))
    page = await visit(await with_dify())
    await ask(page, "Hello")
    await ends(page)
    await expect(answer(page).locator(".text")).to_have_text("Output blocked.")


async def test_an_answer_can_be_copied_and_rated(with_dify, dify, visit):
    dify.plays(fake_dify.say("<think>Lunch…</think>**Soup** at noon."))
    page = await visit(await with_dify(), permissions=["clipboard-read", "clipboard-write"])
    await ask(page, "Lunch?")
    await ends(page)
    await answer(page).get_by_role("button", name="Copy").click()
    await expect(answer(page).get_by_role("button", name="Copied")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == "Soup at noon."
    good = answer(page).get_by_role("button", name="Good answer")
    for pressed in ("true", "false"):
        await good.click()
        await expect(good).to_have_attribute("aria-pressed", pressed)
    await eventually(lambda: len(dify.app_api.called("feedbacks")) == 2)
    assert [fields["rating"] for fields in dify.app_api.called("feedbacks")] == ["like", None]


async def test_a_rating_that_is_not_taken_is_not_shown(with_dify, dify, visit):
    dify.app_api.scenes["feedbacks"] = fake_dify.replay("5_suggested_unknown")
    page = await visit(await with_dify())
    await ask(page, "Lunch?")
    await ends(page)
    bad = answer(page).get_by_role("button", name="Bad answer")
    await bad.click()
    await expect(page.get_by_role("alert").get_by_text("This answer is no longer known.")).to_be_visible()
    await expect(bad).to_have_attribute("aria-pressed", "false")


async def test_the_app_greets_and_suggests_before_and_after(with_dify, dify, visit):
    dify.parameters |= {
        "opening_statement": "I am **Ward 7**.",
        "suggested_questions": ["When is lunch?"],
        "suggested_questions_after_answer": {"enabled": True},
    }
    page = await visit(await with_dify())
    await expect(page.locator("#welcome strong")).to_have_text("Ward 7")
    await page.get_by_role("button", name="When is lunch?").click()
    await ends(page)
    await expect(page.locator("#welcome")).to_be_hidden()
    await page.get_by_role("button", name="What next?").click()
    await expect(page.locator(".answer[data-state=done]")).to_have_count(2)
    assert [question["query"] for question in dify.questions] == ["When is lunch?", "What next?"]


async def test_sources_are_named_once_with_what_they_say(with_dify, dify, visit):
    parts = [("menu.pdf", "Soup of the day"), ("menu.pdf", "Bread"), ("house.pdf", "<b>Rules</b>")]
    resources = [{"document_name": name, "content": content} for name, content in parts]

    async def scene(stage):
        await stage.open()
        await stage.event("message", answer="Soup.")
        await stage.event("message_end", metadata={"retriever_resources": resources})

    dify.plays(scene)
    page = await visit(await with_dify())
    await ask(page, "Lunch?")
    await ends(page)
    await page.get_by_text("Sources (2)").click()
    await expect(page.locator(".sources cite")).to_have_text(["menu.pdf", "house.pdf"])
    await expect(page.get_by_text("<b>Rules</b>")).to_be_visible()


async def test_a_second_question_waits_for_its_turn_or_is_taken_back(with_dify, dify, visit):
    dify.plays(fake_dify.until_stopped("Half"), fake_dify.say("Whole."))
    page = await visit(await with_dify())
    await ask(page, "One")
    await expect(answer(page).locator(".text")).to_have_text("Half")
    await ask(page, "Two")
    await ask(page, "Three")
    waiting = page.locator(".question[data-state=waiting]")
    await expect(waiting).to_have_count(2)
    await expect(waiting.first.locator(".note")).to_contain_text("Waiting for the answer before")
    await waiting.first.get_by_role("button", name="Take back").click()
    await expect(page.locator("#question")).to_have_value("Two")
    await page.keyboard.press("Escape")
    await expect(answer(page).locator(".text")).to_have_text("Whole.")
    assert [question["query"] for question in dify.questions] == ["One", "Three"]


async def test_enter_breaks_no_composition_and_shift_enter_breaks_the_line(start, visit):
    page = await visit(await start())
    await page.fill("#question", "one")
    await page.press("#question", "Shift+Enter")
    await page.type("#question", "two")
    await page.dispatch_event("#question", "keydown", {"key": "Enter", "isComposing": True})
    assert await page.input_value("#question") == "one\ntwo"
    await expect(page.locator(".message")).to_have_count(0)
    await page.press("#question", "Enter")
    await expect(page.locator(".message.question .text")).to_have_text("one\ntwo")


async def test_a_question_that_is_too_long_is_not_sent(start, visit):
    page = await visit(await start(max_content_length=20))
    await ask(page, "😀" * 21)
    await expect(page.get_by_role("alert").get_by_text("That is too long: 21 of 20 characters.")).to_be_visible()
    assert await page.input_value("#question") == "😀" * 21
    await ask(page, "😀" * 20)
    await expect(page.locator(".question")).to_have_count(1)


async def test_long_answers_stream_without_being_drawn_anew(with_dify, dify, visit):
    """50 kB in lists, code and prose: what is drawn once stays, so that a reader's selection and the page's pace do."""
    items = [f"{number}. **Item** {'of some words ' * 8}\n" for number in range(1, 221)]
    code = ["\n```py\n", *[f"line_{number} = {number}\n" for number in range(600)], "```\n\n"]
    prose = [f"{'Plain words, some *slanted*. ' * 9}\n\n" for _ in range(60)]
    pieces = [*items, *code, *prose]
    assert len("".join(pieces)) > 50_000
    dify.plays(fake_dify.say(*pieces, pause=0.001))
    page = await visit(await with_dify())
    await page.evaluate("""() => {
      Object.assign(window, { added: 0, longest: 0 });
      const count = (changes) => changes.forEach(({ addedNodes }) => (window.added += addedNodes.length));
      new MutationObserver(count).observe(document.getElementById("log"), { childList: true, subtree: true });
      const look = (list) => list.getEntries().forEach(({ duration }) => (longest = Math.max(longest, duration)));
      new PerformanceObserver(look).observe({ type: "longtask" });
    }""")
    await ask(page, "Everything, please")
    await expect(answer(page)).to_have_attribute("data-state", "done", timeout=30_000)
    added, longest, nodes = await page.evaluate("[added, longest, document.querySelectorAll('.answer .text *').length]")
    assert added < 2 * nodes
    assert longest < 1000  # milliseconds; none over 50 where nothing else keeps the processor busy
