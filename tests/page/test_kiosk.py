"""A screen that many people use, one after the other: nothing of one ever reaches the next."""

import asyncio
from contextlib import suppress

import pytest
from playwright.async_api import Error, expect

from service.answers.dify import app_api
from tests import fake_dify
from tests.conftest import eventually, logged
from tests.page.browser import accessible
from tests.page.kiosk import COME_BACK, SECRET, Screen
from tests.page.kiosk_moments import MOMENTS, SPEECH, UNDER_WAY, done
from tests.page.speech import SILENT, button, hear, until

KEEPS = """
  { const { speech, speechSynthesis, sounding } = frames[0]; window.left = { speech, speechSynthesis, sounding }; 0 }
"""
IS_SILENT = "!left.speech?.isOpen && !left.speech?.session && !left.speechSynthesis.speaking && !left.sounding.size"


@pytest.mark.parametrize(("moment", "options"), MOMENTS, ids=[moment.__name__ for moment, _ in MOMENTS])
async def test_whatever_somebody_was_about_nothing_of_it_reaches_the_next(screen, dify, moment, options):
    screen = await screen(**options)
    await screen.begin()
    token = await screen.token()
    await screen.page.evaluate(KEEPS)
    await moment(screen, dify)
    asked, recorded = len(dify.questions), len(dify.app_api.called("audio-to-text"))
    await screen.page.evaluate(COME_BACK)
    assert await screen.page.evaluate(IS_SILENT)
    await screen.page.context.set_offline(False)
    await screen.is_clean(but=[token])
    if moment in UNDER_WAY:
        await eventually(lambda: dify.stops)
    dify.app_api.scenes.clear()
    dify.released.set()
    dify.app_api.may_read.set()
    dify.plays(fake_dify.say("Welcome."))
    await screen.begin()
    await screen.ask("Hello")
    await expect(screen.answer("done")).to_contain_text("Welcome.")
    new = dify.questions[asked:]
    assert [question["query"] for question in new] == ["Hello"]
    assert not new[0].get("conversation_id")
    assert new[0]["user"] not in [question["user"] for question in dify.questions[:asked]]
    assert len(dify.app_api.called("audio-to-text")) == recorded
    assert SECRET not in await screen.chat.locator("body").inner_text()
    await expect(screen.chat.locator("#question")).to_have_value("")


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


SOCKETS = """
  window.sockets = [];
  window.WebSocket = class extends WebSocket { constructor(...args) { super(...args); sockets.push(this); } };
"""
LOCKS = """
  window.locks = [];
  const { request } = WakeLock.prototype;
  WakeLock.prototype.request = async function (...what) {
    const lock = await request.apply(this, what);
    locks.push(lock);
    return lock;
  };
"""


async def test_a_touch_fills_the_display_which_stays_on_also_after_the_page_was_hidden(screen):
    screen = await screen(script=LOCKS)
    await until(screen.page, "locks.length && !locks[0].released")
    assert not await screen.page.evaluate("document.fullscreenElement")
    await screen.begin()
    await until(screen.page, "document.fullscreenElement === document.documentElement")
    await screen.page.evaluate("Promise.all(locks.splice(0).map((lock) => lock.release()))")  # as when it is hidden
    await screen.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await until(screen.page, "locks.length && !locks[0].released")


async def test_who_is_there_when_another_takes_the_connection_goes_on_without_a_touch(screen, dify, http):
    screen = await screen(script=SOCKETS)
    await screen.begin()
    await done(screen, dify)
    async with http.ws_connect(await screen.frame.evaluate("sockets[0].url")) as other:
        await other.send_json({"type": "resume", "token": await screen.token()})
        await until(screen.frame, "sockets.length === 2")  # closed with 4500, which says "do not come back"
        await expect(screen.chat.locator("#state[data-state=open]")).to_be_visible()
        while not other.closed:
            await other.receive()
        assert other.close_code == 4500
    await screen.ask("And now?")
    await expect(screen.chat.locator(".answer[data-state=done]")).to_have_count(2)
    await expect(screen.page.locator("#attract")).to_be_hidden()
    assert await screen.frame.evaluate("sockets.length") == 2


async def test_what_the_app_wants_to_know_is_asked_before_a_call(screen):
    room = {"text-input": {"label": "Room", "variable": "room", "required": True}}
    screen = await screen(script=SPEECH, app=SILENT | {"user_input_form": [room]})
    await expect(screen.begin_button).to_contain_text("Touch to begin")
    await screen.begin()
    await expect(screen.chat.get_by_label("Room")).to_be_focused()
    await expect(screen.chat.locator("#call")).to_be_hidden()
    await expect(button(screen.chat, "Call")).to_be_visible()


