"""Try it, on the page of the reference: a connection by hand."""

import asyncio
import json
from pathlib import Path

from playwright.async_api import expect

from tests.page.browser import accessible


def lines(page, way):
    return page.locator(f"#try-log div[data-way={way}] code")


def text_of(path):
    return Path(path).read_text(encoding="utf-8")


async def click(page, name):
    await page.get_by_role("button", name=name, exact=True).click()


async def test_who_tries_asks_loses_the_connection_goes_on_and_keeps_a_script(with_dify, dify, visit):
    more = asyncio.Event()

    async def in_two_parts(stage):
        await stage.open()
        await stage.event("message", answer="One ")
        await more.wait()
        await stage.event("message", answer="two")
        await stage.end()

    dify.plays(in_two_parts)
    service = await with_dify()
    page = await visit(service, "/docs")
    await expect(page.get_by_role("button", name="Send", exact=True)).to_be_disabled()
    await click(page, "Connect")
    await expect(lines(page, "in").first).to_contain_text("Connected to chat server")
    await page.get_by_label("JSON, to be edited").press("Control+Enter")
    await expect(lines(page, "in").filter(has_text="One ")).to_have_count(1)
    await click(page, "Lose the connection")
    await expect(page.locator("#try-state")).to_contain_text("Closed: 4000")
    await click(page, "Come back and resume")
    await expect(lines(page, "out").last).to_contain_text('"offset":4')
    more.set()
    await expect(lines(page, "in").filter(has_text='"status":"done"')).to_contain_text("One two")
    async with page.expect_download() as downloading:
        await click(page, "Save as a script")
    script = text_of(await (await downloading.value).path())
    assert ('"type":"chat"' in script, f"ws://127.0.0.1:{service.port}/ws/chat" in script) == (True, True)
    assert len(dify.questions) == 1


async def test_each_example_can_be_sent_and_what_is_no_json_is_told(start, visit):
    page = await visit(await start(), "/docs")
    await click(page, "Connect")
    await expect(lines(page, "in")).to_have_count(1)
    field, example = page.get_by_label("JSON, to be edited"), page.get_by_label("Example")
    names = await example.locator("option").all_text_contents()
    assert {"chat", "ping", "stop", "resume", "form", "auth"} <= set(names)
    for name in names:
        await example.select_option(name)
        assert json.loads(await field.input_value())["type"] == name
        await click(page, "Send")
    await expect(lines(page, "out")).to_have_count(len(names))
    await expect(lines(page, "in").filter(has_text="pong")).to_have_count(1)
    await field.fill("{")
    await click(page, "Send")
    await expect(page.locator("#try-state")).to_have_text("This is not JSON: nothing was sent.")
    await accessible(page)


async def test_in_mock_mode_it_answers_too(start, visit):
    page = await visit(await start(), "/docs")
    await click(page, "Connect")
    await click(page, "Send")
    await expect(lines(page, "in").filter(has_text='"status":"done"')).to_have_count(1)
