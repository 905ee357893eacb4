"""Hands-free calls on the chat page."""

import pytest
from playwright.async_api import expect

from tests import fake_dify
from tests.conftest import eventually
from tests.page.browser import accessible
from tests.page.speech import (
    LISTENS,
    NO_RECOGNITION,
    WRITTEN,
    button,
    call_answer,
    call_state,
    hear,
    heard,
    speak,
    until,
    until_said,
)

NARROW, WIDE = ({"width": width, "height": 720} for width in (320, 1440))
SORRY = "Sorry, the assistant cannot be reached just now."
CALL_STATE = "document.querySelector('#call .state').textContent"


@pytest.mark.smoke
async def test_a_call_listens_asks_after_a_pause_speaks_and_listens_again(meet, dify):
    dify.plays(fake_dify.say("It is behind the house."))
    page = await meet("speech.endsBySelf = false;", settings={"pauseSeconds": 60})
    await button(page, "Call").click()
    await expect(call_state(page)).to_have_text("Listening")
    await hear(page, "where is the garden and")
    await expect(call_state(page)).to_have_text("Hearing you")
    await expect(heard(page)).to_have_text("where is the garden and")
    assert dify.questions == []
    await hear(page, "where is the garden")
    await until_said(page, "It is behind the house.")
    await expect(call_state(page)).to_have_text("Speaking")
    await expect(call_answer(page)).to_have_text("It is behind the house.")
    await page.evaluate("speech.finish()")
    await expect(call_state(page)).to_have_text("Listening")
    await expect(call_answer(page)).to_be_visible()
    assert [question["query"] for question in dify.questions] == ["where is the garden"]
    await page.keyboard.press("Escape")
    await expect(page.locator("#call")).to_be_hidden()
    await expect(button(page, "Call")).to_be_focused()
    await until(page, "!speech.session")


async def test_speaking_over_the_answer_interrupts_it_and_its_own_voice_does_not(meet, dify):
    dify.plays(fake_dify.until_stopped("It is behind the house. And"), fake_dify.say("Nine."))
    page = await meet("speech.endsBySelf = false;", settings={"pauseSeconds": 1})
    await button(page, "Call").click()
    await hear(page, "where is the garden")
    await until_said(page, "It is behind the house.")
    await hear(page, "it is behind the house when")
    await expect(call_state(page)).to_have_text("Speaking")
    await page.evaluate("speech.volume(0.8)")
    await until(page, f"(speech.hear('it is behind the house when'), {CALL_STATE} === 'Hearing you')")
    await page.evaluate("speech.volume(0)")
    await hear(page, "it is behind the house when does it open")
    await eventually(lambda: len(dify.questions) == 2)
    assert dify.questions[1]["query"] == "when does it open"
    await eventually(lambda: len(dify.stops) == 1)


async def test_a_mock_that_stands_in_is_not_heard_but_that_the_assistant_cannot_be_reached(meet, dify):
    dify.plays(fake_dify.raw(b"", 500), fake_dify.say("It is behind the house."))
    page = await meet(settings={"pauseSeconds": 1})
    await button(page, "Call").click()
    await hear(page, "where is it?")
    await until_said(page, SORRY)
    await expect(call_answer(page)).to_have_text(SORRY)
    await page.evaluate("speech.finish()")
    await expect(call_state(page)).to_have_text("Listening")
    await hear(page, "where is it?")
    await until_said(page, SORRY, "It is behind the house.")


async def test_without_recognition_a_call_records_until_the_pause(meet, dify):
    dify.plays(fake_dify.say("Behind the house."), fake_dify.say("Nine."))
    page = await meet(NO_RECOGNITION + "speech.endsBySelf = false;", {"pauseSeconds": 1}, LISTENS)
    await button(page, "Call").click()
    await expect(page.locator("#call .hint")).to_have_text("Speak. It is sent when you pause.")
    await page.evaluate("speech.volume(0.8)")
    await page.wait_for_timeout(500)
    await page.evaluate("speech.volume(0)")
    await until_said(page, "Behind the house.")
    assert dify.questions[0]["query"] == WRITTEN
    await page.evaluate("speech.volume(0.9)")
    await until(page, "speechSynthesis.isHeld")  # until it is known whether there are words
    await page.evaluate("speech.volume(0)")
    await eventually(lambda: len(dify.questions) == 2)


