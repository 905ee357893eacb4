"""The chat page when its connection, or the page itself, goes away and comes back."""

import asyncio

import pytest
from playwright.async_api import expect

from tests import fake_dify
from tests.page.browser import answer, ask, ends, watched


def words_then(more, first, last):
    """An answer whose second half waits."""

    async def scene(stage):
        await stage.open()
        await stage.event("message", answer=first)
        await more.wait()
        await stage.event("message", answer=last)
        await stage.end()

    return scene


async def drop(page):
    """Break the connection as a network does; the page comes back by itself."""
    await page.evaluate("sockets.at(-1).close()")


@pytest.mark.smoke
async def test_an_answer_goes_on_after_the_connection_was_lost(with_dify, dify, visit):
    more = asyncio.Event()
    dify.plays(words_then(more, "Half 😀 ", "and whole."))
    page = await watched(visit, await with_dify())
    await ask(page, "Hello")
    await expect(answer(page).locator(".text")).to_have_text("Half 😀")
    await drop(page)
    more.set()
    await expect(answer(page).locator(".text")).to_have_text("Half 😀 and whole.")
    await ends(page)
    assert len(dify.questions) == 1


async def test_a_conversation_and_a_draft_survive_a_reload(with_dify, dify, visit):
    more = asyncio.Event()
    dify.plays(fake_dify.say("**First.**"), words_then(more, "Second, ", "whole."), fake_dify.say("Third."))
    page = await visit(await with_dify())
    await ask(page, "One")
    await ends(page)
    await ask(page, "Two")
    await expect(answer(page).locator(".text")).to_have_text("Second,")
    await ask(page, "Three")
    await page.fill("#question", "a draft")
    await page.reload()
    await expect(page.locator(".answer strong")).to_have_text("First.")
    await expect(page.locator("#question")).to_have_value("a draft")
    await expect(page.locator(".question .text")).to_have_text(["One", "Two", "Three"])
    await expect(answer(page).locator(".text")).to_have_text("Second,")
    more.set()
    await expect(page.locator(".answer .text")).to_have_text(["First.", "Second, whole.", "Third."])
    users = {question["user"] for question in dify.questions}
    assert [question["query"] for question in dify.questions] == ["One", "Two", "Three"]
    assert len(users) == 1


async def test_a_question_that_did_not_arrive_is_asked_once_more(with_dify, dify, visit):
    page = await watched(visit, await with_dify())
    await page.evaluate("""() => {
      const [socket] = sockets;
      socket.send = () => socket.close(); // it is taken, and gets lost on the way
    }""")
    await ask(page, "Hello")
    await ends(page)
    await expect(answer(page).locator(".text")).to_have_text("Hello.")
    assert len(dify.questions) == 1


async def test_the_page_survives_a_restart_of_the_service(with_dify, dify, visit):
    """The text so far is kept and marked; what is asked meanwhile waits, and is sent once the service is back."""
    dify.plays(fake_dify.until_stopped("Half an answer"), fake_dify.say("Welcome back."))
    service = await with_dify()
    page = await visit(service)
    await ask(page, "Hello")
    await expect(answer(page).locator(".text")).to_have_text("Half an answer")

    async def meanwhile():
        await expect(page.locator("#state")).to_have_text("Reconnecting…")
        await ask(page, "Are you there?")
        await ask(page, "Not sent")
        waiting = page.locator(".question[data-state=waiting]")
        await expect(waiting.first.locator(".note")).to_contain_text("Waiting for the connection")
        await waiting.last.get_by_role("button", name="Take back").click()

    await service.restart(meanwhile)
    await expect(page.locator(".answer").first).to_have_attribute("data-state", "incomplete", timeout=20_000)
    await expect(page.locator(".answer .note").first).to_contain_text("Broken off")
    await expect(answer(page).locator(".text")).to_have_text("Welcome back.")
    await expect(page.locator("#state")).to_have_text("Connected")
    assert [question["query"] for question in dify.questions] == ["Hello", "Are you there?"]


async def test_a_short_break_is_not_shown(start, visit):
    page = await watched(visit, await start())
    await page.evaluate("""() => {
      window.shown = [];
      const state = document.getElementById("state");
      new MutationObserver(() => shown.push(state.textContent)).observe(state, { childList: true });
    }""")
    await page.evaluate("Math.random = () => 0")
    await drop(page)
    await ask(page, "Hello")
    await ends(page)
    assert await page.evaluate("shown") == []


async def test_the_page_tells_a_lost_network_from_a_lost_service(start, visit):
    service = await start()
    page = await visit(service)
    state = page.locator("#state")

    async def meanwhile():
        await page.context.set_offline(True)
        await expect(state).to_have_text("Offline")
        await page.context.set_offline(False)
        await expect(state).to_have_text("Reconnecting…")

    await service.restart(meanwhile)
    await expect(state).to_have_text("Connected", timeout=20_000)


async def test_a_page_that_was_replaced_says_why_and_goes_on_only_when_it_is_told_to(start, visit, connect, events):
    service = await start()
    page = await visit(service)
    await ask(page, "One")
    await ends(page)
    (opened,) = [event for event in events if event["event"] == "connection.opened"]
    token = await page.evaluate("JSON.parse(sessionStorage.getItem('dify-live:token'))")
    newer = await connect(service, f"/ws/chat/{opened['client_id']}")
    await newer.say({"type": "resume", "token": token})
    await expect(page.locator("#state")).to_have_text("Disconnected")
    await expect(page.get_by_role("status").get_by_text("This chat was opened in another window.")).to_be_visible()
    send = page.get_by_role("button", name="Send")
    await expect(send).to_be_disabled()
    await page.locator("#language").click()
    await expect(page.locator("#state")).to_have_text("已断开")
    await page.get_by_role("button", name="在此继续").click()
    await expect(page.locator("#question")).to_be_focused()
    await page.locator("#language").click()
    await expect(page.locator("#state")).to_have_text("Connected")
    await expect(page.get_by_role("button", name="Go on here")).to_have_count(0)
    await ask(page, "Two")
    await expect(page.locator(".answer[data-state=done]")).to_have_count(2)


async def test_what_is_ended_for_good_goes_on_as_well(start, visit):
    """No close code leaves a page that nothing but a reload could mend."""
    page = await watched(visit, await start())
    await page.evaluate("sockets.at(-1).onclose({ code: 1008 })")
    await expect(page.get_by_role("button", name="Send")).to_be_disabled()
    await page.get_by_role("button", name="Try again").click()
    await ask(page, "Hello")
    await ends(page)


async def test_a_page_that_offers_another_subprotocol_is_told_why_it_is_closed(start, visit):
    page = await visit(await start())
    closed = await page.evaluate(
        """() => new Promise((resolve) => {
          const socket = new WebSocket(`${location.origin.replace("http", "ws")}/ws/chat`, ["graphql-ws"]);
          socket.onclose = ({ code, reason }) => resolve([code, reason]);
        })"""
    )
    assert closed == [4501, "This service speaks the subprotocol dify-live, or none."]
