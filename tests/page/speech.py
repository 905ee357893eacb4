"""Speaking and listening in a real Chromium, whose own speech is led by js/speech-doubles.js."""

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest

from tests.conftest import PATIENCE_SECONDS
from tests.page.browser import CHROMIUM, answer

DOUBLES = (Path(__file__).parent / "js/speech-doubles.js").read_text()
FAKE_MICROPHONE = (Path(__file__).parent / "js/fake-microphone.js").read_text()
NO_RECOGNITION = "window.SpeechRecognition = window.webkitSpeechRecognition = undefined;"
NO_VOICES = "speechSynthesis.getVoices = () => [];"
SILENT = {"speech_to_text": {"enabled": False}, "text_to_speech": {"enabled": False}}
LISTENS, SPEAKS = {"speech_to_text": {"enabled": True}}, {"text_to_speech": {"enabled": True}}
WRITTEN = "hello 你好 from fake stt, 32044 bytes"
SPOKEN_SECONDS = 0.5


@pytest.fixture
def meet(with_dify, dify, visit):
    """Open the chat page with the doubles; `script` changes them, `settings` is what the person chose before.

    `meet.service` is what it was opened from.
    """

    async def meet(script="", settings=None, app=SILENT, **options):
        dify.parameters |= SILENT | app
        stored = f"localStorage.voice ??= {json.dumps(json.dumps(settings))};" if settings else ""
        meet.service = await with_dify()
        return await visit(meet.service, script=DOUBLES + script + stored, **options)

    return meet


@pytest.fixture
def voice():
    """Have espeak-ng say a text: returns a WAV file."""
    espeak = shutil.which("espeak-ng")
    if not (espeak and CHROMIUM) and not os.environ.get("REQUIRE_BROWSER"):
        pytest.skip("no espeak-ng or no Chromium on this machine")

    async def say(text, locale):
        language = {"en-GB": "en-gb", "zh-CN": "cmn"}[locale]
        command = [espeak, "-v", language, "-s", "200", "--stdout", text]
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        sound, _ = await process.communicate()
        process._transport.close()
        return sound

    return say


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def state(page):
    return page.locator(".voice-state")


def call_state(page):
    return page.locator("#call .state")


def call_answer(page):
    return answer(page).locator(".text")


def heard(page):
    """What was heard in a call and is not asked yet."""
    return page.locator(".question.heard")


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


def level(is_so, meter="#dictate"):
    return f"Number(document.querySelector('{meter}').style.getPropertyValue('--level')) {is_so}"


async def speak(page, meter="#dictate"):
    """A tone; it goes on."""
    await page.evaluate("speech.volume(0.5)")
    await until(page, level("> 0.3", meter))
    await page.wait_for_timeout(SPOKEN_SECONDS * 1_000)


def writing(page):
    return page.locator(".voice-bar .writing")


async def until_said(page, *texts):
    await until(page, f"speech.said.length >= {len(texts)}")
    assert await said(page) == list(texts)