async def test_a_muted_call_does_not_listen(meet):
    page = await meet()
    await button(page, "Call").click()
    await until(page, "speech.session")
    await button(page, "Mute").click()
    await expect(call_state(page)).to_have_text("Muted")
    await until(page, "!speech.session")
    await button(page, "Unmute").click()
    await expect(call_state(page)).to_have_text("Listening")
    await until(page, "speech.session")
    await button(page, "End call").click()
    await expect(page.locator("#call")).to_be_hidden()


async def test_a_call_without_microphone_says_what_to_do(meet):
    page = await meet("speech.refuses = true;")
    await button(page, "Call").click()
    await expect(call_state(page)).to_have_text("No microphone")
    await expect(page.locator("#call .hint")).to_contain_text("Allow it for this site")
    assert await page.evaluate("speech.microphones") == 1
    await page.evaluate("speech.refuses = false")
    await button(page, "Call again").click()
    await expect(call_state(page)).to_have_text("Listening")


async def test_no_answer_ends_in_silence(meet, dify):
    dify.plays(
        fake_dify.reset_after("Half. And"),
        fake_dify.say(""),
        fake_dify.say("~~Taken back.~~"),
        fake_dify.replay("3e_form_missing_streaming"),
    )
    page = await meet(settings={"pauseSeconds": 0.3})
    await button(page, "Call").click()
    endings = [
        ["The answer broke off."],
        ["An answer without words"],
        ["This answer cannot be read aloud.", "It is on the screen."],
        ["The assistant cannot take this question."],
    ]
    spoken = ["Half.", "And"]
    for sentences in endings:
        await hear(page, "and now")
        spoken += sentences
        await until_said(page, *spoken)
        await expect(page.locator("#call .hint")).to_have_text(" ".join(sentences))
        await expect(call_state(page)).to_have_text("Listening")
    await expect(page.locator("#call .note")).to_be_hidden()


async def test_a_lost_connection_is_said_and_what_is_said_meanwhile_is_asked_when_it_is_back(meet, dify):
    page = await meet(settings={"pauseSeconds": 0.3})
    await button(page, "Call").click()
    await until(page, "speech.session")

    async def meanwhile():
        sentences = ["The connection is lost.", "What you say is kept until it is back."]
        await until_said(page, *sentences)
        await expect(call_state(page)).to_have_text("No connection")
        await expect(page.locator("#call .hint")).to_have_text(sentences[1])
        await hear(page, "I do not want this.")
        await expect(page.locator(".question:not(.heard)")).to_contain_text("Waiting for the connection")

    await meet.service.restart(meanwhile)
    await eventually(lambda: dify.questions)
    assert dify.questions[0]["query"] == "I do not want this."
    await until(page, "speech.said.at(-1).text === 'Hello.'")
    await expect(page.locator("#call .hint")).to_have_text("Speak. Your browser writes it down.")


async def test_what_is_recorded_in_a_call_without_a_network_is_asked_when_that_is_back(meet, dify):
    dify.app_api.scenes["audio-to-text"] = fake_dify.writes_down("No.", "I do not want this.")
    page = await meet(NO_RECOGNITION, {"pauseSeconds": 0.5}, LISTENS)
    await button(page, "Call").click()
    await until(page, "speech.isOpen")
    await page.context.set_offline(True)
    unsent = []
    page.on("requestfailed", lambda request: unsent.append(request.url))
    for count in (1, 2):
        await speak(page, ".shape")
        await page.evaluate("speech.volume(0)")
        await eventually(lambda: sum("audio-to-text" in url for url in unsent) >= count)  # noqa: B023 - awaited here
        await expect(page.locator("#call .writing")).to_contain_text("What you said is kept.")
        await expect(call_state(page)).to_have_text("No connection")
    assert dify.questions == []
    await page.context.set_offline(False)
    await eventually(lambda: dify.questions)
    assert [question["query"] for question in dify.questions] == ["No. I do not want this."]
    await expect(page.locator("#call .writing")).to_be_hidden()


