"""Firefox, through WebDriver BiDi, which it speaks itself."""

import asyncio
import itertools
import re
import tempfile

import aiohttp

from tests.engines.tab import PATIENCE_SECONDS, Tab, clicking, typing


class Firefox(Tab):
    async def start(self):
        profile = self._exits.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        options = ["--headless", "--remote-debugging-port=0", "--profile", profile, "about:blank"]
        process = await self.launch(self._executables[0], *options, stderr=asyncio.subprocess.PIPE)
        http = await self._exits.enter_async_context(aiohttp.ClientSession())
        self._socket = await http.ws_connect(f"{await _address(process)}/session")
        self._ids = itertools.count()
        capabilities = (await self._call("session.new", capabilities={}))["capabilities"]
        self.browser = f"Firefox {capabilities['browserVersion']}"
        self._context = (await self._tree())["context"]
        await self._call("session.subscribe", events=["log.entryAdded"])
        await self._call("browsingContext.setViewport", context=self._context, viewport={"width": 800, "height": 600})

    async def _tree(self):
        return (await self._call("browsingContext.getTree"))["contexts"][0]

    async def _call(self, method, **params):
        number = next(self._ids)
        await self._socket.send_json({"id": number, "method": method, "params": params})
        while (message := await self._socket.receive_json()).get("id") != number:
            self._heard(**message["params"])
        assert message["type"] == "success", message
        return message["result"]

    def _heard(self, level, text, **_):
        if level in {"error", "warn"}:
            self.complaints.append(text)

    async def open(self, url):
        await self._call("browsingContext.navigate", context=self._context, url=url, wait="complete")

    async def evaluate(self, expression, *, is_framed):
        context = (await self._tree())["children"][0]["context"] if is_framed else self._context
        where = {"target": {"context": context}, "awaitPromise": False}
        reply = await self._call("script.evaluate", expression=expression, **where)
        if reply["type"] != "success":
            raise LookupError(reply["exceptionDetails"]["text"])
        return reply["result"]["value"]

    async def click_at(self, x, y):
        await self._call("input.performActions", context=self._context, actions=clicking(x, y))

    async def type(self, text):
        await self._call("input.performActions", context=self._context, actions=typing(text))


async def _address(process):
    async with asyncio.timeout(PATIENCE_SECONDS):
        while line := await process.stderr.readline():
            if found := re.search(r"WebDriver BiDi listening on (ws://\S+)", line.decode()):
                return found[1]
    raise AssertionError("Firefox ended")
