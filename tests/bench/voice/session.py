"""One call: python -m tests.bench.voice.session reads its plan from stdin, and writes what happened, as JSON.

A process of its own, with a service, a Dify and a Chromium of its own.
"""

import asyncio
import base64
import json
import sys
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import async_playwright, expect

from tests import fake_dify
from tests.bench.servers import service
from tests.bench.voice import corpus, noises, sounds, stand_in, timecode
from tests.page.browser import CHROMIUM, OPTIONS

SCRIPTS = [Path(__file__).with_name(name) for name in ("microphone.js", "page.js")]
CODE_SYMBOLS = 60_000  # 20 minutes
CODE_GAIN = 0.0005  # 66 dB below full scale
LOCALES = {"en": "en-GB", "zh": "zh-CN"}
CALL = {"en": "Call", "zh": "通话"}
LEADS = {"en": "Please tell me about the hospital.", "zh": "请介绍一下这家医院。"}
BACKCHANNELS = {"en": ("Mhm.", "Uh huh."), "zh": ("嗯。", "哦。")}
PATIENCE_MS = 8_000  # from the end of speech to the question
SETTLE_SECONDS = 3.0  # from the tap on "Call" to the first word
AFTER_NOISE_MS = 4_500
BACKCHANNEL_MS = 2_000
ATTEMPTS = 3
MOST_LATE_MS = {"sound": 60, "page": 250, "models": 100}
LIMITS = (
    "ADDRESS_CALLS_PER_MINUTE",
    "ADDRESS_QUESTIONS_PER_MINUTE",
    "ADDRESS_BYTES_PER_MINUTE",
    "ADDRESS_MAX_ANSWERS",
    "USER_MAX_ANSWERS",
)


class Session:
    """What happens to the page of one call. Times of its outcomes are milliseconds since the end of speech."""

    def __init__(self, page, dify, plan):
        self.page = page
        self.dify = dify
        self.api = dify.app_api
        self.language = plan["language"]
        self.condition = plan["condition"]

    async def open(self, url):
        self.url = url
        await self.call()

    async def call(self):
        """Anew: what went wrong in a call is not to be felt by what comes next."""
        await self.page.goto(f"{self.url}/chat")
        await expect(self.page.locator("#state[data-state=open]")).to_be_visible()
        await self.bench("enter(file)", file=_file(noises.ROOMS[self.condition](self.language)))
        await self.page.get_by_role("button", name=CALL[self.language], exact=True).click()
        async with asyncio.timeout(10):
            while not await self.bench("isOpen()"):
                await asyncio.sleep(0.02)
        self.api.forget()
        await asyncio.sleep(SETTLE_SECONDS)

    async def bench(self, call, **values):
        return await self.page.evaluate(f"({{ {', '.join(values)} }}) => bench.{call}", values)

    async def load(self, name, samples):
        await self.bench("load(name, file)", name=name, file=_file(samples))

    async def say(self, spoken):
        """Returns when it begins and ends, by the page's clock."""
        await self.load("speech", spoken.samples)
        said = await self.bench("say(name)", name="speech")
        self.api.timeline.add(spoken.words, said["begins"])
        return said["at"], said["at"] + 1_000 * spoken.seconds

    async def events(self, since, zero):
        return [
            event | {name: round(event[name] - zero, 1) for name in ("at", "ends") if name in event}
            for event in await self.bench("take(since)", since=since)
        ]

    async def lateness(self):
        """By how many milliseconds the machine was late at most, since that was asked last."""
        models, self.dify.pace.late = self.dify.pace.late, 0.0
        return await self.bench("lateness()") | {"models": 1_000 * models}

    async def rest(self, is_well):
        if not is_well or not await self.bench("isLive()"):
            await self.call()
        else:
            await asyncio.sleep(0.5)

    # What a plan consists of

    async def utterance(self, number, style, is_whole):
        self.api.style = style
        utterance = corpus.utterances(self.language)[number]
        spoken = corpus.speak(utterance, number)
        first = len(self.api.heard)
        begins, ends = await self.say(spoken)
        is_answered = await self.bench("answered(at, patience)", at=ends, patience=PATIENCE_MS)
        if is_answered and is_whole:
            await self.bench("finished()")
        elif is_answered:
            await asyncio.sleep(0.2)
            await self.bench("interrupt()")
        outcome = {
            "key": utterance.key,
            "kind": utterance.kind,
            "style": style,
            "text": utterance.text,
            "is_whole": is_whole,
            "has_pause": utterance.has_pause,
            "begins": begins - ends,
            "pauses": [[1_000 * (at - spoken.seconds) for at in pause] for pause in spoken.pauses],
            "events": await self.events(begins, ends),
            **self.recordings(first),
        }
        await self.rest(is_answered)
        return outcome

    def recordings(self, first):
        heard = self.api.heard[first:]
        return {"heard": [each.text for each in heard], "stalls": sum(len(each.pieces) != 1 for each in heard)}

    async def noise(self, name, seed):
        """Alone, in a silent room."""
        samples = noises.PIECES[name](self.language, seed)
        first = len(self.api.heard)
        await self.load("noise", samples)
        at = (await self.bench("say(name)", name="noise"))["at"]
        ends = at + 1_000 * len(samples) / sounds.RATE
        await self.bench("untilAt(at)", at=ends + AFTER_NOISE_MS)
        outcome = {"key": f"{name}-{seed}", "events": await self.events(at, ends), **self.recordings(first)}
        await self.rest(is_well=not any(event["kind"] == "asked" for event in outcome["events"]))
        return outcome

    async def interruption(self, number, delay, backchannel):
        """Of a long answer, so many milliseconds after its first sound; after a `backchannel`, if there is one."""
        self.api.style, self.dify.talks = "written", True
        lead = corpus.Utterance("lead", self.language, "lead", ((LEADS[self.language], 0.0),))
        begins, ends = await self.say(corpus.speak(lead, number))
        if not await self.bench("answered(at, patience)", at=ends, patience=PATIENCE_MS):
            await self.rest(is_well=False)
            return {"key": "lead", "failed": True}
        self.dify.talks = False
        await asyncio.sleep(delay / 1_000)
        outcome = {"delay": delay, "backchannel": backchannel}
        if backchannel is not None:
            outcome |= await self.backchannel(backchannel)
            if outcome["is_stopped"]:
                await self.rest(is_well=False)
                return outcome
        utterance = corpus.utterances(self.language)[number]
        first = len(self.api.heard)
        begins, ends = await self.say(corpus.speak(utterance, number))
        is_answered = await self.bench("answered(at, patience)", at=ends, patience=PATIENCE_MS)
        outcome |= {"key": utterance.key, "text": utterance.text, "begins": begins - ends, "is_answered": is_answered}
        outcome |= {"events": await self.events(begins, ends), **self.recordings(first)}
        if is_answered:
            await self.bench("interrupt()")
        await self.rest(is_answered)
        return outcome

    async def backchannel(self, name):
        """A word or a knock that does not want to interrupt."""
        if name == "knock":
            spoken = corpus.Spoken(noises.PIECES["knock"](self.language, 0), [], [])
        else:
            text = BACKCHANNELS[self.language][int(name)]
            spoken = corpus.speak(corpus.Utterance(text, self.language, "backchannel", ((text, 0.0),)))
        begins, _ = await self.say(spoken)
        await self.bench("untilAt(at)", at=begins + BACKCHANNEL_MS)
        events = await self.events(begins, begins)
        is_stopped = any(event["kind"] == "stopped" for event in events) or not await self.bench("sounds(ms)", ms=200)
        return {"is_stopped": is_stopped}


