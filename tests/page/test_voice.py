"""Dictation and reading aloud on the chat page."""

import array
import asyncio
import base64
import io
import os
import re
import shutil
import wave

import pytest
from playwright.async_api import async_playwright, expect

from service.answers.mock.audio import mp3
from tests import fake_dify
from tests.conftest import eventually
from tests.page.browser import CHROMIUM, OPTIONS, answer, ask, ends
from tests.page.speech import (
    LISTENS,
    NO_RECOGNITION,
    NO_VOICES,
    SPEAKS,
    SPOKEN_SECONDS,
    WRITTEN,
    button,
    hear,
    level,
    said,
    speak,
    state,
    until,
    until_said,
    writing,
)

MP3_FRAME_SECONDS = 1152 / 44_100
NO_MICROPHONE = "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotFoundError') };"
STARTS = """
  window.starts = [];
  const { start } = AudioBufferSourceNode.prototype;
  AudioBufferSourceNode.prototype.start = function (at, from = 0) {
    starts.push([at, this.buffer.duration - from]);
    start.call(this, at, from);
  };
"""


# Dictation


@pytest.mark.smoke
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
    await page.fill("#question", "Note:")
    await button(page, "Dictate").click()
    await hear(page, "Hello there.", "How are you?")  # as Edge tells it: full stops, and no spaces
    await page.evaluate("speech.session.end()")
    await hear(page, "schön", "über")
    await page.evaluate("speech.session.end()")
    await hear(page, "我不要", "这个。", "Stop.")
    dictated = "Note: Hello there. How are you? schön über我不要这个。Stop."
    await expect(page.locator("#question")).to_have_value(dictated)
    await page.evaluate(END_FIVE_TIMES)
    await expect(state(page)).to_have_text("Listening does not work in this browser.")
    await expect(button(page, "Dictate")).to_have_attribute("aria-pressed", "false")


async def test_where_the_browsers_recognition_reaches_nobody_dify_writes_down_all_that_it_had_not_told(meet, dify):
    page = await meet(app=LISTENS)
    await button(page, "Dictate").click()
    await hear(page, "I do not")
    await speak(page)
    await page.evaluate("speech.fail('network')")
    await expect(state(page)).to_have_text("Recording; it is written down when you stop")
    await button(page, "Dictate").click()
    await expect(page.locator("#question")).to_have_value(f"I do not {WRITTEN}")
    (form,) = dify.app_api.called("audio-to-text")
    assert form["file"]["size"] > SPOKEN_SECONDS * 32_000  # also of what was said before it failed
    await page.evaluate("speech.volume(0)")
    await button(page, "Dictate").click()
    await expect(state(page)).to_have_text("Listening; your browser writes it down")  # it may be well again


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("service-not-allowed", "Speech recognition is switched off in this browser."),
        ("language-not-supported", "This browser cannot write down your language."),
        ("audio-capture", "No microphone was found. Connect one, and try again."),
        ("bad-grammar", "Listening does not work in this browser."),
    ],
)
async def test_what_recognition_complains_of_is_said_as_it_is_and_can_be_tried_again(meet, error, words):
    page = await meet(NO_MICROPHONE)
    for _ in range(2):
        await button(page, "Dictate").click()
        await hear(page, "Not")
        await page.evaluate("error => speech.fail(error)", error)
        await expect(state(page)).to_have_text(words)
        await expect(page.locator("#question")).to_have_value(re.compile("Not$"))


async def test_one_lost_network_is_no_reason_to_stop_listening(meet):
    page = await meet()
    await button(page, "Dictate").click()
    await hear(page, "I do")
    await page.evaluate("speech.fail('network')")
    await expect(state(page)).to_have_text("The speech recognition of your browser cannot be reached at the moment.")
    await until(page, "speech.sessions.length === 2")
    await hear(page, "not want it")
    await expect(state(page)).to_have_text("Listening; your browser writes it down")
    await expect(page.locator("#question")).to_have_value("I do not want it")


async def dictate_into_a_recording(page):
    await button(page, "Dictate").click()
    await speak(page)
    await button(page, "Dictate").click()


