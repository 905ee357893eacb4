"""What one sees of a call, and what one can do in it, whoever one is and whatever one has."""

import pytest
from playwright.async_api import expect

from tests import fake_dify
from tests.conftest import eventually
from tests.page.browser import accessible, answer, ask, ends
from tests.page.speech import DOUBLES, button, call_answer, call_state, hear, heard, until, until_said

TABLE = """The canteen is open.

| Dish | For whom | Price |
| --- | --- | ---: |
| Soup of the day | everybody | 4.50 |

```text
door 7
```

Is there more?"""
SOURCES = [{"document_name": "menu.pdf", "content": "Soup of the day"}]
WORDS = {
    "en-GB": {"call": "Call", "mute": "Mute", "unmute": "Unmute", "now": "Send now", "again": "Call again"},
    "zh-CN": {"call": "通话", "mute": "静音", "unmute": "取消静音", "now": "立即发送", "again": "重新通话"},
}
SHORT = {"pauseSeconds": 0.3}
GOES_ON = "speech.endsBySelf = false;"


async def with_sources(stage):
    await stage.open()
    await stage.dify.released.wait()
    await stage.event("message", answer=TABLE)
    await stage.event("message_end", metadata={"retriever_resources": SOURCES})


def phase(page, name):
    return page.locator(f"#call[data-state={name}]")


async def test_what_is_typed_in_a_call_is_asked_at_once_and_answered_by_voice(meet, dify):
    dify.plays(fake_dify.until_stopped("It is behind the house. And"), fake_dify.say("Nine."))
    page = await meet(GOES_ON, settings=SHORT)
    await button(page, "Call").click()
    await hear(page, "where is the garden")
    await until_said(page, "It is behind the house.")
    await ask(page, "When does it open?")
    await until_said(page, "It is behind the house.", "Nine.")
    await expect(call_state(page)).to_have_text("Speaking")
    await eventually(lambda: len(dify.stops) == 1)
    assert [question["query"] for question in dify.questions] == ["where is the garden", "When does it open?"]
    await expect(page.locator("#question")).to_be_focused()


async def test_what_was_heard_is_sent_at_once_by_a_tap(meet, dify):
    """Also by who taps while the call has just begun."""
    page = await meet(settings={"pauseSeconds": 60})
    await button(page, "Call").click()
    await hear(page, "where is the garden and")
    await button(page, "Send now").click()
    await until_said(page, "Hello.")
    assert [question["query"] for question in dify.questions] == ["where is the garden and"]
    await expect(heard(page)).to_have_count(0)


async def test_escape_closes_a_dialog_interrupts_an_answer_and_then_ends_the_call(meet, dify):
    dify.plays(fake_dify.until_stopped("It is behind the house. And"))
    page = await meet(GOES_ON, settings=SHORT)
    await button(page, "Call").press("Enter")
    await expect(page.locator("#call")).to_be_focused()
    await page.locator("#display").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(call_state(page)).to_have_text("Listening")
    await page.locator("#call").focus()
    await hear(page, "where is the garden")
    await until_said(page, "It is behind the house.")
    await page.keyboard.press("Escape")
    await expect(call_state(page)).to_have_text("Listening")
    await eventually(lambda: len(dify.stops) == 1)
    await page.keyboard.press("Escape")
    await expect(page.locator("#call")).to_be_hidden()
    await expect(button(page, "Call")).to_be_focused()


