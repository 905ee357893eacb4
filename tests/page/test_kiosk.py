"""A screen that many people use, one after the other: nothing of one ever reaches the next."""

import asyncio
from contextlib import suppress

import pytest
from playwright.async_api import Error, expect

from tests import fake_dify
from tests.conftest import eventually, logged
from tests.fake_workflows import asking_human
from tests.page.browser import EXPECTED_NOISE, PLAIN_APP, accessible

COME_BACK = "dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))"  # from the back-forward cache
SECRET = "the red folder"


class Screen:
    """The page, and what a person does on it."""

    def __init__(self, page):
        self.page = page
        self.chat = page.frame_locator("iframe")
        self.begin_button = page.locator("#begin:enabled")

    async def begin(self):
        await self.begin_button.click()
        await expect(self.page.locator("#attract")).to_be_hidden()

    async def ask(self, question):
        await self.chat.locator("#question").fill(question)
        await self.chat.locator("#question").press("Enter")

    def answer(self, state):
        return self.chat.locator(f".answer[data-state={state}]").last

    async def token(self):
        return await self.page.evaluate("JSON.parse(sessionStorage['dify-live:token'] ?? null)")

    async def is_clean(self, but=()):
        """What the browser keeps, and what is to be seen, has nothing of the person before."""
        await expect(self.page.locator("#attract")).to_be_visible()
        await expect(self.begin_button).to_be_visible()
        await expect(self.page.locator("iframe")).to_have_count(1)
        await expect(self.chat.locator(".message, dialog[open], #files li, #snackbars p")).to_have_count(0)
        await expect(self.chat.locator("#question")).to_have_value("")
        await expect(self.page.locator("dialog[open]")).to_have_count(0)
        kept = await self.page.evaluate(
            "JSON.stringify([{...sessionStorage}, {...localStorage}, document.body.innerText])"
        )
        assert [word for word in (SECRET, *but) if word in kept] == []


@pytest.fixture
async def screen(browser, dify, with_dify):
    """Such a screen in front of the fake Dify; a fault in a script fails the test."""
    complaints, contexts = [], []
    dify.parameters |= PLAIN_APP

    async def screen(seconds=90, app=None, script="", clock=False, **settings):
        dify.parameters |= app or {}
        context = await browser.new_context(locale="en-GB", viewport={"width": 768, "height": 1024})
        contexts.append(context)
        if clock:
            await context.clock.install()
        await context.add_init_script(script)
        page = await context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        screen.service = await with_dify(**settings)
        await page.goto(f"{screen.service.url}/chat?kiosk={seconds}")
        return Screen(page)

    yield screen
    for context in contexts:
        await context.close()
    assert [words for words in complaints if not any(noise in words for noise in EXPECTED_NOISE)] == []


async def done(screen, dify):
    dify.plays(fake_dify.say("Yes."))
    await screen.ask(SECRET)
    await expect(screen.answer("done")).to_be_visible()


async def streaming(screen, dify):
    dify.plays(fake_dify.until_stopped("Some ", "words"))
    await screen.ask(SECRET)
    await expect(screen.answer("streaming")).to_contain_text("Some words")


async def queued(screen, dify):
    await streaming(screen, dify)
    await screen.ask(f"{SECRET}, too")
    await expect(screen.chat.locator(".question[data-state=waiting]")).to_be_visible()


async def offline(screen, dify):
    await done(screen, dify)
    await screen.page.context.set_offline(True)
    await screen.page.evaluate("frames[0]?.dispatchEvent(new Event('offline'))")
    await screen.ask(f"{SECRET}, offline")


async def draft(screen, _):
    await screen.chat.locator("#question").fill(SECRET)


async def paused(screen, dify):
    action = {"id": "yes", "title": "Yes", "button_style": "primary"}
    form = asking_human(SECRET, form_content=SECRET, inputs=[], actions=[action])
    dify.plays(fake_dify.flow(form))
    await screen.ask("May I?")
    await expect(screen.answer("paused")).to_be_visible()


async def in_a_dialog(screen, dify):
    await done(screen, dify)
    await screen.page.evaluate("frames[0].document.querySelector('#language').click()")
    await screen.page.evaluate("frames[0].document.body.append(document.createElement('dialog'))")


MOMENTS = [done, streaming, queued, offline, draft, paused, in_a_dialog]


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.__name__)
async def test_whatever_somebody_was_about_nothing_of_it_reaches_the_next(screen, dify, moment):
    screen = await screen()
    await screen.begin()
    token = await screen.token()
    await moment(screen, dify)
    asked = len(dify.questions)
    await screen.page.evaluate(COME_BACK)
    await screen.page.context.set_offline(False)
    await screen.is_clean(but=[token])
    if moment in (streaming, queued):
        await eventually(lambda: dify.stops)
    dify.plays(fake_dify.say("Welcome."))
    await screen.begin()
    await screen.ask("Hello")
    await expect(screen.answer("done")).to_contain_text("Welcome.")
    new = dify.questions[asked:]
    assert [question["query"] for question in new] == ["Hello"]
    assert not new[0].get("conversation_id")
    assert new[0]["user"] not in [question["user"] for question in dify.questions[:asked]]
    assert SECRET not in await screen.chat.locator("body").inner_text()