async def test_what_dify_cannot_write_down_is_explained_and_kept_to_be_tried_again(meet, dify):
    dify.app_api.scenes["audio-to-text"] = fake_dify.replay("6_stt_chat-basic")
    page = await meet(NO_RECOGNITION, app=LISTENS)
    await dictate_into_a_recording(page)
    for words in ("This is switched off here.", "What you said is kept."):
        await expect(writing(page)).to_contain_text(words)
    del dify.app_api.scenes["audio-to-text"]
    await button(page, "Try again").click()
    await expect(page.locator("#question")).to_have_value(WRITTEN)
    await expect(writing(page)).to_be_hidden()


async def test_what_was_recorded_without_a_network_comes_by_itself_in_its_order_when_that_is_back(meet, dify):
    dify.app_api.scenes["audio-to-text"] = fake_dify.writes_down("First,", "no!", "Then")
    page = await meet(NO_RECOGNITION, app=LISTENS)

    async def meanwhile():
        await dictate_into_a_recording(page)
        await expect(writing(page)).to_contain_text("There is no connection at the moment.")
        await dictate_into_a_recording(page)
        await page.fill("#question", "Also:")

    await meet.service.restart(meanwhile)
    await expect(page.locator("#question")).to_have_value("Also: First, no!")
    await expect(writing(page)).to_be_hidden()
    await dictate_into_a_recording(page)
    await expect(page.locator("#question")).to_have_value("Also: First, no! Then")


async def test_a_recording_that_nobody_wants_any_more_can_be_discarded(meet, dify):
    dify.app_api.scenes["audio-to-text"] = fake_dify.replay("6_stt_chat-basic")
    page = await meet(NO_RECOGNITION, app=LISTENS)
    await dictate_into_a_recording(page)
    await button(page, "Discard").click()
    await expect(writing(page)).to_be_hidden()
    await expect(state(page)).to_have_text("Nothing was heard.")


async def test_nothing_that_was_said_before_comes_into_a_new_conversation(meet, dify):
    may_write, texts = asyncio.Event(), iter(["First", "Then"])

    async def late(stage):
        write = fake_dify.writes_down(next(texts))
        await may_write.wait()
        await write(stage)

    dify.app_api.scenes["audio-to-text"] = late
    page = await meet(NO_RECOGNITION, app=LISTENS)
    await ask(page, "Hello")
    await dictate_into_a_recording(page)
    await eventually(lambda: dify.app_api.called("audio-to-text"))
    await button(page, "New conversation").click()
    await expect(writing(page)).to_be_hidden()
    may_write.set()
    await dictate_into_a_recording(page)
    await expect(page.locator("#question")).to_have_value("Then")


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


async def test_a_question_that_waited_and_is_sent_now_does_not_end_dictation(meet, dify):
    dify.plays(fake_dify.until_stopped("One."))
    page = await meet()
    await ask(page, "First?")
    await ask(page, "Second?")
    await button(page, "Dictate").click()
    await hear(page, "I do")
    dify.release()
    await expect(page.locator(".answer")).to_have_count(2)
    await hear(page, "I do not")
    await expect(page.locator("#question")).to_have_value("I do not")


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
        for at_level in ("> 0.5", "< 0.3"):
            await until(page, level(at_level))
        await button(page, "Dictate").click()
        await expect(page.locator("#question")).to_have_value(WRITTEN)
        (body,) = bodies
        with wave.open(io.BytesIO(body[body.index(b"RIFF") :])) as sound:
            assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (16_000, 1, 2)
            samples = array.array("h", sound.readframes(sound.getnframes()))
        assert max(samples) > 3_000
        (form,) = dify.app_api.called("audio-to-text")
        assert form["file"] == {"filename": "speech.wav", "content_type": "audio/wav", "size": 44 + 2 * len(samples)}

    async def test_a_call_goes_through_dify_from_the_microphone_to_the_voice(self, page, dify):
        await button(page, "Call").click()
        await eventually(lambda: dify.app_api.called("text-to-audio"))
        assert dify.questions[0]["query"] == WRITTEN
        assert dify.app_api.called("text-to-audio")[0]["text"] == "Hello."


def followed_by_silence(path, seconds):
    with wave.open(str(path)) as sound:
        settings, frames = sound.getparams(), sound.readframes(sound.getnframes())
    with wave.open(str(path), "wb") as sound:
        sound.setparams(settings)
        sound.writeframes(frames + bytes(2 * seconds * settings.framerate))


# Reading aloud


