"""What a hands-free call says: paused, repeated, talked over, and what could not be said."""

import array
import io
import wave

import pytest
from playwright.async_api import expect

from tests import fake_dify
from tests.conftest import eventually
from tests.page.browser import ends
from tests.page.speech import (
    LISTENS,
    NO_RECOGNITION,
    NO_VOICES,
    SPEAKS,
    button,
    call_state,
    hear,
    said,
    speak,
    until,
    until_said,
)

SHORT = {"pauseSeconds": 0.3}
GOES_ON = "speech.endsBySelf = false;"
HINT = "#call .hint"
# One piece, which the page takes for over after 17 s only, where the voice does not say so.
LONG = "The house of the gardeners stands behind the large glass hall beside the old church of this town."
NOT_ALL = "Not everything could be read aloud. It can be repeated, or read on the screen."


def tone(seconds):
    """A WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, 16_000, 0, "NONE", ""))
        sound.writeframes(array.array("h", [8_000, -8_000] * int(8_000 * seconds)).tobytes())
    return file.getvalue()


async def texts_asked_to_be_spoken(page, *failing, seconds=0.8):
    """A list that grows; what is in `failing` fails as often as it is there, all else lasts so long."""
    asked, left = [], list(failing)

    async def speak(route):
        text = route.request.post_data_json["text"]
        asked.append(text)
        if text in left:
            left.remove(text)
            await route.fulfill(status=500)
        else:
            await route.fulfill(body=tone(seconds), content_type="audio/wav")

    await page.route("**/api/text-to-audio", speak)
    return asked


async def answered(page, dify, text="It is behind the house. It is open."):
    """A call in which the page has just answered, by the browser's voice."""
    dify.plays(fake_dify.say(text), fake_dify.say("Nine."))
    await button(page, "Call").click()
    await hear(page, "where is the garden")
    await ends(page)
    await expect(call_state(page)).to_have_text("Speaking")
    await until(page, "speech.said.length === 1")
    for count in (2, 3):
        await page.evaluate("speech.finish()")
        if count == 2:
            await until(page, "speech.said.length === 2")
    await expect(call_state(page)).to_have_text("Listening")


async def test_an_answer_that_is_repeated_in_a_call_is_spoken_as_ever_and_a_tap_stops_it(meet, dify):
    page = await meet(GOES_ON, SHORT)
    await answered(page, dify)
    await button(page, "Repeat").click()
    await until(page, "speech.said.length === 3")
    await expect(call_state(page)).to_have_text("Speaking")
    await expect(page.locator("#call[data-state=speaking]")).to_be_visible()
    await button(page, "Pause").click()
    await expect(call_state(page)).to_have_text("Paused")
    await button(page, "Go on").click()
    await until(page, "speech.said.length === 4")
    await expect(call_state(page)).to_have_text("Speaking")
    await page.wait_for_timeout(800)  # a tap so soon is not meant for the button as it is now
    await button(page, "Interrupt").click()
    await expect(call_state(page)).to_have_text("Listening")
    assert not await page.evaluate("speechSynthesis.speaking")
    assert (await said(page))[2:] == ["It is behind the house."] * 2
    assert dify.stops == []


async def test_who_speaks_over_what_is_repeated_holds_it_at_once_and_words_interrupt_it(meet, dify):
    dify.app_api.scenes["audio-to-text"] = fake_dify.writes_down("Where is it?", "Mhm.", "When does it open?")
    dify.plays(fake_dify.say(LONG), fake_dify.say("Nine."))
    page = await meet(NO_RECOGNITION + GOES_ON, SHORT, LISTENS)
    await button(page, "Call").click()
    await until(page, "speech.isOpen")
    await speak(page, ".shape")
    await page.evaluate("speech.volume(0)")
    await until(page, "speech.said.length === 1")
    await page.evaluate("speech.finish()")
    await expect(call_state(page)).to_have_text("Listening")
    await button(page, "Repeat").click()
    await until(page, "speech.said.length === 2")
    for _ in range(2):
        await expect(call_state(page)).to_have_text("Speaking")
        await speak(page, ".shape")
        await until(page, "speechSynthesis.isHeld")
        await expect(call_state(page)).to_have_text("Hearing you")
        await page.evaluate("speech.volume(0)")
        await until(page, "!speechSynthesis.isHeld")
    await eventually(lambda: len(dify.questions) == 2)
    assert [question["query"] for question in dify.questions] == ["Where is it?", "When does it open?"]


async def test_a_piece_that_fails_once_is_asked_for_again_and_nothing_is_missed(meet, dify):
    dify.plays(fake_dify.say("Take one. Take two. Stop."))
    page = await meet(NO_VOICES, SHORT, SPEAKS)
    asked = await texts_asked_to_be_spoken(page, "Take two.")
    await button(page, "Call").click()
    await hear(page, "how many")
    await ends(page)
    await expect(call_state(page)).to_have_text("Listening")
    assert sorted(asked) == ["Stop.", "Take one.", "Take two.", "Take two."]
    await expect(page.locator(HINT)).not_to_contain_text("Not everything")