async def test_who_stays_away_is_asked_and_then_cleared_away(screen, dify):
    screen = await screen(seconds=90, clock=True)
    page = screen.page
    await expect(page.locator("#attract")).to_contain_text("Touch to")
    await expect(page.locator("#attract")).to_contain_text("触摸开始")
    await accessible(page)
    await screen.begin()
    token = await screen.token()
    dify.plays(fake_dify.say("See [the plan](https://ward.example/plan%20b) there."))
    await screen.ask(SECRET)
    await expect(screen.answer("done")).to_be_visible()
    await screen.chat.get_by_role("link", name="the plan").click()
    await expect(page.locator("dialog[open] .address")).to_have_text("https://ward.example/plan b")
    await page.get_by_role("button", name="Close").click()
    await page.clock.run_for(95_000)
    await expect(page.get_by_role("alertdialog")).to_contain_text("all is cleared for the next person")
    await accessible(page)
    await page.get_by_role("button", name="Yes, go on").click()
    await expect(screen.answer("done")).to_be_visible()
    await page.clock.run_for(115_000)
    await page.clock.run_for(2_000)
    await screen.is_clean(but=[token])
    assert len(page.context.pages) == 1


async def test_a_person_s_choices_of_language_and_colours_end_with_them(screen):
    screen = await screen()
    await screen.begin()
    await screen.chat.locator("#language").click()
    await screen.chat.locator("#theme").click()
    await expect(screen.page.locator("html")).to_have_attribute("lang", "zh-CN")
    await screen.page.reload()
    await screen.is_clean()
    await expect(screen.chat.locator("html")).to_have_attribute("lang", "en")
    assert await screen.page.evaluate("Object.keys(localStorage)") == []


async def test_the_service_forgets_what_was_said_when_it_is_back(screen, dify, events):
    screen = await screen()
    await screen.begin()
    await done(screen, dify)
    await screen.page.context.set_offline(True)
    await screen.page.evaluate(COME_BACK)
    await expect(screen.page.locator("#attract")).to_be_visible()
    await screen.page.context.set_offline(False)
    await eventually(lambda: logged(events, "client.forgotten"))
    await screen.is_clean()
    await expect_kept(screen.page, [])


async def expect_kept(page, tokens):
    async with asyncio.timeout(10):
        while await page.evaluate("JSON.parse(sessionStorage['dify-live:forget'] ?? '[]')") != tokens:
            await asyncio.sleep(0.01)


class Day:
    """Simulated time of a screen, and what happens to it."""

    def __init__(self, screen, service, dify):
        self.screen, self.page, self.service, self.dify = screen, screen.page, service, dify

    async def passes(self, seconds, step=20):
        for _ in range(seconds // step):
            await self.page.clock.fast_forward(step * 1_000)
            await self.now("0")  # what the service says meanwhile arrives

    async def now(self, expression):
        with suppress(Error):  # the page replaces itself just now
            return await self.page.evaluate(expression)

    async def heals(self, is_well="!document.querySelector('#begin').disabled"):
        async with asyncio.timeout(60):
            while not await self.now(is_well):
                await self.passes(20)

    async def somebody_comes_and_goes(self):
        await self.heals()
        await self.screen.begin()
        await done(self.screen, self.dify)
        await self.passes(200)

    async def the_service_restarts(self):
        await self.service.restart(lambda: self.passes(60))

    async def the_network_is_lost(self):
        await self.page.context.set_offline(True)
        await self.page.evaluate("frames[0]?.dispatchEvent(new Event('offline'))")
        await self.passes(120)
        await self.page.context.set_offline(False)

    async def the_connection_is_replaced(self):
        await self.heals()
        await self.page.evaluate("frames[0]?.sockets.at(-1).onclose?.({code: 4500})")

    async def the_clock_is_set(self):
        await self.page.clock.set_system_time("2031-01-01")

    async def the_machine_sleeps(self):
        await self.page.clock.fast_forward(3 * 3_600_000)

    async def lasts(self, hours):
        what = [
            *(self.somebody_comes_and_goes, self.the_service_restarts, self.the_network_is_lost),
            *(self.the_connection_is_replaced, self.the_clock_is_set, self.the_machine_sleeps),
        ]
        for hour in range(hours):
            await what[hour % len(what)]()
            await self.passes(3_600, step=600)


SOCKETS = """
  window.sockets = [];
  window.WebSocket = class extends WebSocket { constructor(...args) { super(...args); sockets.push(this); } };
"""


@pytest.mark.timeout(300)
async def test_after_a_simulated_day_it_is_clean_current_and_connected(screen, dify, monkeypatch):
    """After people, restarts, a lost network, final close codes, a clock that is set, and a machine that sleeps."""
    open_screen, size = screen, "[document.querySelectorAll('*').length, frames.length]"
    screen = await open_screen(clock=True, script=SOCKETS)
    day = Day(screen, open_screen.service, dify)
    await day.heals()
    at_first = await screen.page.evaluate(size)
    await day.lasts(24)
    monkeypatch.setattr("service.web.pages.__version__", "9.9.9")
    await day.the_service_restarts()
    await day.heals("document.documentElement.dataset.version === '9.9.9'")
    await day.heals()
    await screen.is_clean()
    assert await screen.page.evaluate(size) == at_first
    await day.somebody_comes_and_goes()