@pytest.mark.smoke
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
    await until_said(page, "The first sentence.", "The last.", "There is code on the screen.")
    await page.reload()
    await expect(button(page, "Read answers aloud")).to_have_attribute("aria-pressed", "true")


WRITTEN_AND_SAID = [
    ("阿司匹林每日2~3次，每次1~2片", "阿司匹林每日2到3次，每次1到2片", "zh-CN"),
    (
        "Amoxicillin 2*500 mg, 1~2 tablets every 6~8 hours.",
        "Amoxicillin 2 times 500 mg, 1 to 2 tablets every 6 to 8 hours.",
        "en-GB",
    ),
    ("~~10 mg~~ 5 mg", "5 mg", "en-GB"),
    ("请按【确认】键，再按【呼叫护士】。", "请按【确认】键，再按【呼叫护士】。", "zh-CN"),
    ("Press [1] for help, [2] for the nurse.", "Press [1] for help, [2] for the nurse.", "en-GB"),
    ("It costs $$ and more.", "It costs $$ and more.", "en-GB"),
]


async def test_no_sign_that_carries_meaning_is_lost_on_the_way_to_the_voice(meet, dify):
    answer = "\n\n".join(written for written, _, _ in WRITTEN_AND_SAID)
    dify.plays(fake_dify.say(*(answer[at : at + 5] for at in range(0, len(answer), 5))))
    page = await meet(settings={"isAloud": True}, locale="en-GB")
    await ask(page, "Hello")
    await until_said(page, *(words for _, words, _ in WRITTEN_AND_SAID))
    languages = await page.evaluate("speech.said.map(({ lang }) => lang)")
    assert languages == [language for _, _, language in WRITTEN_AND_SAID]


def tone(seconds):
    """A WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, 16_000, 0, "NONE", ""))
        sound.writeframes(array.array("h", [8_000, -8_000] * int(8_000 * seconds)).tobytes())
    return file.getvalue()


async def texts_asked_to_be_spoken(page):
    """A list that grows; each is spoken as a tone of 0.4 s."""
    asked = []

    async def speak(route):
        asked.append(route.request.post_data_json["text"])
        await route.fulfill(body=tone(0.4), content_type="audio/wav")

    await page.route("**/api/text-to-audio", speak)
    return asked


async def test_difys_voice_says_each_sentence_and_the_next_follows_without_a_gap(meet, dify):
    dify.plays(fake_dify.say("One. Two. Three"))
    page = await meet(STARTS, {"isAloud": True}, SPEAKS)
    asked = await texts_asked_to_be_spoken(page)
    await ask(page, "Hello")
    await until(page, "starts.length === 3")
    assert asked == ["One.", "Two.", "Three"]
    (first, length), (second, _), (third, _) = await page.evaluate("starts")
    assert length == pytest.approx(0.4, abs=0.01)
    assert [second - first, third - second] == pytest.approx([length, length], abs=0.001)
    assert await said(page) == []


async def test_what_is_said_first_is_asked_for_before_it_is_sure_and_once(meet, dify):
    more = asyncio.Event()

    async def scene(stage):
        await stage.open()
        await stage.event("message", answer="Take it with some water,")
        await more.wait()
        await stage.event("message", answer=" before you go to sleep.")
        await stage.end()

    dify.plays(scene)
    page = await meet(STARTS, {"isAloud": True}, SPEAKS)
    asked = await texts_asked_to_be_spoken(page)
    await ask(page, "Hello")
    await eventually(lambda: asked == ["Take it with some water,"])
    assert await page.evaluate("starts.length") == 0
    more.set()
    await until(page, "starts.length === 2")
    assert asked == ["Take it with some water,", "before you go to sleep."]


def speaking(words, seconds, *, breaks_off=False):
    """An answer that the app speaks by itself; its audio is cut anywhere."""
    spoken = mp3(round(seconds / MP3_FRAME_SECONDS))

    async def scene(stage):
        await stage.open()
        await stage.event("message", answer=words)
        for start in range(0, len(spoken), 1_000):
            await stage.event("tts_message", audio=base64.b64encode(spoken[start : start + 1_000]).decode())
        await stage.event("message_end", metadata={})
        if not breaks_off:
            await stage.event("tts_message_end", audio="")

    return scene


async def test_what_an_app_speaks_by_itself_is_heard_and_only_what_it_leaves_out_is_asked_for(meet, dify):
    dify.plays(
        speaking("The garden is behind the house.", 2),
        speaking("It is open today. It is closed tomorrow.", 1.6, breaks_off=True),
        fake_dify.say("Bye."),
    )
    speaks_by_itself = {"text_to_speech": {"enabled": True, "autoPlay": "enabled"}}
    page = await meet(STARTS, {"isAloud": True}, speaks_by_itself)
    asked = await texts_asked_to_be_spoken(page)
    await ask(page, "Where is it?")
    await ends(page)
    await expect(button(page, "Stop reading")).to_be_visible()
    await expect(button(page, "Stop reading")).to_be_hidden()
    starts = await page.evaluate("starts")
    assert [start + length for start, length in starts[:-1]] == pytest.approx([start for start, _ in starts[1:]])
    assert sum(length for _, length in starts) == pytest.approx(2, abs=0.03)
    await button(page, "Listen").click()
    await expect(button(page, "Stop reading")).to_be_visible()
    await expect(button(page, "Stop reading")).to_be_hidden()
    again = (await page.evaluate("starts"))[len(starts) :]
    assert sum(length for _, length in again) == pytest.approx(2, abs=0.03)
    assert asked == []
    for question in ("When?", "Bye"):
        await ask(page, question)
        await ends(page)
        await expect(button(page, "Stop reading")).to_be_hidden()
    assert asked == ["It is closed tomorrow.", "Bye."]


async def test_where_difys_voice_fails_the_browsers_takes_over(meet, dify):
    dify.plays(fake_dify.say("One. Two."))
    dify.app_api.scenes["text-to-audio"] = fake_dify.replay("6_tts_chat-basic")
    page = await meet("", {"isAloud": True}, SPEAKS)
    await ask(page, "Hello")
    await until_said(page, "One.", "Two.")


TONES = """
  window.tones = [];
  const { start } = AudioScheduledSourceNode.prototype;
  AudioScheduledSourceNode.prototype.start = function (...when) {
    if (this.frequency) tones.push(this.frequency.value);
    start.apply(this, when);
  };
