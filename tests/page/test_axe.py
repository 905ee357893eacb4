"""axe-core of today finds nothing in any state of the pages. (While one speaks and listens: test_voice.)"""

import pytest
from playwright.async_api import expect

from tests import fake_dify
from tests.page.browser import accessible, answer, ask, ends

NARROW, WIDE = ({"width": width, "height": 720} for width in (320, 1440))
INPUTS = [
    {"text-input": {"label": "Room", "variable": "room", "required": True}},
    {"select": {"label": "Diet", "variable": "diet", "options": ["any", "vegan"]}},
    {"paragraph": {"label": "Remarks", "variable": "remarks"}},
]
APP = {
    "opening_statement": "I am **Ward 7**.\n\nAsk me about [your stay](https://example.com).",
    "suggested_questions": ["When is lunch?"],
    "suggested_questions_after_answer": {"enabled": True},
    "user_input_form": INPUTS,
    "file_upload": {"enabled": True, "allowed_file_types": ["document"], "number_limits": 3},
}
ANSWER = """<think>They want to know everything.</think>

# A heading

## Another

**Bold**, *slanted*, ~~struck~~, `code`, [a link](https://example.com), ![a picture](https://example.com/a.png)
and $x^2$.

1. one
2. two
   - [x] done
   - [ ] to be done

| Dish | Price |
| --- | ---: |
| Soup | 4.50 |

> A quote.[^1]

```python
print("Hello")
```

---

مرحبا بكم

[^1]: A footnote.
"""
SOURCES = [{"document_name": "menu.pdf", "content": "Soup of the day"}]


async def whole(stage):
    await stage.open()
    data = {"id": "n", "node_id": "n", "node_type": "knowledge-retrieval", "title": "House rules"}
    await stage.event("node_started", data=data)
    await stage.dify.released.wait()
    await stage.event("message", answer=ANSWER)
    await stage.event("message_end", metadata={"retriever_resources": SOURCES, "usage": {"total_tokens": 3}})


GONE = fake_dify.raw(b'{"code": "not_found", "message": "Conversation Not Exists."}', 404, "application/json")
SCENES = [whole, fake_dify.reset_after("Half"), GONE, fake_dify.raw(b"", 500), fake_dify.until_stopped("Half")]


async def before_a_question(page, dify):
    yield "the first sight"
    await ask(page, "Everything?")
    yield "an input is missing"
    await page.fill("#question", "x" * 101)
    await page.get_by_label("Room").fill("12b")
    await page.locator("#send").click()
    yield "a question that is too long"
    dify.app_api.may_read.clear()
    await page.fill("#question", "Everything?")
    async with page.expect_file_chooser() as chooser:
        await page.locator("#attach").click()
    await (await chooser.value).set_files([{"name": "a.pdf", "mimeType": "application/pdf", "buffer": b"x"}])
    await expect(page.locator("#files li .state")).to_be_visible()
    yield "a file is being uploaded"
    dify.app_api.may_read.set()
    await expect(page.locator("#files li .state")).to_have_count(0)


async def one_answer(page, dify):
    await page.locator("#send").click()
    await expect(answer(page).locator(".doing")).to_contain_text("House rules")
    await ask(page, "And then?")
    yield "something is looked up, and a question waits"
    await page.locator(".question[data-state=waiting] button").click()
    dify.released.set()
    await ends(page)
    await page.fill("#question", "")
    for summary in await page.locator("summary").all():
        await summary.click()
    await expect(page.locator("#talk > .suggestions")).to_be_visible()
    await answer(page).locator(".icon[aria-pressed]").first.click()
    yield "an answer with everything, rated"
    await page.locator("#log").evaluate("(log) => (log.scrollTop = 0)")
    await expect(page.locator("#below")).to_be_visible()
    yield "the end is out of sight"


async def other_answers(page, dify):
    for question, state in [("Break", "incomplete"), ("Gone", "failed"), ("Fail", "done"), ("Wait", "streaming")]:
        await ask(page, question)
        await expect(page.locator(".question .text").last).to_have_text(question)
        await ends(page, state)
        yield f"{question}: {state}"
    await page.locator(".answer .thought summary").last.click()
    yield "what a mock made up"


async def another_conversation(page, dify):
    await page.locator("#new").click()
    await expect(page.locator("#snackbars button")).to_be_visible()
    yield "a conversation can be brought back"
    await page.locator("#snackbars button").click()
    await ends(page, "stopped")
    yield "a conversation that was brought back"
    await page.locator(".voice-bar .icon:not([hidden])").last.click()
    await page.locator("#voice-settings").wait_for()
    yield "voice settings"
    await page.keyboard.press("Escape")


@pytest.mark.parametrize(
    ("viewport", "theme", "locale"),
    [(NARROW, "light", "zh-CN"), (WIDE, "dark", "en-GB")],
    ids=str,
)
async def test_axe_finds_nothing_in_any_state_of_the_chat(with_dify, dify, visit, viewport, theme, locale):
    dify.parameters |= APP
    dify.plays(*SCENES)
    service = await with_dify(max_content_length=100)
    options = {"viewport": viewport, "color_scheme": theme, "locale": locale, "reduced_motion": "reduce"}
    page = await visit(service, "/chat?debug", **options)
    for walk in (before_a_question, one_answer, other_answers, another_conversation):
        async for state in walk(page, dify):
            await accessible(page, state)
    await service.stop()
    await expect(page.locator("#state[data-state=waiting]")).to_be_visible()
    await accessible(page, "without a connection")


async def test_axe_finds_nothing_where_the_connection_is_over(start, visit, connect, events):
    service = await start()
    page = await visit(service, locale="zh-CN")
    (opened,) = [event for event in events if event["event"] == "connection.opened"]
    token = await page.evaluate("JSON.parse(sessionStorage.getItem('dify-live:token'))")
    newer = await connect(service, f"/ws/chat/{opened['client_id']}")
    await newer.say({"type": "resume", "token": token})
    await expect(page.locator("#snackbars button")).to_be_visible()
    await accessible(page)


@pytest.mark.parametrize("path", ["/docs", "/chat?embed=1"])
async def test_other_pages_fit_a_small_window_also_in_forced_colours(start, visit, path):
    page = await visit(await start(), path, viewport=NARROW, forced_colors="active")
    await accessible(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_finds_nothing_in_the_docs(start, visit, theme):
    await accessible(await visit(await start(), "/docs", viewport=WIDE, color_scheme=theme))
