"""When a person's turn in a call is over, and who only seems to take it: with real sound, spoken by espeak-ng."""

import array
import asyncio
import base64
import random
import struct

import pytest
from playwright.async_api import expect

from tests import fake_dify
from tests.conftest import eventually
from tests.page.speech import FAKE_MICROPHONE, LISTENS, NO_RECOGNITION, SPEAKS, button, call_state, heard, until

RATE = 22_050


@pytest.fixture
def call(with_dify, dify, visit):
    """A call with a microphone into which the test speaks; Dify writes down these texts, in turn."""

    async def call(*texts, speaks=SPEAKS):
        dify.parameters |= LISTENS | speaks
        dify.app_api.scenes["audio-to-text"] = fake_dify.writes_down(*texts)
        page = await visit(await with_dify(), script=NO_RECOGNITION + FAKE_MICROPHONE)
        await button(page, "Call").click()
        await until(page, "microphone.out")
        return page

    return call


async def speak(page, sound):
    await page.evaluate("file => microphone.say(file)", base64.b64encode(sound).decode())


def noise(seconds, loudness):
    """A fan, as a WAV file: starts at once and stays as it is."""
    dice = random.Random(7)
    samples = array.array("h", (int(loudness * dice.uniform(-32_767, 32_767)) for _ in range(int(RATE * seconds))))
    form = struct.pack("<IHHIIHH", 16, 1, 1, RATE, 2 * RATE, 2, 16)
    data = samples.tobytes()
    size = struct.pack("<I", len(data))
    return b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt " + form + b"data" + size + data


async def test_who_searches_for_words_is_waited_for_and_asks_once(call, dify, voice):
    page = await call("I would like to ask", "I would like to ask where the garden is.")
    await speak(page, await voice("I would like to ask", "en-GB"))
    await expect(heard(page)).to_contain_text("I would like to ask")
    assert dify.questions == []
    await speak(page, await voice("where the garden is.", "en-GB"))
    await eventually(lambda: dify.questions)
    assert [question["query"] for question in dify.questions] == ["I would like to ask where the garden is."]
    first, whole = (form["file"]["size"] for form in dify.app_api.called("audio-to-text"))
    assert whole > first + 32_000  # from the beginning, and with what followed


async def test_noise_is_no_question(call, dify):
    page = await call("", "", "")
    await speak(page, noise(3, 0.1))
    await eventually(lambda: dify.app_api.called("audio-to-text"))
    await page.wait_for_timeout(2_000)
    await expect(call_state(page)).to_have_text("Listening")
    assert dify.questions == []


async def test_a_murmur_holds_the_page_for_a_moment_and_a_word_interrupts_it(call, dify, voice):
    dify.plays(fake_dify.until_stopped("It is behind the house. And"), fake_dify.say("Nine."))

    long = await voice("This is a long sentence, so that there is time to speak over it. " * 3, "en-GB")

    async def say(stage):
        await stage.open(content_type="audio/wav")
        await stage.write(long)

    page = await call("Where is it?", "Mhm.", "No, when does it open?")
    dify.app_api.scenes["text-to-audio"] = say
    await speak(page, await voice("Where is it?", "en-GB"))
    await expect(call_state(page)).to_have_text("Speaking")
    await speak(page, await voice("mhm hm", "en-GB"))
    await eventually(lambda: len(dify.app_api.called("audio-to-text")) == 2)
    await asyncio.sleep(1)
    await expect(call_state(page)).to_have_text("Speaking")
    assert dify.stops == []
    await speak(page, await voice("No, when does it open?", "en-GB"))
    await eventually(lambda: len(dify.questions) == 2)
    assert dify.questions[1]["query"] == "No, when does it open?"
    await eventually(lambda: len(dify.stops) == 1)