@pytest.mark.parametrize(("width", "locale"), [(320, "en-GB"), (390, "zh-CN"), (1440, "en-GB")])
async def test_nothing_jumps_in_a_call(meet, dify, width, locale):
    """Whatever comes: buttons and words stay where they are, and what is read goes up as a whole."""
    call, mute = WORDS[locale]["call"], WORDS[locale]["mute"]
    dify.parameters |= {"opening_statement": "I am Ward 7.", "suggested_questions": ["When is lunch?"]}
    dify.plays(fake_dify.say(*(f"Some words, number {number}. " for number in range(60)), pause=0.005))
    page = await meet(GOES_ON, SHORT, viewport={"width": width, "height": 720},
                      locale=locale)  # fmt: skip
    await button(page, call).click()
    await until(page, "speech.session")
    await page.wait_for_timeout(500)  # what moves by a click within that time is no shift
    await page.evaluate("""
      window.shifts = [];
      const moved = ({ sources }) => sources.map(({ node }) => `${node.nodeName}#${node.id}.${node.className}`);
      const look = (list) => shifts.push(...list.getEntries().map(moved));
      new PerformanceObserver(look).observe({ type: "layout-shift" });
    """)
    places = "Array.from(document.querySelectorAll('#call button'), (node) => node.getBoundingClientRect().toJSON())"
    before = await page.evaluate(places)
    for text in ("where", "where is the garden", "where is the garden and when does it open on a Sunday"):
        await hear(page, text)
    await expect(page.locator("#call[data-state=speaking]")).to_be_visible()
    await ends(page)
    assert await page.evaluate(places) == before
    assert await page.evaluate("shifts") == []
    await button(page, mute).click()
    await expect(page.locator("#call[data-state=speaking]")).to_be_visible()
    assert await page.evaluate(places) == before


async def test_an_answer_with_a_table_and_sources_is_read_in_the_call(meet, dify):
    dify.plays(with_sources)
    dify.released.set()
    page = await meet(GOES_ON, SHORT, viewport={"width": 390, "height": 844})
    await button(page, "Call").click()
    await hear(page, "what is for lunch")
    await expect(phase(page, "speaking")).to_be_visible()
    await expect(call_answer(page).locator("td").last).to_be_in_viewport()
    await answer(page).locator(".sources summary").click()
    await expect(answer(page).get_by_text("Soup of the day").last).to_be_in_viewport()


async def test_who_reads_back_in_a_call_is_left_there(meet, dify):
    dify.plays(fake_dify.say(*(f"Line {number}.\n\n" for number in range(60)), pause=0.02))
    page = await meet(GOES_ON, SHORT)
    await button(page, "Call").click()
    await hear(page, "tell me more")
    await expect(call_answer(page)).to_contain_text("Line 30.")
    await expect(page.locator("#below")).to_be_hidden()
    await page.locator("#log").hover()
    await page.mouse.wheel(0, -10_000)
    await ends(page)
    await expect(page.locator(".question").first).to_be_in_viewport()


async def test_the_times_of_a_turn_stand_below_its_answer(meet, dify):
    page = await meet()
    await ask(page, "Hello?")
    await ends(page)
    times = "{ silence_ms: 310, transcript_ms: 640, asked_ms: 700, first_text_ms: 1100 }"
    await page.evaluate(f"""async () => {{
      const {{ showLatencies }} = await import("./static/js/voice/call-view.js");
      showLatencies(document.querySelector(".answer").dataset.id, {times});
    }}""")
    words = "After you spoke: silence 0.31 s, transcript 0.64 s, asked 0.70 s, first word 1.10 s, first sound – s"
    await expect(answer(page).get_by_text(words)).to_be_visible()


async def test_an_app_whose_speech_is_off_has_a_page_without_voice(meet, dify):
    page = await meet("""
      const { fetch } = window;
      window.fetch = async (...call) => {
        const response = await fetch(...call);
        if (call[0] !== "api/app") return response;
        const body = await response.json();
        body.data.speech = { engine: "off", speculative: true };
        return Response.json?.(body) ?? new Response(JSON.stringify(body));
      };
    """)
    await expect(page.locator("#hint")).to_be_visible()
    for name in ("Call", "Dictate", "Read answers aloud", "Voice settings"):
        await expect(button(page, name)).to_have_count(0)


