"""The page in Chromium behind nginx, HAProxy and Caddy, as templates/deploy configures them."""

import os
import signal

import pytest
from playwright.async_api import async_playwright, expect

from tests import fake_dify, proxies
from tests.fake_dify import KEY
from tests.page import browser as shared
from tests.page.browser import answer, ask, ends, holds
from tests.proxies import DOORS, FOLDER, behind  # noqa: F401 - a fixture

each_door = pytest.mark.parametrize("door", DOORS, ids=str)
# While nobody answers at the proxy's back.
NOISE = (*shared.EXPECTED_NOISE, "Error during WebSocket handshake: Unexpected response code: 50")


@pytest.fixture(scope="module")
async def browser():
    """One that takes any certificate at once: a page's own permission makes it break off and repeat each handshake."""
    if shared.CHROMIUM is None and not os.environ.get("REQUIRE_BROWSER"):
        pytest.skip("no Chromium on this machine")
    async with async_playwright() as playwright:
        options = [*shared.OPTIONS, "--ignore-certificate-errors"]
        browser = await playwright.chromium.launch(executable_path=shared.CHROMIUM, args=options)
        yield browser
        await browser.close()


@pytest.fixture(autouse=True)
def expects_noise(monkeypatch):
    monkeypatch.setattr(shared, "EXPECTED_NOISE", NOISE)


@each_door
async def test_a_person_reads_an_answer_while_dify_writes_it(with_dify, behind, dify, visit, door):  # noqa: F811
    dify.plays(fake_dify.until_stopped("First ", "and last"))
    asked_for = proxies.settings_of((FOLDER / door.file).read_text())
    met = await behind(door, await with_dify(**asked_for))
    page = await visit(met, "/chat/")
    assert await page.evaluate("location.pathname") == f"{door.prefix}/chat"
    await ask(page, "Hello")
    await expect(answer(page)).to_contain_text("First and last")
    assert dify.finished == 0
    dify.release()
    await ends(page)
    await holds(page, "performance.getEntriesByName(new URL('api/app', location).href).length > 0")
    await page.goto(f"{met.url}/docs/")
    await page.get_by_role("link", name="Chat", exact=True).click()
    await expect(answer(page)).to_contain_text("First and last")


@each_door
async def test_the_page_comes_back_by_itself_when_the_service_is_replaced(run, http, behind, dify, visit, door):  # noqa: F811
    dify.plays(fake_dify.say("One."), fake_dify.say("Two."))
    settings = {"DIFY_API_URL": dify.url, "DIFY_API_KEY": KEY, "FORWARDED_ALLOW_IPS": "127.0.0.1"}
    old = await (await run(**settings)).until_up(http)
    page = await visit(await behind(door, old))
    await ask(page, "Hello")
    await ends(page)
    assert (await old.end(signal.SIGTERM))[0] == 0
    await expect(page.locator("#state[data-state=open]")).to_be_hidden()
    await (await run(PORT=old.url.rpartition(":")[2], **settings)).until_up(http)
    await expect(page.locator("#state[data-state=open]")).to_be_visible(timeout=40_000)
    await ask(page, "And now?")
    await expect(answer(page)).to_contain_text("Two.")
