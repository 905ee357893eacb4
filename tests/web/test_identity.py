"""The app's own name and icon, and what an operator puts in their place."""

import asyncio
import json

import pytest

from tests.conftest import eventually
from tests.fake_app_api import parameters

SITE = {"title": "Ward 7 helper", "icon_type": "emoji", "icon": "🩺", "icon_background": "#E4FBCC", "icon_url": None}
PICTURE = {"title": "Ward 7 helper", "icon_type": "image", "icon": "f1", "icon_url": "/files/f1/file-preview?sign=x"}
PNG = b"\x89PNG..."


async def get(http, url):
    async with http.get(url) as response:
        return response, await response.text(errors="replace")


async def app_of(call, service):
    return (await call(service, "GET", "/api/app"))[1]["data"]


@pytest.fixture
async def settled(with_dify, call):
    """A service that knows its app."""

    async def start(**settings):
        service = await with_dify(**settings)
        await app_of(call, service)
        return service

    return start


async def test_the_app_s_name_at_dify_is_the_page_s(settled, dify, http):
    dify.site = SITE
    service = await settled()
    _, page = await get(http, f"{service.url}/chat")
    assert "<title>Ward 7 helper</title>" in page
    assert "<h1>Ward 7 helper</h1>" in page
    assert "Dify Live" not in page
    _, manifest = await get(http, f"{service.url}/manifest.webmanifest")
    assert "Ward 7 helper" in manifest
    assert "Dify Live" not in manifest


async def test_the_operator_s_name_wins(settled, dify, http, call):
    dify.site = SITE
    service = await settled(app_name="Bedside 4")
    assert (await app_of(call, service))["name"] == "Bedside 4"
    assert "<h1>Bedside 4</h1>" in (await get(http, f"{service.url}/chat"))[1]


async def test_an_app_without_a_web_page_has_its_own_name_and_our_icon(settled, http, call):
    service = await settled()
    app = await app_of(call, service)
    assert (app["name"], app["icon"]) == ("Ward 7", None)
    response, svg = await get(http, f"{service.url}/icon")
    assert (response.url.path, "<svg" in svg) == ("/static/icon.svg", True)


async def test_in_mock_mode_the_name_is_a_neutral_one_in_the_reader_s_language(start, http):
    _, page = await get(http, f"{(await start()).url}/chat")
    assert '<h1 data-say-text="assistant"></h1>' in page
    assert "Dify Live" not in page


@pytest.mark.parametrize("name", ["Assistant", "Bedside 4"])
async def test_in_mock_mode_the_service_and_its_manifest_have_one_name(start, http, call, name):
    service = await start(app_name="" if name == "Assistant" else name)
    _, manifest = await get(http, f"{service.url}/manifest.webmanifest")
    assert json.loads(manifest)["name"] == (await call(service, "GET", "/"))[1]["data"]["name"] == name


async def test_a_page_does_not_wait_for_a_dify_that_hangs(with_dify, dify, http, monkeypatch):
    monkeypatch.setattr("service.web.identity.PATIENCE_SECONDS", 0.1)
    dify.info = lambda stage: stage.dify.released.wait()
    service = await with_dify()
    async with asyncio.timeout(3):
        _, page = await get(http, f"{service.url}/chat")
    assert 'data-say-text="assistant"' in page


async def test_a_site_that_hangs_keeps_nobody_from_the_app(with_dify, dify, call, monkeypatch):
    monkeypatch.setattr("service.answers.dify.app_api.SITE_SECONDS", 0.1)
    dify.site_reply = dify.released.wait
    assert (await app_of(call, await with_dify()))["name"] == "Ward 7"


async def test_no_question_waits_for_a_site_that_hangs(with_dify, dify, connect):
    dify.site_reply = dify.released.wait
    client = await connect(await with_dify())
    async with asyncio.timeout(2):  # sooner than anybody gives up the site
        assert (await client.answer("Hello"))["status"] == "done"


