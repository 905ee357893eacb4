"""Reading back on the chat page while an answer is written: the reader's place is the reader's."""

import asyncio
import time

import pytest
from playwright.async_api import expect

from tests import fake_dify
from tests.page.browser import answer, ask, ends, holds

PLACE = """() => {
  const log = document.getElementById("log");
  return { top: log.scrollTop, end: log.scrollHeight - log.clientHeight };
}"""


@pytest.fixture
async def dictated(with_dify, dify, visit):
    """A page whose answer grows whenever the test says so; a function that says words, or None for its end."""
    words = asyncio.Queue()

    async def scene(stage):
        await stage.open()
        while (piece := await words.get()) is not None:
            kind, fields = piece if isinstance(piece, tuple) else ("message", {"answer": piece})
            await stage.event(kind, **fields)
        await stage.end()

    dify.plays(scene)
    page = await visit(await with_dify(), viewport={"width": 800, "height": 600}, has_touch=True)
    await ask(page, "Hello")
    await ends(page, "streaming")
    yield page, words.put_nowait
    words.put_nowait(None)
    await ends(page)


async def shown(page, text):
    """Wait until the text is on the page and a frame was drawn since; returns where the log stands then."""
    await expect(answer(page)).to_contain_text(text)
    await page.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))")
    return await page.evaluate(PLACE)


async def paragraphs(page, say, name, count=60):
    say("".join(f"{name} {number}.\n\n" for number in range(count)))
    return await shown(page, f"{name} {count - 1}.")


async def pull(page):
    """A finger that moves down just as far as it takes to scroll, and rests there: nothing glides on."""
    cdp = await page.context.new_cdp_session(page)
    now = time.time()
    for kind, y, at in [("touchStart", 200, 0), ("touchMove", 217, 0.1), ("touchMove", 217, 2), ("touchEnd", None, 3)]:
        points = [{"x": 400, "y": y}] if y else []
        await cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points, "timestamp": now + at})


IN_SIGHT = "(node) => node.getBoundingClientRect().top < log.getBoundingClientRect().bottom - 1"
MOVES = {
    "a pixel of a scroll bar or of a screen reader": lambda page: page.evaluate("log.scrollTop -= 1"),
    "the wheel": lambda page: page.mouse.wheel(0, -3),
    "a finger": pull,
    "a key": lambda page: page.press("#log", "ArrowUp"),
    "words that are looked for": lambda page: page.get_by_text("First 30.", exact=True).scroll_into_view_if_needed(),
}


async def test_any_step_up_ends_following_until_the_reader_is_at_the_end_again(dictated):
    page, say = dictated
    below = page.get_by_role("button", name="To the end")
    await page.mouse.move(400, 300)
    place = await paragraphs(page, say, "First")
    for number, (name, move) in enumerate(MOVES.items()):
        assert place["end"] - place["top"] <= 1, name
        await expect(below).to_be_hidden()
        await page.evaluate("() => void (window.rest = new Promise((rests) => (log.onscrollend = rests)))")
        await move(page)
        await holds(page, f"log.scrollTop < {place['top']}")
        read = await shown(page, "First 0.")
        later = await paragraphs(page, say, f"Step {number}", 5)
        assert later["end"] > read["end"]
        assert later["top"] <= read["top"], name  # it may glide on
        await expect(below).to_be_visible()
        await page.evaluate("() => rest.then(() => {})")
        await page.mouse.wheel(0, 100_000)
        await holds(page, "log.scrollHeight - log.clientHeight - log.scrollTop <= 1")
        place = await paragraphs(page, say, f"Again {number}", 5)


HANDS = {
    "wheel": ["new WheelEvent('wheel', { deltaY: -1 })"],
    "finger": [
        f"new TouchEvent('{kind}', {{ touches: [new Touch({{ identifier: 1, target: log, clientY: {y} }})] }})"
        for kind, y in [("touchstart", 200), ("touchmove", 201)]
    ],
    "key": ["new KeyboardEvent('keydown', { key: 'PageUp' })"],
    "space": ["new KeyboardEvent('keydown', { key: ' ', shiftKey: true })"],
    "scroll bar": ["new PointerEvent('pointerdown', { clientX: innerWidth })"],
}


async def test_a_hand_is_heeded_before_the_browser_has_moved_anything(dictated):
    """Firefox and WebKit forget it, where they are told meanwhile where to scroll to."""
    page, say = dictated
    await paragraphs(page, say, "First")
    for name, events in HANDS.items():
        place = await paragraphs(page, say, f"Before the {name}", 3)
        assert place["end"] - place["top"] <= 1
        for event in events:
            await page.evaluate(f"() => void log.dispatchEvent({event})")
        later = await paragraphs(page, say, f"After the {name}", 3)
        assert later["top"] == place["top"], name
        await page.evaluate("document.getElementById('below').click()")  # a pointer would be another hand


async def test_what_shrinks_ends_no_following(dictated):
    page, say = dictated
    sources = "<details><summary>Thoughts</summary>\n" + "A thought.\n\n" * 30 + "</details>\n\n"
    say(sources)
    await paragraphs(page, say, "First")
    thought = page.locator("details").first
    for _ in range(2):
        await thought.evaluate("(node) => (node.open = !node.open)")
        place = await shown(page, "First 59.")
        assert place["end"] - place["top"] <= 1
    say(("message_replace", {"answer": "Short.\n\n" * 30}))
    place = await shown(page, "Short.")
    assert place["end"] - place["top"] <= 1
    place = await paragraphs(page, say, "Second")
    assert place["end"] - place["top"] <= 1


