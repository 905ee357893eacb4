"""What /docs shows of token routes runs as it stands there, and the service takes what they sign."""

import asyncio
import html
import os
import re
import sys
import time
from contextlib import asynccontextmanager

import aiohttp
import jwt
import pytest

from tests.page.browser import NODE

SECRET = "a secret that the site and the service share"
LOGIN = {"Cookie": "session=8f1c"}


async def example(http, service, name):
    """The text of an example in /docs."""
    async with http.get(f"{service.url}/docs") as reply:
        return html.unescape(re.search(rf'<pre id="{name}"[^>]*><code>(.*?)</code>', await reply.text(), re.DOTALL)[1])


@asynccontextmanager
async def running(program, script):
    """A process with the example; yields its URL."""
    env = {"PATH": os.environ["PATH"], "AUTH_JWT_SECRET": SECRET, "PORT": "0"}
    process = await asyncio.create_subprocess_exec(program, script, env=env, stdout=-1, stderr=-1)
    try:
        words = (await process.stdout.readline()).decode()
        assert words.startswith("Listening on port "), words
        yield f"http://127.0.0.1:{words.split()[-1]}/chat-token"
    finally:
        process.kill()
        await process.communicate()
        process._transport.close()


@pytest.mark.parametrize(("name", "program", "suffix"), [("python", sys.executable, "py"), ("node", NODE, "mjs")])
async def test_a_token_route_signs_for_who_is_logged_in_and_for_nobody_else(
    start, http, connect, tmp_path, name, program, suffix
):
    if program is None and not os.environ.get("REQUIRE_BROWSER"):
        pytest.skip("no Node.js on this machine")
    service = await start(auth_jwt_secret=SECRET)
    script = tmp_path / f"route.{suffix}"
    script.write_text(await example(http, service, f"token-route-{name}"))
    async with running(program, script) as url, aiohttp.ClientSession() as site:
        async with site.get(url) as reply:
            assert reply.status == 401
        async with site.get(url, headers=LOGIN) as reply:
            assert (reply.status, reply.headers["Cache-Control"]) == (200, "no-store")
            token = await reply.text()
    claims = jwt.decode(token, SECRET, ["HS256"], options={"require": ["exp", "sub"]})
    assert claims["sub"] == "mia"
    assert 500 < claims["exp"] - time.time() <= 600
    client = await connect(service, headers={"Authorization": f"Bearer {token}"})
    assert client.greeting["resume_token"]