async def test_the_site_is_asked_for_once_though_many_ask_while_all_else_is_slow(with_dify, dify, connect):
    asked = []

    async def noted():
        asked.append(1)

    dify.site_reply, dify.parameters_reply = noted, dify.released.wait
    client = await connect(await with_dify())
    for number in range(3):
        await client.ask("Hello", id=f"q{number}")
    await eventually(lambda: asked)
    await asyncio.sleep(0.05)
    dify.released.set()
    for _ in range(3):
        assert (await client.frame())["status"] == "done"
    assert len(asked) == 1


async def test_a_name_that_was_shown_stays_while_its_page_s_settings_fail(with_dify, dify, call, monkeypatch):
    monkeypatch.setattr("service.answers.dify.app_api.FRESH_SECONDS", 0)
    dify.site = SITE
    service = await with_dify()
    assert (await app_of(call, service))["name"] == "Ward 7 helper"
    dify.site = None
    dify.parameters = parameters() | {"opening_statement": "Newer."}
    async with asyncio.timeout(5):
        while (app := await app_of(call, service))["opening_statement"] != "Newer.":
            pass
    assert app["name"] == "Ward 7 helper"


@pytest.mark.parametrize(
    ("icon", "background", "drawn", "fill"),
    [
        ("🩺", "#E4FBCC", "🩺", "#E4FBCC"),
        ("robot_face", "#fff", "🤖", "#fff"),
        ("female-student", None, "W", "#ffead5"),
        ("<x>&", '"/><script>', "W", "#ffead5"),
        ("</text><a>é", "#000000", "&lt;/text&gt;&lt;a", "#000000"),
    ],
)
async def test_an_emoji_is_drawn_on_its_colour(settled, dify, http, icon, background, drawn, fill):
    dify.site = SITE | {"icon": icon, "icon_background": background}
    response, svg = await get(http, f"{(await settled()).url}/icon")
    assert (response.content_type, response.headers["Content-Security-Policy"]) == ("image/svg+xml", "sandbox")
    assert f'fill="{fill}"/>' in svg
    assert f">{drawn}" in svg
    assert "<script" not in svg


async def test_a_picture_of_dify_s_is_fetched_here(settled, dify, http, call):
    dify.site = PICTURE
    dify.files["/files/f1/file-preview"] = ("image/png", PNG)
    service = await settled()
    async with http.get(f"{service.url}/icon") as response:
        assert (response.content_type, await response.read()) == ("image/png", PNG)
    assert (await app_of(call, service))["icon"]["url"].startswith("/api/app-files/f1/file-preview?")


async def test_a_picture_of_another_host_is_not_shown(settled, dify, call):
    dify.site = PICTURE | {"icon_url": "https://elsewhere.example/icon.png"}
    assert (await app_of(call, await settled()))["icon"] is None


@pytest.mark.parametrize(
    ("settings", "first", "chinese"),
    [
        ({}, "Hi, I am a test app.", ""),
        ({"page_greeting": "Hello **you**.", "page_greeting_zh": "您好。"}, "Hello **you**.", "您好。"),
        ({"page_greeting": "Hello."}, "Hello.", ""),
        ({"page_greeting_zh": "您好。"}, "您好。", "您好。"),
    ],
)
async def test_the_operator_s_greeting_wins(settled, dify, call, settings, first, chinese):
    dify.parameters = parameters() | {"opening_statement": "Hi, I am a test app."}
    app = await app_of(call, await settled(**settings))
    assert (app["opening_statement"], app["opening_statement_zh"]) == (first, chinese)


async def test_nothing_is_asked_for_what_nobody_is_to_see(start, call):
    app = await app_of(call, await start(page_controls=("new",)))
    assert (app["suggested_questions"], app["suggested_questions_after_answer"], app["upload"]) == ([], False, None)


async def test_the_notice_stands_in_both_languages(start, http):
    service = await start(page_notice="No <medical> advice.", page_notice_zh="不提供医疗建议。")
    _, page = await get(http, f"{service.url}/chat")
    assert '<span lang="en">No &lt;medical&gt; advice.</span>' in page
    assert '<span lang="zh-CN">不提供医疗建议。</span>' in page