async def test_a_line_of_what_is_done_comes_and_goes_under_the_reader_who_follows(dictated):
    page, say = dictated
    step = {"id": "n-1", "node_id": "n-1", "node_type": "knowledge-retrieval", "title": "House rules"}
    await page.set_viewport_size({"width": 800, "height": 260})
    say(("node_started", {"data": step}))
    place = await shown(page, "Looking up: House rules")
    assert place["end"] - place["top"] <= 1
    for number in range(20):
        say(f"Word {number}\n\n")
        place = await shown(page, f"Word {number}")
        assert place["end"] - place["top"] <= 1


async def test_a_button_leads_to_an_end_that_is_out_of_sight_also_when_nothing_is_written(dictated):
    page, say = dictated
    await paragraphs(page, say, "First")
    say(None)
    await ends(page)
    below = page.get_by_role("button", name="To the end")
    await expect(below).to_be_hidden()
    await page.evaluate("log.scrollTop = 100")
    await below.click()
    place = await shown(page, "First 59.")
    assert place["end"] - place["top"] <= 1
    await expect(below).to_be_hidden()
    await expect(page.locator("#log")).to_be_focused()


LONG_TALK = """
  for (const name of ["scrollHeight", "clientHeight"]) {
    const { get } = Object.getOwnPropertyDescriptor(Element.prototype, name);
    Object.defineProperty(Element.prototype, name, {
      get() {
        window.looks = (window.looks ?? 0) + 1;
        return get.call(this);
      },
    });
  }
  sessionStorage["dify-live:turns"] ??= JSON.stringify(Array.from({ length: 200 }, (_, at) => ({
    ...{ id: `turn-${at}`, question: `Question ${at}?`, text: `Answer **${at}**.` },
    ...{ status: "done", files: [], at: 0, source: "dify" },
  })));
"""


async def test_a_long_conversation_is_laid_out_once_when_the_page_is_loaded_and_ends_at_its_end(start, visit):
    """Not once for each question: of a thousand, that took half a minute."""
    page = await visit(await start(), script=LONG_TALK)
    await expect(page.locator(".answer")).to_have_count(200)
    assert await page.evaluate("looks") < 400  # five for each turn otherwise
    await holds(page, "log.scrollHeight - log.clientHeight - log.scrollTop <= 1")
    await expect(page.get_by_text("Answer 199.")).to_be_in_viewport()
    texts = await page.locator("#talk .text").all_text_contents()
    assert texts == [text for at in range(200) for text in (f"Question {at}?", f"Answer {at}.")]


IS_LAST = """
  (({ left, bottom }, { paddingLeft }) => document.elementFromPoint(left + parseFloat(paddingLeft) + 1, bottom - 1).id)(
    log.getBoundingClientRect(), getComputedStyle(log),
  ) === "edge"
"""
COVERED = """
  Array.from(document.querySelectorAll("#talk p, #talk .detail, #talk button"), (node) => {
    const { left, right, top, bottom } = node.getBoundingClientRect();
    const way = document.querySelector("#below").getBoundingClientRect();
    const isInWay = left < way.right && right > way.left && top < way.bottom && bottom > way.top;
    const band = document.elementFromPoint(left + 1, way.top + way.height / 2);
    return isInWay && band?.id !== "edge" && way.height && node.textContent;
  }).filter(Boolean)
"""


@pytest.mark.parametrize("width", [390, 1440])
async def test_the_way_to_the_end_lies_over_nothing_that_is_seen(with_dify, dify, visit, width):
    dify.parameters |= {"suggested_questions_after_answer": {"enabled": True}}
    dify.plays(fake_dify.say(*(f"Paragraph {number}.\n\n" for number in range(40))))
    page = await visit(await with_dify(), viewport={"width": width, "height": 600})
    await ask(page, "Hello")
    await expect(page.get_by_role("button", name="What next?")).to_be_visible()
    below = page.get_by_role("button", name="To the end")
    for above in range(0, 500, 20):
        await page.evaluate(f"log.scrollTop = log.scrollHeight - log.clientHeight - {above}")
        await page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        assert await page.evaluate(COVERED) == [], above
        if await below.is_visible():
            assert await page.evaluate(IS_LAST), above
        if await page.evaluate(f"({IN_SIGHT})(document.querySelector('#talk .suggestions'))"):
            await expect(below).to_be_hidden()
    await expect(below).to_be_visible()


async def test_what_could_be_asked_next_is_seen_below_an_answer_that_is_longer_than_the_window(with_dify, dify, visit):
    dify.parameters |= {"suggested_questions_after_answer": {"enabled": True}}
    dify.plays(fake_dify.say(*(f"Paragraph {number}.\n\n" for number in range(40))))
    page = await visit(await with_dify(), viewport={"width": 390, "height": 780})
    await ask(page, "Hello")
    await expect(page.get_by_role("button", name="What next?")).to_be_in_viewport(ratio=1)
    await expect(answer(page).get_by_text("Paragraph 39.")).to_be_in_viewport()