async def test_the_way_to_end_is_in_words_in_the_language_of_who_is_there(screen):
    screen = await screen()
    await screen.begin()
    finish = screen.chat.get_by_role("button", name="Finish", exact=True)
    await expect(finish).to_have_text("Finish")
    await accessible(screen.frame)
    await screen.chat.locator("#language").click()
    await screen.chat.get_by_role("button", name="结束", exact=True).click()
    await screen.is_clean()
    await expect(screen.chat.locator("#new")).to_have_text("Finish")


@pytest.mark.parametrize("keys", [[], ["Control"], ["Shift"], ["Alt"], ["Control", "Shift"], "middle"], ids=str)
async def test_no_way_of_following_a_link_opens_or_saves_anything(screen, dify, keys):
    screen = await screen()
    warned, left = [], []
    screen.page.on("console", lambda message: warned.append(message.text))
    screen.page.on("download", lambda download: left.append(download.url))
    screen.page.context.on("page", lambda page: left.append(page.url))
    await screen.begin()
    dify.plays(fake_dify.say("See [the plan](plan.pdf) there, or <https://ward.example/>."))
    await screen.ask("Where?")
    await expect(screen.answer("done")).to_be_visible()
    for link in await screen.chat.locator(".answer a").all():
        how = {"button": "middle"} if keys == "middle" else {"modifiers": keys}
        await link.click(**how)
        await screen.page.locator("dialog[open]").get_by_role("button", name="Close").click()
    await screen.page.evaluate(COME_BACK)  # another frame
    await screen.is_clean()
    assert (warned, left) == ([], [])


PULLED = "speech.isPulledOut = {}; navigator.mediaDevices.dispatchEvent(new Event('devicechange'))"


async def test_a_device_without_a_microphone_offers_to_type_until_there_is_one(screen):
    screen = await screen(script=SPEECH, app=SILENT)
    await expect(screen.begin_button).to_contain_text("Touch to talk")
    await screen.page.evaluate(PULLED.format("true"))
    await expect(screen.begin_button).to_have_text("Touch to type触摸开始打字")
    await accessible(screen.page)
    await screen.begin()
    await expect(screen.chat.locator("#question")).to_be_focused()
    await expect(screen.chat.locator("#call")).to_be_hidden()
    await screen.page.evaluate(COME_BACK)
    await screen.page.evaluate(PULLED.format("false"))
    await expect(screen.begin_button).to_have_text("Touch to talk触摸开始说话")


async def test_where_listening_failed_the_next_person_is_offered_to_type(screen):
    screen = await screen(script=SPEECH + "speech.refuses = true;", app=SILENT)
    await screen.begin()
    await expect(screen.chat.locator("#call")).to_contain_text("The microphone is blocked")
    await screen.page.evaluate(COME_BACK)
    await expect(screen.begin_button).to_contain_text("Touch to type")


async def test_who_can_neither_type_nor_talk_is_told(screen):
    screen = await screen(seconds="90&keyboard=no", script=SPEECH, app=SILENT)
    await expect(screen.begin_button).to_contain_text("Touch to talk")
    await screen.page.evaluate(PULLED.format("true"))
    await expect(screen.page.locator("#away")).to_contain_text("This device cannot listen at the moment.")
    await expect(screen.page.locator("#away")).to_contain_text("此设备目前无法收听语音")
    await expect(screen.begin_button).to_contain_text("Touch to begin")
    await accessible(screen.page)
    await screen.page.evaluate(PULLED.format("false"))
    await expect(screen.page.locator("#away")).to_have_text("")


def wants(kind, **more):
    return {"user_input_form": [{kind: {"label": "Your scan", "variable": "scan", "required": True} | more}]}


@pytest.mark.parametrize(
    ("options", "form"), [("", wants("file")), ("", wants("file-list")), ("&keyboard=no", wants("paragraph"))], ids=str
)
async def test_an_app_that_requires_what_nobody_can_give_there_says_so_before_anybody_begins(
    screen, dify, monkeypatch, options, form
):
    monkeypatch.setattr(app_api, "FRESH_SECONDS", 0)
    screen = await screen(seconds=f"90{options}", app=form)
    warned = []
    screen.page.on("console", lambda message: warned.append(message.text))
    await screen.page.reload()
    await expect(screen.page.locator("#away")).to_contain_text("The assistant cannot be used on this screen")
    await expect(screen.page.locator("#away")).to_contain_text("此屏幕无法使用该助手")
    await expect(screen.page.locator("#begin")).to_be_hidden()
    await accessible(screen.page)
    assert [words for words in warned if "scan" in words] == [
        "The app requires scan: this cannot be filled in on such a screen."
    ]
    dify.parameters |= {"user_input_form": []}
    await expect(screen.begin_button).to_be_visible(timeout=60_000)  # it looks less and less often


