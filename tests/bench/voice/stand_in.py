"""A Dify whose models take known times, and whose speech-to-text hears what really lies in the recording."""

import asyncio
import itertools
import re
from contextlib import asynccontextmanager
from typing import NamedTuple

from aiohttp import web

from tests.bench.voice import sounds, timecode
from tests.bench.voice.timeline import Timeline
from tests.fake_app_api import FakeAppApi
from tests.fake_dify import FakeDify

SPEECH_TO_TEXT_SECONDS = 0.3
FIRST_WORD_SECONDS = 0.4
TEXT_TO_SPEECH_SECONDS = 0.2
TOKENS_PER_SECOND = 40
SPEECH_SECONDS = {"latin": 1 / 15, "han": 1 / 4.5}  # a sign, as a voice says them
TOKEN = re.compile(r"\s*[\w'-]+|[^\w\s]|\s+", re.ASCII)  # in Chinese a character
APP = {
    "opening_statement": "",
    "suggested_questions": [],
    "suggested_questions_after_answer": {"enabled": False},
    "speech_to_text": {"enabled": True},
    "text_to_speech": {"enabled": True},
}
ANSWERS = {
    "en": (
        "It is on the second floor, next to the lifts. Follow the blue line from the entrance.",
        "Yes, of course. I have made a note of it. Somebody will be with you in ten minutes.",
        "The office is open from eight in the morning until four in the afternoon, on Fridays at noon. Bring a card.",
        "I am sorry to hear that. A nurse has been told. Please stay where you are. She knows your room.",
    ),
    "zh": (
        "在二楼，电梯旁边。从大门沿着蓝线走就到了。",
        "好的，没问题。我已经记下来了。十分钟之内会有人来找您。",
        "办公室早上八点到下午四点开门，不过星期五中午就关门了。请带上您的证件。",
        "很抱歉听到这个消息。已经通知护士了。请在原地等一下，她知道您的房间。",
    ),
}
LONG_ANSWERS = {
    "en": "The hospital has four buildings. The main building has the entrance, the pharmacy and the wards from one to "
    "nine. The second building is for children. The third is for outpatients, and it has a cafeteria with a terrace. "
    "Behind it lies the garden, where you find benches and a pond. The fourth building is for the staff.",
    "zh": "医院有四栋楼。主楼里有大门、药房和一到九号病房。第二栋楼是儿科。第三栋楼是门诊，里面有带露台的食堂。"
    "后面是花园，那里有长椅和池塘。第四栋楼是职工用的。",
}


class Heard(NamedTuple):
    """A recording that came: its pieces, and what was returned for it."""

    pieces: list[timecode.Piece]
    text: str


class Pace:
    """Lets models take their time. `late` is by how many seconds they took more, at the most."""

    def __init__(self):
        self.late = 0.0

    async def until(self, time):
        loop = asyncio.get_running_loop()
        await asyncio.sleep(time - loop.time())
        self.late = max(self.late, loop.time() - time)


class SpeechApi(FakeAppApi):
    """`style` is how it sets marks (see timeline.py). `heard` is what it was asked."""

    def __init__(self, play, pace):
        super().__init__(play)
        self.pace = pace
        self.timeline = Timeline()
        self.style = "written"
        self.heard = []

    def forget(self):
        """Another microphone begins."""
        self.timeline = Timeline()

    async def _audio_to_text(self, request):
        begun = asyncio.get_running_loop().time()
        form = await request.post()
        pieces = timecode.pieces(timecode.read(form["file"].file.read()))
        self.heard.append(Heard(pieces, self.timeline.transcript(pieces, self.style)))
        text = self.heard[-1].text
        await self.pace.until(begun + SPEECH_TO_TEXT_SECONDS)
        return web.json_response({"text": text})

    async def _text_to_audio(self, request):
        begun = asyncio.get_running_loop().time()
        text = (await request.json())["text"]
        sound = sounds.wav(sounds.hum(speech_seconds(text)))
        await self.pace.until(begun + TEXT_TO_SPEECH_SECONDS)
        return web.Response(body=sound, content_type="audio/wav")


class SpeakingDify(FakeDify):
    """Answers each question with the next of its answers; while it `talks`, with a long one."""

    def __init__(self, language):
        super().__init__()
        self.parameters |= APP
        timecode.prepare()
        self.pace = Pace()
        self.app_api = SpeechApi(self._play, self.pace)
        self.talks = False
        self._language = language
        self._next = itertools.cycle(ANSWERS[language])
        self.plays(self._answer)

    async def _answer(self, stage):
        begun = asyncio.get_running_loop().time()
        await stage.open()
        await self.pace.until(begun + FIRST_WORD_SECONDS)
        words = TOKEN.findall(LONG_ANSWERS[self._language] if self.talks else next(self._next))
        for at, word in enumerate(words):
            await self.pace.until(begun + FIRST_WORD_SECONDS + at / TOKENS_PER_SECOND)
            if self.stop_of(stage.task_id).is_set():
                break
            await stage.event("message", answer=word)
        await stage.end()


def speech_seconds(text):
    """How long a voice needs."""
    han = len(re.findall(r"[\u4e00-\u9fff]", text))
    return max(0.3, han * SPEECH_SECONDS["han"] + (len(text) - han) * SPEECH_SECONDS["latin"])


@asynccontextmanager
async def running(dify):
    """The URL of its API."""
    runner = web.AppRunner(dify.app())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await dify.close()
        await runner.cleanup()
