"""The chat page while the rest of an answer cannot be asked for, with a service that says what the test wants."""

import asyncio
import json
import re

import pytest
from playwright.async_api import expect

from tests.page.browser import accessible, answer, ask, ends
from tests.page.speech import button, call_answer, call_state, hear, until, until_said

SEEKING = "Looking for the rest of the answer…"


class ScriptedService:
    """Takes the place of the service's WebSockets. Of each frame of the page, `frames` has one, in order."""

    def __init__(self):
        self.frames = asyncio.Queue()
        self.id = None
        self._socket = None

    async def serve(self, page):
        await page.route_web_socket(re.compile("/ws/chat/"), self._connected)
        await page.reload()
        await self.receives("resume")

    def _connected(self, socket):
        self._socket = socket
        socket.on_message(lambda text: self.frames.put_nowait(json.loads(text)))

    async def receives(self, kind):
        """The next frame of the page that neither pings nor measures, which is to be of this type."""
        async with asyncio.timeout(10):
            while (frame := await self.frames.get())["type"] in ("ping", "voice_latency"):
                pass
        assert frame["type"] == kind
        return frame

    async def asked(self):
        self.id = (await self.receives("chat"))["id"]

    def says(self, kind, **fields):
        self._socket.send(json.dumps({"type": kind, "id": self.id, **fields}))

    def is_unreachable(self):
        self.says("error", content="Resume again.", code=503, reason="turn_unreachable", retry_after=200)

    async def drops(self):
        await self._socket.close(code=1012)


@pytest.fixture
def scripted():
    return ScriptedService()


@pytest.mark.smoke
async def test_the_rest_of_an_answer_is_looked_for_until_it_is_found(start, visit, scripted):
    page = await visit(await start(), reduced_motion="reduce")
    await scripted.serve(page)
    await ask(page, "Hello")
    await scripted.asked()
    scripted.says("chat_delta", offset=0, content="Too far")
    scripted.says("chat_delta", offset=0, content="Half, ", replace=True, replacements=1)
    await expect(answer(page).locator(".text")).to_have_text("Half,")
    await scripted.drops()
    resume = await scripted.receives("resume")
    assert (resume["id"], resume["offset"], resume["replacements"]) == (scripted.id, 6, 1)
    scripted.is_unreachable()
    await expect(answer(page).locator(".doing")).to_have_text(SEEKING)
    await expect(page.locator("#progress")).to_have_text(SEEKING)
    await expect(answer(page).locator(".text")).to_have_text("Half,")
    await page.locator("#language").click()
    await expect(answer(page).locator(".doing")).to_have_text("正在寻找回答的其余部分…")
    await page.locator("#language").click()
    assert await scripted.receives("resume") == resume
    scripted.is_unreachable()
    await page.reload()
    assert await scripted.receives("resume") == resume
    scripted.is_unreachable()
    await expect(answer(page).locator(".doing")).to_have_text(SEEKING)
    await scripted.receives("resume")
    scripted.says("chat_delta", offset=6, content="and whole.")
    await expect(answer(page).locator(".text")).to_have_text("Half, and whole.")
    await expect(answer(page).locator(".doing")).to_have_text("")
    await expect(page.locator("#progress")).to_have_text("Answering…")
    scripted.says("chat", status="done", content="Half, and whole.")
    await ends(page)


async def test_an_answer_that_is_not_found_is_broken_off_and_can_be_asked_for_again(start, visit, scripted):
    page = await visit(await start(), reduced_motion="reduce")
    await scripted.serve(page)
    await ask(page, "Hello")
    await scripted.asked()
    scripted.says("chat_delta", offset=0, content="Half")
    scripted.is_unreachable()
    await expect(answer(page).locator(".doing")).to_have_text(SEEKING)
    await accessible(page, "looked for")
    await scripted.receives("resume")
    await page.evaluate("(now => (Date.now = () => now + 130_000))(Date.now())")
    scripted.is_unreachable()
    await ends(page, "incomplete")
    await expect(answer(page).locator(".text")).to_have_text("Half")
    await expect(answer(page).locator(".note")).to_have_text("Broken off: the rest could not be found")
    await answer(page).get_by_role("button", name="Ask again").click()
    assert (await scripted.receives("chat"))["content"] == "Hello"


async def test_an_answer_that_is_looked_for_can_be_stopped(start, visit, scripted):
    page = await visit(await start())
    await scripted.serve(page)
    await ask(page, "Hello")
    await scripted.asked()
    scripted.is_unreachable()
    await expect(answer(page).locator(".doing")).to_have_text(SEEKING)
    await page.keyboard.press("Escape")
    while (frame := await scripted.frames.get())["type"] == "resume":
        scripted.is_unreachable()
    assert (frame["type"], frame["id"]) == ("stop", scripted.id)
    scripted.says("chat", status="stopped", content="")
    await ends(page, "stopped")
    await expect(answer(page).locator(".doing")).to_have_text("")


async def test_a_call_goes_on_reading_where_it_was_when_the_answer_is_found(meet, scripted):
    page = await meet("speech.endsBySelf = false;", settings={"pauseSeconds": 1})
    await scripted.serve(page)
    await button(page, "Call").click()
    await hear(page, "where is the garden")
    await scripted.asked()
    scripted.says("chat_delta", offset=0, content="It is behind the house. It")
    await until_said(page, "It is behind the house.")
    scripted.is_unreachable()
    resume = await scripted.receives("resume")
    assert resume["offset"] == 26
    await page.evaluate("speech.finish()")
    await expect(call_state(page)).to_have_text("Speaking")
    scripted.says("chat_delta", offset=26, content=" opens at nine.")
    scripted.says("chat", status="done", content="It is behind the house. It opens at nine.")
    await until_said(page, "It is behind the house.", "It opens at nine.")
    await expect(call_answer(page)).to_have_text("It is behind the house. It opens at nine.")
    await page.evaluate("speech.finish()")
    await expect(call_state(page)).to_have_text("Listening")
    await until(page, "speech.session")