def _file(samples):
    return base64.b64encode(sounds.wav(samples)).decode()


@asynccontextmanager
async def opened(plan):
    """A session that calls; and the list into which errors of the page's scripts go."""
    dify = stand_in.SpeakingDify(plan["language"])
    async with (
        stand_in.running(dify) as url,
        service(url, DIFY_API_KEY=fake_dify.KEY, **dict.fromkeys(LIMITS, "0")) as server,
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        context = await browser.new_context(locale=LOCALES[plan["language"]])
        await context.add_init_script(_script())
        page = await context.new_page()
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        session = Session(page, dify, plan)
        await session.open(f"http://127.0.0.1:{server.port}")
        yield session, errors
        await browser.close()


def _script():
    symbols = [int(symbol) for symbol in timecode.symbols()[:CODE_SYMBOLS]]
    code = {"frequencies": timecode.FREQUENCIES, "seconds": timecode.SYMBOL_SECONDS}
    code |= {"gain": CODE_GAIN, "symbols": symbols}
    quiet = "localStorage.voice = JSON.stringify({ hasSounds: false });"  # what sounds is an answer then
    script = quiet + "".join(file.read_text(encoding="utf-8") for file in SCRIPTS)
    return "{" + script.replace('"TIME CODE"', json.dumps(code)) + "}"  # no name of it is the page's


async def run(plan):
    async with opened(plan) as (session, errors):
        outcomes = [await measured(session, *item) for item in plan["items"]]
    return {"outcomes": outcomes, "errors": errors}


async def measured(session, *item):
    """Once more where the machine was too busy to measure; what is so at last is marked, and counts for nothing."""
    for attempt in range(ATTEMPTS):
        outcome = await _once(session, *item) | {"attempts": attempt + 1}
        if not outcome["is_disturbed"]:
            break
    return outcome


async def _once(session, name, *arguments):
    await session.lateness()
    outcome = await getattr(session, name)(*arguments)
    late = await session.lateness()
    is_disturbed = any(late[what] > most for what, most in MOST_LATE_MS.items())
    where = {"item": name, "language": session.language, "condition": session.condition}
    return outcome | where | {"late": late, "is_disturbed": is_disturbed}


if __name__ == "__main__":
    json.dump(asyncio.run(run(json.load(sys.stdin))), sys.stdout)
