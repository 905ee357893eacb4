"""WPE WebKit, through its WebDriver. It cannot be told a size: its window is 800 by 600."""

import asyncio
import socket

import aiohttp

from tests.engines.tab import DEEP, PATIENCE_SECONDS, Tab, clicking, typing


class WebKit(Tab):
    """Its executables are the driver and a browser, which is cog. It keeps the console of a driven tab to itself."""

    has_console = False

    async def start(self):
        driver, cog = self._executables
        port = _free_port()
        process = await self.launch(driver, f"--port={port}", stderr=asyncio.subprocess.DEVNULL)
        connector = aiohttp.TCPConnector(force_close=True)
        http = aiohttp.ClientSession(f"http://127.0.0.1:{port}", connector=connector)
        self._http = await self._exits.enter_async_context(http)
        await self._until_listening(process)
        options = {"binary": cog, "args": ["--automation", "--platform=headless"]}
        session = await self._post("/session", capabilities={"alwaysMatch": {"wpe:browserOptions": options}})
        self._path = f"/session/{session['sessionId']}"
        self._exits.push_async_callback(self._http.delete, self._path)
        safari = (await self.run("navigator.userAgent.match(/Version\\/(\\S+)/)"))[1]
        self.browser = f"WPE WebKit {session['capabilities']['browserVersion']} (Safari {safari})"

    async def _until_listening(self, process):
        async with asyncio.timeout(PATIENCE_SECONDS):
            while process.returncode is None:
                try:
                    async with self._http.get("/status"):
                        return
                except aiohttp.ClientConnectorError:
                    await asyncio.sleep(0.05)
        raise AssertionError("WPEWebDriver ended")

    async def _post(self, path, **body):
        async with self._http.post(path, json=body) as response:
            value = (await response.json())["value"]
            if not response.ok:
                raise LookupError(value["message"])
            return value

    async def open(self, url):
        await self._post(f"{self._path}/url", url=url)

    async def evaluate(self, expression, *, is_framed):
        if not is_framed:
            return await self._execute(f"return {expression}")
        frame = await self._execute(f"{DEEP} return deep('iframe')")
        if not frame:
            raise LookupError("no frame")
        await self._post(f"{self._path}/frame", id=frame)
        try:
            return await self._execute(f"return {expression}")
        finally:
            await self._post(f"{self._path}/frame", id=None)

    async def _execute(self, script):
        return await self._post(f"{self._path}/execute/sync", script=script, args=[])

    async def click_at(self, x, y):
        await self._post(f"{self._path}/actions", actions=clicking(x, y))

    async def type(self, text):
        await self._post(f"{self._path}/actions", actions=typing(text))


def _free_port():
    """The driver wants to be told one; it tells none that it found itself."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
