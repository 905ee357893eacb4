"""Speaking and listening on the chat page; the browser's speech is led by js/speech-doubles.js."""

import array
import asyncio
import io
import json
import os
import shutil
import wave
from pathlib import Path

import pytest
from playwright.async_api import async_playwright, expect

from tests import fake_dify
from tests.browser import CHROMIUM, OPTIONS, accessible, answer, ask, ends
from tests.conftest import PATIENCE_SECONDS, eventually

DOUBLES = (Path(__file__).parent / "js/speech-doubles.js").read_text()
NO_RECOGNITION = "window.SpeechRecognition = window.webkitSpeechRecognition = undefined;"
NO_VOICES = "speechSynthesis.getVoices = () => [];"
STARTS = """
  window.starts = [];
  const { start } = AudioBufferSourceNode.prototype;
  AudioBufferSourceNode.prototype.start = function (at) {
    starts.push([at, this.buffer.duration]);
    start.call(this, at);
  };
"""
NARROW, WIDE = ({"width": width, "height": 720} for width in (320, 1440))
CALL_STATE = "document.querySelector('#call .state').textContent"
SILENT = {"speech_to_text": {"enabled": False}, "text_to_speech": {"enabled": False}}
LISTENS, SPEAKS = {"speech_to_text": {"enabled": True}}, {"text_to_speech": {"enabled": True}}
WRITTEN = "hello 你好 from fake stt, 32044 bytes"


@pytest.fixture
def meet(with_dify, dify, visit):
    """Open the chat page with the doubles; `script` changes them, `settings` is what the person chose before."""

    async def meet(script="", settings=None, app=SILENT, **options):
        dify.parameters |= SILENT | app
        stored = f"localStorage.voice ??= {json.dumps(json.dumps(settings))};" if settings else ""
        return await visit(await with_dify(), script=DOUBLES + script + stored, **options)

    return meet


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def state(page):
    return page.locator(".voice-state")


def call_state(page):
    return page.locator("#call .state")


async def said(page):
    return await page.evaluate("speech.said.map(({ text }) => text)")