@pytest.mark.parametrize(("script", "app"), [("", None), (NO_RECOGNITION, LISTENS)], ids=["recognition", "recorder"])
async def test_a_call_goes_on_with_another_microphone(meet, dify, script, app):
    page = await meet(script, {"pauseSeconds": 0.5}, **({"app": app} if app else {}))
    await button(page, "Call").click()
    await expect(call_state(page)).to_have_text("Listening")
    await page.evaluate("window.first = speech.track; first.stop(); void first.dispatchEvent(new Event('ended'))")
    await until(page, "speech.track !== first && speech.isOpen")
    await expect(call_state(page)).to_have_text("Listening")
    if app is None:
        await hear(page, "where is the garden")
    else:
        await speak(page, ".shape")
        await page.evaluate("speech.volume(0)")
    await eventually(lambda: dify.questions)


async def test_a_call_that_loses_its_microphone_says_so_and_leaves_what_was_said_in_the_field(meet):
    page = await meet(NO_RECOGNITION, {"pauseSeconds": 9}, LISTENS)
    await button(page, "Call").click()
    await until(page, "speech.isOpen")
    await speak(page, ".shape")
    await page.evaluate("""
        navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", "NotFoundError"));
        speech.track.dispatchEvent(new Event("ended"));
    """)
    await expect(call_state(page)).to_have_text("The call has ended")
    await until_said(page, "The microphone is gone.", "Connect it, or allow it again, and start anew.")
    await expect(page.locator("#question")).to_have_value(WRITTEN)


async def test_who_ends_a_call_amid_a_sentence_finds_it_in_the_field(meet, dify):
    page = await meet(NO_RECOGNITION, {"pauseSeconds": 9}, LISTENS)
    await button(page, "Call").click()
    await until(page, "speech.isOpen")
    await speak(page, ".shape")
    await button(page, "End call").click()
    await until(page, "!speech.isOpen")
    await expect(page.locator("#question")).to_have_value(WRITTEN)
    assert dify.questions == []


async def test_a_call_says_that_it_listens_when_the_microphone_was_granted(meet):
    asks = """
        const take = navigator.mediaDevices.getUserMedia;
        navigator.mediaDevices.getUserMedia = () => new Promise((resolve) => (window.grant = () => resolve(take())));
    """
    page = await meet(NO_RECOGNITION + asks, app=LISTENS)
    await button(page, "Call").click()
    await until(page, "window.grant")
    await expect(call_state(page)).to_have_text("One moment")
    await expect(page.locator("#call .hint")).to_have_text("Allow the microphone, if your browser asks.")
    await page.evaluate("grant()")
    await expect(call_state(page)).to_have_text("Listening")


async def test_a_call_ends_at_once_when_its_page_is_left(meet, dify):
    page = await meet("speech.endsBySelf = false;", settings={"pauseSeconds": 0.3})
    await button(page, "Call").click()
    await hear(page, "where is the garden")
    await until_said(page, "Hello.")
    await page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
    await until(page, "!speech.session && !speechSynthesis.speaking && !speech.isOpen")
    await expect(page.locator("#call")).to_be_hidden()


@pytest.mark.parametrize(
    ("viewport", "theme", "locale", "words"),
    [
        (NARROW, "dark", "zh-CN", ["语音输入", "语音设置"]),
        (WIDE, "light", "en-GB", ["Dictate", "Voice settings"]),
    ],
)
async def test_axe_finds_nothing_while_one_dictates_and_chooses_a_voice(meet, viewport, theme, locale, words):
    options = {"viewport": viewport, "color_scheme": theme, "locale": locale, "reduced_motion": "reduce"}
    page = await meet("speech.endsBySelf = false;", {"pauseSeconds": 1}, LISTENS, **options)
    dictate, choices = (button(page, name) for name in words)
    await dictate.click()
    await hear(page, "Where is")
    await accessible(page)
    await choices.click()
    await accessible(page)
