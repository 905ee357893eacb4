"""The style sheet that settings make."""

import re

import pytest

from service.page_settings import CONTROLS
from service.settings import Settings
from service.web.page_style import ELSEWHERE, SELECTORS, page_style
from tests.conftest import ROOT


def test_without_settings_there_is_none():
    assert page_style(Settings()) == ""


def test_what_is_not_wanted_is_not_to_be_seen():
    style = page_style(Settings(page_controls=tuple(name for name in CONTROLS if name not in {"theme", "call"})))
    assert style == "#theme,.start-call{display:none!important}\n"


def test_the_accent_is_in_it():
    assert "--fill:#ffcc00;" in page_style(Settings(page_accent="#ffcc00"))


def test_every_control_has_its_place():
    assert set(SELECTORS) | ELSEWHERE == set(CONTROLS)
    assert not set(SELECTORS) & ELSEWHERE


@pytest.mark.parametrize("selector", SELECTORS.values())
def test_every_selector_is_of_something_on_the_page(selector):
    name = re.search(r"[#.=]([\w-]+)\]?( \+ \.icon)?$", selector)[1]
    sources = [*(ROOT / "static/js").rglob("*.js"), ROOT / "templates/chat.html"]
    assert any(re.search(rf"[\"' ]{name}[\"' ]", path.read_text()) for path in sources)


async def test_a_page_links_it_where_there_is_one(start, http):
    for service, is_there in ((await start(page_accent="#ffcc00"), True), (await start(), False)):
        async with http.get(f"{service.url}/chat") as response:
            assert ('href="page.css"' in await response.text()) is is_there
    service = await start(page_controls=("new",))
    async with http.get(f"{service.url}/page.css") as response:
        assert (response.content_type, response.headers["Cache-Control"]) == ("text/css", "no-cache")
        assert "#theme" in await response.text()
