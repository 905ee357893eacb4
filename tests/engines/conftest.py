"""The browsers of this machine that the story is played on, and what it is played with."""

import os
import shutil
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from aiohttp import web

from tests import conftest
from tests.engines.chromium import Chromium
from tests.engines.firefox import Firefox
from tests.engines.recorder import Recorder
from tests.engines.webkit import WebKit
from tests.page.browser import CHROMIUM, PLAIN_APP

UNPACKED = Path(__file__).parent / "node_modules/.browsers"
FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
DRIVER, COG = shutil.which("WPEWebDriver"), shutil.which("cog")
RAN, SKIPPED = [], []
NOISE = 'The key "interactive-widget" is not recognized'  # Chromium before 108 does without


def old(version):
    path = UNPACKED / f"chromium-{version}"
    return Chromium(path) if path.exists() else None


TOO_OLD = "chromium-83"
ENGINES = {
    TOO_OLD: (old(83), "not unpacked: `make engines` does that"),
    "chromium-92": (old(92), "not unpacked: `make engines` does that"),
    "chromium-103": (old(103), "not unpacked: `make engines` does that"),
    "chromium-109": (old(109), "not unpacked: `make engines` does that"),
    "chromium": (CHROMIUM and Chromium(CHROMIUM), "no Chromium on this machine"),
    "firefox": (FIREFOX and Firefox(FIREFOX), "no Firefox on this machine"),
    "webkit": (DRIVER and COG and WebKit(DRIVER, COG), "no WPEWebDriver, or no cog, on this machine"),
}


@asynccontextmanager
async def started(name):
    """A tab of this browser."""
    tab, reason = ENGINES[name]
    if not tab:
        SKIPPED.append(f"{name}: {reason}")
        (pytest.fail if os.environ.get("REQUIRE_ENGINES") else pytest.skip)(reason)
    try:
        await tab.start()
        RAN.append(tab.browser)
        yield tab
    finally:
        await tab.close()


@pytest.fixture(scope="session", params=[name for name in ENGINES if name != TOO_OLD])
async def engine(request):
    async with started(request.param) as tab:
        yield tab


@pytest.fixture
async def old_tab():
    async with started(TOO_OLD) as tab:
        yield tab


def pytest_terminal_summary(terminalreporter):
    if RAN:
        terminalreporter.write_line(f"ran on {', '.join(RAN)}")
    for line in SKIPPED:
        terminalreporter.write_line(f"did not run on {line}")


@pytest.fixture
def tab(engine, dify, monkeypatch):
    """The tab, of which the console has to stay clean."""
    engine.complaints.clear()
    dify.parameters |= PLAIN_APP
    if not engine.has_console:
        monkeypatch.setattr(conftest, "create_app", partial(_recorded, conftest.create_app, engine.complaints))
    yield engine
    assert [words for words in engine.complaints if NOISE not in words] == []


def _recorded(create_app, complaints, settings):
    app = create_app(settings)
    app.add_middleware(Recorder, complaints=complaints)
    return app


@pytest.fixture
async def host(aiohttp_server):
    """Another site with a strict policy: /bubble has the bubble of a service, /narrow its page in a frame."""

    async def page(request):
        service, token = request.query["service"], request.query.get("token", "")
        policy = f"default-src 'none'; script-src {service}; frame-src {service}; img-src data:"
        body = {
            "bubble": f'<script src="{service}/static/js/embed.js" data-label="Ask us" data-lang="en" '
            f'data-token="{token}"></script>',
            "narrow": f'<iframe src="{service}/chat?lang=en" width="320" height="500"></iframe>',
        }[request.match_info["name"]]
        html = f'<!doctype html><html lang="en"><title>Shop</title><link rel="icon" href="data:,"><body>{body}</body>'
        return web.Response(text=html, content_type="text/html", headers={"Content-Security-Policy": policy})

    app = web.Application()
    app.router.add_get("/{name}", page)
    return str((await aiohttp_server(app)).make_url("/")).rstrip("/")
