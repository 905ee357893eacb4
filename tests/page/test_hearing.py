"""What people say in calls reaches Dify word for word, also with the page's own words in it, over it and after it.

Thirty sentences, each with what the page said before. The browser's recognition is led by js/speech-doubles.js. With
real sound they are spoken by espeak-ng into the page's microphone, the page speaks with a real voice too, and Dify's
speech recognition says what they were.
"""

import asyncio
import base64

import pytest
from playwright.async_api import expect

from tests import fake_dify
from tests.page.speech import FAKE_MICROPHONE, LISTENS, NO_RECOGNITION, SPEAKS, button, call_state, hear, until

ENGLISH = [
    ("You are visiting? Visiting hours are there when you are visiting.", "When are visiting hours?"),
    ("Do you want to see the doctor?", "No, I do not want to see the doctor."),
    ("You said before breakfast. Before is fine.", "I said NOT before, I said after."),
    ("That is what you asked. Where shall I stop?", "Stop. That is not what I asked."),
    ("Shall I call the nurse? Please tell me.", "Don't call the nurse, please."),
    ("Take it after eating, if you can.", "I can’t take it after eating."),
    ("It is 500 mg, not 50 and not 15.", "Is it 50 or 15 mg? Not 500!"),
    ("Are you ready, or not yet?", "not yet"),
    ("The garden is closed. Somebody told me.", "Nobody told me that the garden is closed."),
    ("The garden is behind the house.", "The garden is NOT behind the house."),
    ("It opens at nine, as I said.", "You never said at nine."),
    ("Please wait. You have an appointment.", "Wait, wait, I have no appointment."),
    ("There is no room left.", "Why isn't there any room left?"),
    ("Take one at 8:30, and none at night.", "Do I take none at 8:30?"),
    ("Yes or no?", "No."),
]
CHINESE = [
    ("我们几点都在，几点开门都可以。", "几点开门？"),
    ("请不要着急。", "我不要这个，我要看医生"),
    ("是今天，不是明天。", "不是今天，是明天。"),
    ("您有预约，请等一等。", "我没有预约，不能等。"),
    ("要叫护士吗？", "别叫护士！"),
    ("您说的是饭前吃。", "我没说饭前吃。"),
    ("您要还是不要？", "不要"),
    ("每日两次，每次2到3片。", "是2~3片，不是23片？"),
    ("青霉素可以打。", "我对青霉素过敏，不能打。"),
    ("您想听什么？", "停，我不想听了。"),
    ("您同意出院吗？", "不，我不同意出院。"),
    ("花园在大楼后面。", "花园不在大楼后面吗？"),
    ("我告诉您，不能吃药。", "没人告诉我不能吃药。"),
    ("不要着急，慢慢来。", "请你不要再说“不要着急”。"),
    ("CT 室不开门。", "那 CT 室不开门怎么办？"),
]
TALKS = {"en-GB": ENGLISH, "zh-CN": CHINESE}
REAL_TIME_MS = 30_000  # what is said, pauses, is written down and asked takes its time
MORE = {"en-GB": " Please tell me what else you would like to know.", "zh-CN": "请告诉我您还想知道些什么。"}
WORDS = {"en-GB": ("Call", "Speaking", "Listening"), "zh-CN": ("通话", "正在说", "正在听")}
SAY_ALL = """async () => {
  const { dataset } = document.querySelector("#call");
  for (let ended = 0; dataset.state === "speaking"; await new Promise((resolve) => setTimeout(resolve, 5))) {
    if (ended === speech.said.length || !speechSynthesis.speaking) continue;
    ended = speech.said.length;
    speech.finish();
  }
}"""


@pytest.mark.parametrize("locale", TALKS)
async def test_what_recognition_heard_is_what_is_asked(meet, dify, locale):
    call, speaking, _ = WORDS[locale]
    dify.plays(*(fake_dify.say(before) for before, _ in TALKS[locale]), fake_dify.say("OK"))
    page = await meet("speech.endsBySelf = false;", {"pauseSeconds": 0.3}, locale=locale)
    await button(page, call).click()
    await hear(page, "Hello?")
    for at, (_, sentence) in enumerate(TALKS[locale]):
        await expect(call_state(page)).to_have_text(speaking)
        if at % 2:
            await hear(page, sentence[:-1])  # while the page speaks
            await hear(page, sentence)
        await page.evaluate(SAY_ALL)
        if not at % 2:
            await hear(page, sentence)
        await asked_so_many(dify, at + 2)
    assert asked(dify)[1:] == [sentence for _, sentence in TALKS[locale]]


async def asked_so_many(dify, count):
    async with asyncio.timeout(REAL_TIME_MS / 1_000):
        while len(dify.questions) < count:
            await asyncio.sleep(0.01)


def asked(dify):
    return [question["query"] for question in dify.questions]


# With real sound


def seconds_of(sound):
    """Of espeak-ng's sound: a head of 44 bytes, then 22,050 samples of two bytes a second."""
    return (len(sound) - 44) / 44_100


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.timeout(400)
@pytest.mark.parametrize("locale", TALKS)
async def test_what_is_spoken_into_the_microphone_is_what_is_asked(with_dify, dify, visit, voice, locale):
    async def speak(stage):
        sound = await voice((await stage.request.json())["text"], locale)
        await stage.open(content_type="audio/wav")
        await stage.write(sound)

    call, speaking, listening = WORDS[locale]
    sentences = ["Hello?", *(sentence for _, sentence in TALKS[locale])]
    dify.plays(*(fake_dify.say(before + MORE[locale]) for before, _ in TALKS[locale]), fake_dify.say("OK"))
    dify.parameters |= LISTENS | SPEAKS
    dify.app_api.scenes |= {"audio-to-text": fake_dify.writes_down(*sentences), "text-to-audio": speak}
    chosen = "localStorage.voice = JSON.stringify({ pauseSeconds: 1.5 });"
    service = await with_dify(speech_speculative=False)  # each sentence is written down once
    page = await visit(service, script=NO_RECOGNITION + FAKE_MICROPHONE + chosen, locale=locale)
    await button(page, call).click()
    await until(page, "microphone.out")
    lengths = []
    for at, sentence in enumerate(sentences):
        if at:
            await expect(call_state(page)).to_have_text(speaking, timeout=REAL_TIME_MS)
            await WHEN[at % len(WHEN)](page, listening)
        sound = await voice(sentence, locale)
        lengths.append(seconds_of(sound))
        await page.evaluate("file => microphone.say(file)", base64.b64encode(sound).decode())
        await asked_so_many(dify, at + 1)
    assert asked(dify) == sentences
    recorded = [form["file"]["size"] / 32_000 for form in dify.app_api.called("audio-to-text")]
    assert all(length < seconds for length, seconds in zip(lengths, recorded, strict=True))


async def over_the_page(page, _):
    """In its first second."""
    await page.wait_for_timeout(500)


async def right_after_it(page, listening):
    await expect(call_state(page)).to_have_text(listening, timeout=REAL_TIME_MS)


async def later(page, listening):
    """When nothing can be an echo any more (see echo.js)."""
    await right_after_it(page, listening)
    await page.wait_for_timeout(1_600)


WHEN = [over_the_page, right_after_it, later]