async def states(page, dify, words):
    """Every state of a call, by its name."""
    await button(page, words["call"]).click()
    await until(page, "speech.session")
    yield "listening"
    await hear(page, "what is for lunch and")
    await expect(phase(page, "hearing")).to_be_visible()
    yield "hearing"
    await button(page, words["now"]).click()
    await expect(phase(page, "thinking")).to_be_visible()
    yield "thinking"
    dify.released.set()
    await expect(phase(page, "speaking")).to_be_visible()
    await expect(call_answer(page).locator("td").last).to_be_visible()
    yield "speaking, with a table"
    await page.keyboard.press("Escape")
    await expect(phase(page, "listening")).to_be_visible()
    await page.fill("#question", "And for dinner?")
    yield "typing"
    await page.fill("#question", "")
    await button(page, words["mute"]).click()
    await expect(phase(page, "muted")).to_be_visible()
    yield "muted"
    await page.clock.fast_forward(151_000)
    await expect(page.locator("#call [role=status]:not(:empty)").last).to_be_visible()
    yield "still there?"
    await page.clock.fast_forward(31_000)
    await expect(phase(page, "ended")).to_be_visible()
    yield "ended"
    await button(page, words["again"]).click()
    await expect(phase(page, "listening")).to_be_visible()
    await page.evaluate(
        "document.dispatchEvent(new CustomEvent('connection:changed', { detail: { name: 'waiting' } }))"
    )
    await page.clock.fast_forward(2_000)
    await expect(phase(page, "lost")).to_be_visible()
    yield "no connection"
    await page.evaluate("speech.refuses = true")
    for name in ("mute", "unmute"):
        await button(page, words[name]).click()
    await expect(phase(page, "refused")).to_be_visible()
    yield "refused"


@pytest.mark.parametrize(
    ("width", "theme", "locale"), [(320, "dark", "zh-CN"), (320, "light", "en-GB"), (1440, "dark", "en-GB")]
)
async def test_axe_finds_nothing_in_any_state_of_a_call(meet, dify, width, theme, locale):
    dify.plays(with_sources)
    look = {"color_scheme": theme, "locale": locale, "reduced_motion": "reduce"}
    page = await meet(GOES_ON, {"pauseSeconds": 60}, viewport={"width": width, "height": 720}, **look)
    await page.clock.install()
    await page.reload()
    async for state in states(page, dify, WORDS[locale]):
        await accessible(page, state)


async def test_everything_in_a_call_is_reached_by_keyboard_and_large_enough_to_touch(meet):
    page = await meet(has_touch=True)
    await button(page, "Call").press("Enter")
    await until(page, "speech.session")
    names = "(all) => all.map((one) => one.ariaLabel ?? one.textContent)"
    wanted = await page.locator("button:visible").evaluate_all(names)
    assert {"Mute", "Send now", "End call", "Send"} <= set(wanted)
    reached = set()
    for _ in range(len(wanted) + 8):
        await page.keyboard.press("Tab")
        reached.add(await page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.textContent"))
    assert {"Mute", "Send now", "End call", "Your question", "Conversation"} <= reached
    sizes = await page.locator("#call button:visible").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect()).map(({ width, height }) => Math.min(width, height))"
    )
    assert min(sizes) >= 60


async def test_a_screen_reader_is_told_what_is_not_said_and_no_more(meet, dify):
    """What is heard, the answer and the state are not read over the voice; a note is."""
    dify.plays(fake_dify.say(""))
    page = await meet(settings=SHORT)
    await button(page, "Call").click()
    await hear(page, "where is it?")
    note = page.locator("#call .hint [role=status]")
    await expect(note).to_have_text("An answer without words")
    await expect(page.locator("#progress")).to_have_attribute("aria-live", "off")
    await expect(page.locator("#log")).to_have_attribute("aria-live", "off")
    assert await page.locator("#call .state").get_attribute("role") is None
    await button(page, "End call").click()
    await expect(page.locator("#progress")).to_have_attribute("aria-live", "polite")


async def test_a_second_tap_on_send_now_interrupts_nothing(meet, dify):
    dify.plays(fake_dify.say("Nine."))
    page = await meet(settings={"pauseSeconds": 8})
    await button(page, "Call").click()
    await hear(page, "when does it open and")
    await button(page, "Send now").dblclick()
    await until_said(page, "Nine.")
    assert dify.stops == []


async def test_what_the_operator_forbids_is_not_used_either_where_nothing_is_known_of_the_app(with_dify, dify, visit):
    dify.is_down = True
    service = await with_dify(speech="dify")
    page = await visit(service, script=DOUBLES)
    await expect(page.locator("#hint")).to_be_visible()
    for name in ("Call", "Dictate", "Read answers aloud"):
        await expect(button(page, name)).to_have_count(0)
