"""What people are told when Dify fails and a mock stands in, and what only developers are shown."""

import re

import pytest
from playwright.async_api import expect

from tests import fake_dify
from tests.page.browser import answer, ask, ends, watched

SORRY = "Sorry, the assistant cannot be reached just now."
SORRY_IN_CHINESE = "抱歉，暂时无法连接到助手。"
LISTEN = """() => {
  window.heard = [];
  for (const name of ["turn:text", "turn:ended"]) {
    document.addEventListener(name, ({ detail }) => heard.push(`${name} ${detail.text}`));
  }
  const log = document.getElementById("log");
  const changes = { childList: true, subtree: true, characterData: true };
  new MutationObserver(() => heard.push(log.innerText)).observe(log, changes);
  const progress = document.getElementById("progress");
  new MutationObserver(() => heard.push(progress.textContent)).observe(progress, { childList: true });
}"""


async def test_made_up_words_are_neither_shown_nor_said_nor_copied_and_the_question_is_asked_again(
    with_dify, dify, visit
):
    dify.plays(fake_dify.raw(b"", 500), fake_dify.say("Better."))
    permissions = ["clipboard-read", "clipboard-write"]
    page = await visit(await with_dify(mock_tokens_per_second=5), permissions=permissions)
    await page.evaluate(LISTEN)
    await ask(page, "Lunch?")
    await expect(answer(page).locator(".text")).to_have_text(SORRY)
    await ends(page, "streaming")  # it is said at the first word already
    await page.reload()
    await expect(answer(page).locator(".text")).to_have_text(SORRY)
    await page.evaluate(LISTEN)
    await ends(page)
    heard = await page.evaluate("heard")
    assert f"turn:text {SORRY}" in heard
    assert f"turn:ended {SORRY}" in heard
    assert SORRY in heard  # by a screen reader
    assert not [words for words in heard if re.search("mock|made|asked", words, re.IGNORECASE)]
    await answer(page).get_by_role("button", name="Copy").click()
    await expect(answer(page).get_by_role("button", name="Copied")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == SORRY
    await expect(answer(page).locator(".note")).to_be_hidden()
    await page.get_by_text("For developers").click()
    await expect(answer(page).get_by_text("server_error: This is a mock answer.")).to_be_visible()
    await page.get_by_role("button", name="中文").click()
    await expect(answer(page).locator(".text")).to_have_text(SORRY_IN_CHINESE)
    await answer(page).get_by_role("button", name="再问一次").click()
    await expect(answer(page).locator(".text")).to_have_text("Better.")
    assert [question["query"] for question in dify.questions] == ["Lunch?", "Lunch?"]


@pytest.mark.parametrize(
    ("path", "settings", "is_shown"),
    [("/chat", {}, False), ("/chat?debug", {}, True), ("/chat", {"debug": True}, True)],
    ids=str,
)
async def test_times_and_tokens_are_for_developers(with_dify, visit, path, settings, is_shown):
    page = await visit(await with_dify(**settings), path)
    await ask(page, "Hello")
    await ends(page)
    detail = answer(page).locator(".detail")
    await expect(detail.locator("time")).to_be_visible()
    await expect(detail.get_by_text("First word after")).to_have_count(int(is_shown))
    await expect(detail.get_by_text("3 tokens")).to_have_count(int(is_shown))
    await expect(page.get_by_text("mock mode")).to_have_count(0)


async def test_the_service_s_own_words_for_a_failure_reach_nobody_who_chats(with_dify, dify, visit):
    """They are for developers, in English, and may name settings."""
    dify.plays(fake_dify.until_stopped("Half"))
    page = await watched(visit, await with_dify(), locale="zh-CN")
    await ask(page, "Hello")
    await expect(answer(page).locator(".text")).to_have_text("Half")
    words = "DIFY_API_KEY is wrong"
    for ids in ("{}", "{ id: document.querySelector('.answer').dataset.id }"):
        frame = f"{{ type: 'error', code: 12345, reason: 'new', content: '{words}', ...{ids} }}"
        await page.evaluate(f"sockets.at(-1).onmessage({{ data: JSON.stringify({frame}) }})")
    await ends(page, "failed")
    await expect(page.locator(".notice")).to_have_text("回答失败。")
    await expect(answer(page).locator(".note")).to_have_text("回答失败。")
    assert words not in await page.content()