async def test_a_file_that_may_be_left_out_hinders_nobody_and_opens_no_files(screen, dify):
    screen = await screen(app=wants("file", required=False))
    await screen.begin()
    await expect(screen.chat.locator("#welcome")).to_contain_text("Your scan: files cannot be added on this screen.")
    await expect(screen.chat.locator("#welcome input")).to_have_count(0)
    await accessible(screen.frame)
    dify.plays(fake_dify.say("Welcome."))
    await screen.ask("Hello")
    await expect(screen.answer("done")).to_contain_text("Welcome.")
    assert not dify.questions[-1]["inputs"]


async def test_nothing_is_left_in_the_clipboard(screen, dify):
    screen = await screen()
    await screen.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await screen.begin()
    await done(screen, dify)
    await expect(screen.chat.get_by_role("button", name="Copy")).to_have_count(0)
    await screen.chat.locator(".answer .text").click()
    for key in ("a", "c"):
        await screen.page.keyboard.press(f"Control+{key}")
    await screen.chat.locator("#question").fill(SECRET)
    for key in ("a", "x", "Shift+Y", "/"):
        await screen.chat.locator("#question").press(f"Control+{key}")
    await expect(screen.chat.get_by_role("dialog")).to_have_count(0)
    await screen.chat.locator("#question").press("Control+a")
    assert await screen.chat.locator("#question").evaluate("(field) => field.selectionEnd") == len(SECRET)
    assert SECRET not in await screen.page.evaluate("navigator.clipboard.readText()")


async def test_the_operators_greeting_stands_there_in_both_languages(screen):
    screen = await screen(page_greeting="Welcome to **Ward 7**.", page_greeting_zh="欢迎来到**七病区**。")
    await expect(screen.begin_button).to_be_visible()
    for lang, words in [("en", "Ward 7"), ("zh", "七病区")]:
        await expect(screen.page.locator(f"#greeting [lang={lang}] strong")).to_have_text(words)


async def test_who_has_only_looked_can_finish(screen):
    screen = await screen()
    await screen.begin()
    await screen.chat.locator("#language").click()
    await screen.chat.locator("#new").click()
    await screen.is_clean()
    assert await screen.page.evaluate("Object.keys(localStorage)") == []


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


async def test_what_somebody_chooses_at_one_screen_reaches_no_other_of_the_same_browser(screen):
    screen = await screen(script="localStorage['dify-live:theme'] ??= 'dark';")
    page = await screen.page.context.new_page()
    await page.goto(screen.page.url)
    other = Screen(page)
    for each in (screen, other):
        await each.begin()
    await screen.chat.locator("#language").click()
    await other.chat.locator("#theme").click()
    for each in (screen, other):
        await each.page.evaluate(COME_BACK)
        await each.is_clean()
        await expect(each.chat.locator("html")).to_have_attribute("lang", "en")
        await expect(each.chat.locator("html")).to_have_attribute("data-theme", "dark")
    assert await page.evaluate("Object.keys(localStorage)") == ["dify-live:theme"]


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


async def test_who_pauses_an_answer_and_leaves_is_asked_for_as_soon_as_anybody(screen, dify):
    dify.plays(fake_dify.say("Lunch is at noon."))
    screen = await screen(script=SPEECH + "speech.endsBySelf = false;", app=SILENT, clock=True)
    await screen.begin()
    await screen.chat.locator("#call").wait_for()
    await hear(screen.frame, "when is lunch")
    await until(screen.frame, "speechSynthesis.speaking")
    await button(screen.chat, "Pause").click()
    await expect(screen.chat.locator("#call[data-state=paused]")).to_be_visible()
    await screen.page.clock.run_for(95_000)
    await expect(screen.page.get_by_role("alertdialog")).to_be_visible()


async def test_a_short_screen_and_large_text_leave_room_for_the_beginning_of_an_answer(screen, dify):
    again = {"suggested_questions_after_answer": {"enabled": True}}
    screen = await screen(clock=True, app=SILENT | again)
    for width, height, size in [(844, 390, 100), (320, 256, 100), (390, 844, 200)]:
        await screen.page.set_viewport_size({"width": width, "height": height})
        box = await screen.begin_button.bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= height
        await screen.begin()
        await screen.frame.evaluate(f"document.documentElement.style.fontSize = '{size}%'")
        await screen.frame.evaluate(f"document.documentElement.toggleAttribute('data-large', {size} > 125)")
        await screen.ask("When is lunch?")
        await expect(screen.answer("done")).to_be_visible()
        await expect(screen.chat.locator("#talk > .suggestions")).to_be_attached()
        await expect(screen.answer("done").locator(".text")).to_be_in_viewport(ratio=0.9)
        await screen.page.clock.run_for(95_000)
        dialog = screen.page.get_by_role("alertdialog")
        await expect(dialog.get_by_role("heading")).to_be_in_viewport(ratio=1)
        assert await dialog.evaluate("(node) => node.scrollWidth <= node.clientWidth")
        assert await screen.page.evaluate("document.documentElement.style.fontSize") == f"{size}%"
        await screen.page.evaluate(COME_BACK)
        await screen.page.clock.run_for(3_000)