async def until(page, expression):
    """Playwright's own wait_for_function would need a page that may use eval."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await page.evaluate(f"Boolean({expression})"):
            await asyncio.sleep(0.02)


async def hear(page, *texts):
    await until(page, "speech.session")
    await page.evaluate("texts => speech.hear(...texts)", texts)


async def until_said(page, *texts):
    await until(page, f"speech.said.length >= {len(texts)}")
    assert await said(page) == list(texts)


# Dictation


async def test_what_is_dictated_follows_what_was_typed(meet):
    page = await meet()
    await page.fill("#question", "Please tell me")
    await button(page, "Dictate").click()
    await expect(state(page)).to_have_text("Listening; your browser writes it down")
    await expect(button(page, "Dictate")).to_have_attribute("aria-pressed", "true")
    await hear(page, "where the")
    await expect(page.locator("#question")).to_have_value("Please tell me where the")
    await hear(page, "where the garden ", "is")
    await expect(page.locator("#question")).to_have_value("Please tell me where the garden is")
    await button(page, "Dictate").click()
    await expect(button(page, "Dictate")).to_have_attribute("aria-pressed", "false")
    await expect(state(page)).to_be_empty()
    await until(page, "!speech.session")


async def test_who_edits_the_field_while_dictating_keeps_the_edit_and_what_follows(meet):
    page = await meet()
    await button(page, "Dictate").click()
    await hear(page, "where is the")
    await page.fill("#question", "So, where is the")
    await hear(page, "where is the garden")
    await expect(page.locator("#question")).to_have_value("So, where is the garden")


END_FIVE_TIMES = """async () => {
  for (let ends = 0; ends < 5; ends++) {
    while (!speech.session) await new Promise((resolve) => setTimeout(resolve, 5));
    speech.session.end();
  }
}"""  # in the page itself: what counts is how soon after its start each one ends


async def test_a_browser_that_ends_by_itself_is_started_again_and_loses_nothing(meet):
    page = await meet()
    await button(page, "Dictate").click()
    await hear(page, "one")
    await page.evaluate("speech.session.end()")
    await hear(page, "two")
    await expect(page.locator("#question")).to_have_value("one two")
    await page.evaluate(END_FIVE_TIMES)
    await expect(state(page)).to_have_text("Listening does not work in this browser.")
    await expect(button(page, "Dictate")).to_have_attribute("aria-pressed", "false")


async def test_where_the_browsers_recognition_reaches_nobody_dify_writes_it_down(meet, dify):
    page = await meet(app=LISTENS)
    await button(page, "Dictate").click()
    await until(page, "speech.session")
    await page.evaluate("speech.fail('network')")
    await expect(state(page)).to_have_text("Recording; it is written down when you stop")
    await page.evaluate("speech.volume(0.5)")
    await until(page, "Number(dictate.style.getPropertyValue('--level')) > 0.3")
    await button(page, "Dictate").click()
    await expect(page.locator("#question")).to_have_value(WRITTEN)
    assert len(dify.around.called("audio-to-text")) == 1
    await button(page, "Dictate").click()
    await expect(state(page)).to_have_text("Recording; it is written down when you stop")


async def test_what_dify_cannot_write_down_is_explained(meet, dify):
    dify.around.scenes["audio-to-text"] = fake_dify.replay("6_stt_chat-basic")
    page = await meet(NO_RECOGNITION, app=LISTENS)
    await button(page, "Dictate").click()
    await page.evaluate("speech.volume(0.5)")
    await until(page, "Number(dictate.style.getPropertyValue('--level')) > 0.3")
    await button(page, "Dictate").click()
    await expect(state(page)).to_have_text("This is switched off here.")


async def test_a_refused_microphone_is_explained_and_asked_for_once(meet):
    page = await meet("speech.refuses = true;")
    await button(page, "Dictate").click()
    await expect(state(page)).to_contain_text("The microphone is blocked. Allow it")
    assert await page.evaluate("speech.microphones + speech.sessions.length") == 1


async def test_sending_ends_dictation(meet):
    page = await meet()
    await button(page, "Dictate").click()
    await hear(page, "Where is it?")
    await page.press("#question", "Enter")
    await expect(button(page, "Dictate")).to_have_attribute("aria-pressed", "false")
    await ends(page)
    await expect(page.locator("#question")).to_have_value("")


class TestWithARealMicrophone:
    """Chromium's own, into which a sentence is spoken again and again; nothing between the page and Dify is made up."""

    @pytest.fixture
    async def browser(self, tmp_path):
        espeak = shutil.which("espeak-ng")
        if not (espeak and CHROMIUM) and not os.environ.get("REQUIRE_BROWSER"):
            pytest.skip("no espeak-ng or no Chromium on this machine")
        spoken = tmp_path / "spoken.wav"
        await (await asyncio.create_subprocess_exec(espeak, "-w", spoken, "Where is the garden, please?")).wait()
        followed_by_silence(spoken, 2)
        devices = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={spoken}"]
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS + devices)
            yield browser
            await browser.close()

    @pytest.fixture
    async def page(self, with_dify, visit):
        script = NO_RECOGNITION + "localStorage.voice = JSON.stringify({ pauseSeconds: 1 });"
        return await visit(await with_dify(), script=script, permissions=["microphone"])

    async def test_what_is_recorded_reaches_dify_as_a_wav_file(self, page, dify):
        bodies = []

        async def look_and_pass_on(route):
            bodies.append(route.request.post_data_buffer)
            await route.continue_()

        await page.route("**/api/audio-to-text", look_and_pass_on)
        await button(page, "Dictate").click()
        for level in ("> 0.5", "< 0.3"):
            await until(page, f"Number(dictate.style.getPropertyValue('--level')) {level}")
        await button(page, "Dictate").click()
        await expect(page.locator("#question")).to_have_value(WRITTEN)
        (body,) = bodies
        with wave.open(io.BytesIO(body[body.index(b"RIFF") :])) as sound:
            assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (16_000, 1, 2)
            samples = array.array("h", sound.readframes(sound.getnframes()))
        assert max(samples) > 3_000
        (form,) = dify.around.called("audio-to-text")
        assert form["file"] == {"filename": "speech.wav", "content_type": "audio/wav", "size": 44 + 2 * len(samples)}

    async def test_a_call_goes_through_dify_from_the_microphone_to_the_voice(self, page, dify):
        await button(page, "Call").click()
        await eventually(lambda: dify.around.called("text-to-audio"))
        assert dify.questions[0]["query"] == WRITTEN
        assert dify.around.called("text-to-audio")[0]["text"] == "Hello."


def followed_by_silence(path, seconds):
    with wave.open(str(path)) as sound:
        settings, frames = sound.getparams(), sound.readframes(sound.getnframes())
    with wave.open(str(path), "wb") as sound:
        sound.setparams(settings)
        sound.writeframes(frames + bytes(2 * seconds * settings.framerate))


# Reading aloud


async def test_an_answer_is_read_while_it_is_written(meet, dify):
    more = asyncio.Event()

    async def scene(stage):
        await stage.open()
        await stage.event("message", answer="The **first** sentence. The")
        await more.wait()
        await stage.event("message", answer=" last.\n\n```\ncode\n```")
        await stage.end()

    dify.plays(scene)
    page = await meet()
    await button(page, "Read answers aloud").click()
    await ask(page, "Hello")
    await until_said(page, "The first sentence.")
    assert dify.finished == 0
    more.set()
    await until_said(page, "The first sentence.", "The last.")
    await page.reload()
    await expect(button(page, "Read answers aloud")).to_have_attribute("aria-pressed", "true")