async def test_what_no_voice_could_say_is_told_and_can_be_repeated(meet, dify):
    """Nothing is left out: what follows the gap is not said. What was fetched before is not fetched again."""
    dify.plays(fake_dify.say("Take one. Take two. Stop."))
    page = await meet(NO_VOICES, SHORT, SPEAKS)
    asked = await texts_asked_to_be_spoken(page, "Take two.", "Take two.")
    await button(page, "Call").click()
    await hear(page, "how many")
    await expect(page.locator(HINT)).to_have_text(NOT_ALL)
    await expect(call_state(page)).to_have_text("Listening")
    await eventually(lambda: "Not everything could be read aloud." in asked)  # by the app's voice, which may work again
    await button(page, "Repeat").click()
    await expect(call_state(page)).to_have_text("Speaking")
    await expect(call_state(page)).to_have_text("Listening")
    await expect(page.locator(HINT)).not_to_contain_text("Not everything")
    assert [asked.count(text) for text in ("Take one.", "Take two.", "Stop.")] == [1, 3, 1]


async def test_where_the_app_s_voice_fails_the_browser_s_reads_the_rest_and_the_app_s_is_tried_again_later(meet, dify):
    dify.plays(*[fake_dify.say("Take one. Take two.")] * 3)
    page = await meet(settings=SHORT, app=SPEAKS)
    asked = await texts_asked_to_be_spoken(page, "Take two.", "Take two.")
    await button(page, "Call").click()
    await hear(page, "how many")
    await until_said(page, "Take two.")
    await expect(call_state(page)).to_have_text("Listening")
    count = len(asked)
    await hear(page, "how many")
    await until_said(page, "Take two.", "Take one.", "Take two.")
    await expect(call_state(page)).to_have_text("Listening")
    assert len(asked) == count
    await page.evaluate("performance.now = () => 31_000 + Date.now() - performance.timeOrigin")
    await hear(page, "how many")
    await eventually(lambda: len(asked) == count + 2)
    assert len(await said(page)) == 3


async def test_what_was_fetched_is_not_fetched_again_after_a_pause_and_when_it_is_repeated(meet, dify):
    dify.plays(fake_dify.say("Take one. Take two. Stop."), fake_dify.say("Take one."))
    page = await meet(NO_VOICES, SHORT, SPEAKS)
    asked = await texts_asked_to_be_spoken(page, seconds=1.5)
    await button(page, "Call").click()
    await hear(page, "how many")
    await expect(call_state(page)).to_have_text("Speaking")
    await button(page, "Pause").click()
    await expect(call_state(page)).to_have_text("Paused")
    await button(page, "Go on").click()
    await expect(call_state(page)).to_have_text("Listening")
    for _ in range(2):
        await button(page, "Repeat").click()
        await expect(call_state(page)).to_have_text("Speaking")
        await expect(call_state(page)).to_have_text("Listening")
    assert sorted(asked) == ["Stop.", "Take one.", "Take two."]
    await hear(page, "how many")  # another answer
    await eventually(lambda: sorted(asked) == ["Stop.", "Take one.", "Take one.", "Take two."])


async def test_a_call_ends_where_another_tab_begins_one(meet):
    page = await meet()
    await button(page, "Call").click()
    await expect(call_state(page)).to_have_text("Listening")
    other = await page.context.new_page()
    await other.goto(page.url)
    await button(other, "Call").click()
    await expect(call_state(other)).to_have_text("Listening")
    await expect(call_state(page)).to_have_text("The call has ended")
    await expect(page.locator(HINT)).to_contain_text("Another call has begun in this browser")
    await until(page, "!speech.session && !speech.isOpen")
    assert await said(page) == []
    await button(page, "Call again").click()
    await expect(call_state(page)).to_have_text("Listening")
    await expect(call_state(other)).to_have_text("The call has ended")


BREAKS = "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'AbortError') };"


@pytest.mark.parametrize(
    ("locale", "call", "words"),
    [
        ("en-GB", "Call", "The microphone cannot be started. Check it, and try again."),
        ("zh-CN", "通话", "无法启动麦克风，请检查后重试。"),
    ],
)
async def test_a_microphone_that_cannot_be_started_is_told_in_words(meet, locale, call, words):
    page = await meet(NO_RECOGNITION + BREAKS, app=LISTENS, locale=locale)
    await button(page, call).click()
    await expect(page.locator(HINT)).to_have_text(words)


@pytest.mark.parametrize(("locale", "words"), [("en-GB", ["Call", "Call again"]), ("zh-CN", ["通话", "重新通话"])])
async def test_who_was_cut_off_can_call_again(meet, locale, words):
    page = await meet("speech.refuses = true;", locale=locale)
    await button(page, words[0]).click()
    await page.evaluate("speech.refuses = false")
    await button(page, words[1]).click()
    await expect(page.locator("#call[data-state=listening]")).to_be_visible()