"""


async def test_where_nothing_can_speak_the_page_says_so_and_sounds(meet, dify):
    dify.plays(fake_dify.say("One. Two."))
    dify.app_api.scenes["text-to-audio"] = fake_dify.replay("6_tts_chat-basic")
    page = await meet(NO_VOICES + TONES, {"isAloud": True}, SPEAKS)
    await ask(page, "Hello")
    await expect(state(page)).to_contain_text("Not everything could be read aloud.")
    assert await page.evaluate("tones.map(Math.round)") == [523, 330]


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


async def test_how_a_call_waits_and_whether_it_has_sounds_is_chosen_and_kept(meet):
    page = await meet()
    await button(page, "Voice settings").click()
    sounds = page.get_by_role("checkbox", name="Short sounds")
    await expect(sounds).to_be_checked()
    await sounds.uncheck()
    await page.get_by_role("checkbox", name="Unhurried calls").check()
    await page.get_by_role("slider", name="In a call, wait in a pause for up to 3 s").fill("5")
    await page.keyboard.press("Escape")
    kept = await page.evaluate("JSON.parse(localStorage.voice)")
    assert [kept[name] for name in ("pace", "pauseSeconds", "hasSounds")] == ["unhurried", 5, False]
    await page.reload()
    await button(page, "Voice settings").click()
    await expect(page.get_by_role("checkbox", name="Unhurried calls")).to_be_checked()
    await expect(sounds).not_to_be_checked()


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


async def test_a_new_conversation_and_leaving_the_page_end_reading_and_listening(meet, dify):
    dify.plays(fake_dify.say("One. Two. Three"))
    page = await meet("speech.endsBySelf = false;", settings={"isAloud": True})
    await ask(page, "Hello")
    await ends(page)
    await until_said(page, "One.")
    await button(page, "New conversation").click()
    await until(page, "!speechSynthesis.speaking")
    await ask(page, "Hello")
    await ends(page)
    await until_said(page, "One.", "One.")
    await button(page, "Dictate").click()
    await hear(page, "I do not")
    await page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    await until(page, "!speech.session && !speechSynthesis.speaking && !speech.isOpen")
    await expect(button(page, "Dictate")).to_have_attribute("aria-pressed", "false")
    await expect(page.locator("#question")).to_have_value("I do not")
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