def tone(seconds):
    """A WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, 16_000, 0, "NONE", ""))
        sound.writeframes(array.array("h", [8_000, -8_000] * int(8_000 * seconds)).tobytes())
    return file.getvalue()


async def test_difys_voice_says_each_sentence_and_the_next_follows_without_a_gap(meet, dify):
    dify.plays(fake_dify.say("One. Two. Three"))
    page = await meet(STARTS, {"isAloud": True}, SPEAKS)
    asked = []

    async def speak(route):
        asked.append(route.request.post_data_json["text"])
        await route.fulfill(body=tone(0.4), content_type="audio/wav")

    await page.route("**/api/text-to-audio", speak)
    await ask(page, "Hello")
    await until(page, "starts.length === 3")
    assert asked == ["One.", "Two.", "Three"]
    (first, length), (second, _), (third, _) = await page.evaluate("starts")
    assert length == pytest.approx(0.4, abs=0.01)
    assert [second - first, third - second] == pytest.approx([length, length], abs=0.001)
    assert await said(page) == []


async def test_where_difys_voice_fails_the_browsers_takes_over(meet, dify):
    dify.plays(fake_dify.say("One. Two."))
    dify.around.scenes["text-to-audio"] = fake_dify.replay("6_tts_chat-basic")
    page = await meet("", {"isAloud": True}, SPEAKS)
    await ask(page, "Hello")
    await until_said(page, "One.", "Two.")


async def test_where_nothing_can_speak_the_page_says_so(meet, dify):
    dify.plays(fake_dify.say("One. Two."))
    dify.around.scenes["text-to-audio"] = fake_dify.replay("6_tts_chat-basic")
    page = await meet(NO_VOICES, {"isAloud": True}, SPEAKS)
    await ask(page, "Hello")
    await expect(state(page)).to_have_text("Reading aloud does not work here: no voice answered.")


async def test_each_answer_can_be_listened_to_in_the_voice_and_at_the_speed_one_chose(meet, dify):
    dify.plays(fake_dify.say("One. 你好。"))
    page = await meet()
    await ask(page, "Hello")
    await ends(page)
    await button(page, "Voice settings").click()
    await page.get_by_role("combobox", name="Voice").select_option("Bert")
    await page.get_by_role("slider", name="Speed").fill("1.3")
    await page.keyboard.press("Escape")
    await answer(page).get_by_role("button", name="Listen").click()
    await until_said(page, "One.", "你好。")
    used = await page.evaluate("speech.said.map(({ voice, rate, lang }) => [voice.name, rate, lang])")
    assert used == [["Bert", 1.3, "en-GB"], ["Ting", 1.3, "zh-CN"]]
    await expect(answer(page).get_by_role("button", name="Listen")).to_be_visible()


async def test_reading_can_be_stopped_and_ends_when_the_answer_is_stopped(meet, dify):
    dify.plays(fake_dify.until_stopped("One. Two. Three"))
    page = await meet("speech.endsBySelf = false;", settings={"isAloud": True})
    await ask(page, "Hello")
    await until_said(page, "One.")
    await page.keyboard.press("Escape")
    await ends(page, "stopped")
    await button(page, "Listen").click()
    await until_said(page, "One.", "One.")
    await button(page, "Stop reading").click()
    await expect(button(page, "Listen")).to_be_visible()
    assert await said(page) == ["One.", "One."]


# Absent, not broken


async def test_what_browser_and_app_lack_is_absent(meet):
    page = await meet(NO_RECOGNITION + NO_VOICES)
    await expect(page.locator("#voice")).to_be_hidden()
    assert await page.locator(".voice-bar button").count() == 0
    page = await meet(NO_RECOGNITION + "delete MediaDevices.prototype.getUserMedia;", app=SPEAKS)
    await expect(button(page, "Read answers aloud")).to_be_visible()
    await expect(button(page, "Dictate")).to_have_count(0)
    await expect(button(page, "Call")).to_have_count(0)


async def test_voices_that_come_late_bring_their_buttons(meet):
    late = "const voices = speechSynthesis.getVoices(); speechSynthesis.getVoices = () => speech.late ?? [];"
    page = await meet(late + "speechSynthesis.addEventListener = (_, tell) => (speech.tell = tell);")
    await expect(button(page, "Dictate")).to_be_visible()
    await expect(button(page, "Call")).to_have_count(0)
    await page.evaluate("speech.late = [{ name: 'Anna', lang: 'en-GB' }]; speech.tell(); speech.tell();")
    await expect(button(page, "Call")).to_have_count(1)


async def test_words_and_recognition_follow_the_language(meet):
    page = await meet(locale="zh-CN")
    await button(page, "语音输入").click()
    await until(page, "speech.session?.lang === 'zh-CN'")
    await expect(state(page)).to_have_text("正在听，由浏览器转成文字")
    await page.locator("#language").click()
    await expect(state(page)).to_have_text("Listening; your browser writes it down")
    await expect(button(page, "Call")).to_be_visible()


# The call


async def test_a_call_listens_asks_after_a_pause_speaks_and_listens_again(meet, dify):
    dify.plays(fake_dify.say("It is behind the house."))
    page = await meet("speech.endsBySelf = false;", settings={"pauseSeconds": 1})
    await button(page, "Call").click()
    await expect(call_state(page)).to_have_text("Listening")
    await hear(page, "where is the garden")
    await expect(page.locator("#call .heard")).to_have_text("You: where is the garden")
    assert dify.questions == []
    await until_said(page, "It is behind the house.")
    await expect(call_state(page)).to_have_text("Speaking")
    await expect(page.locator("#call .said")).to_have_text("Answer: It is behind the house.")
    await page.evaluate("speech.finish()")
    await expect(call_state(page)).to_have_text("Listening")
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
    await until(page, f"(speech.hear('it is behind the house when'), {CALL_STATE} === 'Listening')")
    await page.evaluate("speech.volume(0)")
    await hear(page, "it is behind the house when does it open")
    await eventually(lambda: len(dify.questions) == 2)
    assert dify.questions[1]["query"] == "when does it open"
    await eventually(lambda: len(dify.stops) == 1)


async def test_without_recognition_a_call_records_until_the_pause(meet, dify):
    dify.plays(fake_dify.say("Behind the house."), fake_dify.say("Nine."))
    page = await meet(NO_RECOGNITION + "speech.endsBySelf = false;", {"pauseSeconds": 1}, LISTENS)
    await button(page, "Call").click()
    await expect(page.locator("#call .hint")).to_have_text("Speak. It is written down after a pause.")
    await page.evaluate("speech.volume(0.8)")
    await page.wait_for_timeout(500)
    await page.evaluate("speech.volume(0)")
    await until_said(page, "Behind the house.")
    assert dify.questions[0]["query"] == WRITTEN
    await page.evaluate("speech.volume(0.9)")
    await expect(call_state(page)).to_have_text("Listening")
    await page.evaluate("speech.volume(0)")
    await eventually(lambda: len(dify.questions) == 2)


async def test_a_muted_call_does_not_listen(meet):
    page = await meet()
    await button(page, "Call").click()
    await until(page, "speech.session")
    await button(page, "Mute").click()
    await expect(call_state(page)).to_have_text("Muted")
    await expect(button(page, "Mute")).to_have_attribute("aria-pressed", "true")
    await until(page, "!speech.session")
    await button(page, "Mute").click()
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
    await button(page, "Try again").click()
    await expect(call_state(page)).to_have_text("Listening")


async def test_a_mock_that_stands_in_is_not_heard_but_that_the_assistant_cannot_be_reached(meet, dify):
    dify.plays(fake_dify.raw(b"", 500), fake_dify.say("It is behind the house."))
    page = await meet(settings={"pauseSeconds": 1})
    await button(page, "Call").click()
    await hear(page, "where is it?")
    await until_said(page, "Sorry, the assistant cannot be reached just now.")
    await page.evaluate("speech.finish()")
    await expect(call_state(page)).to_have_text("Listening")
    await hear(page, "where is it?")
    await until(page, "speech.said.length === 2")
    assert (await said(page))[1] == "It is behind the house."


@pytest.mark.parametrize(
    ("viewport", "theme", "locale", "words"),
    [
        (NARROW, "dark", "zh-CN", ["语音输入", "语音设置", "通话", "静音"]),
        (WIDE, "light", "en-GB", ["Dictate", "Voice settings", "Call", "Mute"]),
    ],
)
async def test_axe_finds_nothing_while_one_speaks_and_listens(meet, dify, viewport, theme, locale, words):
    dify.plays(fake_dify.say("It is behind the house."))
    options = {"viewport": viewport, "color_scheme": theme, "locale": locale, "reduced_motion": "reduce"}
    page = await meet("speech.endsBySelf = false;", {"pauseSeconds": 1}, LISTENS, **options)
    dictate, choices, call, mute = (button(page, name) for name in words)
    await dictate.click()
    await hear(page, "Where is")
    await accessible(page)
    await choices.click()
    await accessible(page)
    await page.keyboard.press("Escape")
    await call.click()
    await hear(page, "where is it?")
    await accessible(page)
    await until_said(page, "It is behind the house.")
    await accessible(page)
    await page.evaluate("speech.finish()")
    await mute.click()
    await accessible(page)
    await mute.click()
    await until(page, "speech.session")
    await page.evaluate("speech.fail('not-allowed')")
    await accessible(page)
