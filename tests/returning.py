"""A client that does not let go: it comes back after each lost connection, until it has its answer."""

import asyncio
import secrets

import aiohttp

from tests.clients import Client


class Returning:
    """Asks one question through whatever `url()` leads to. `cut_after()` says after how many frames to hang up."""

    def __init__(self, http, url, content, cut_after=lambda: None):
        self._http = http
        self._url = url
        self._content = content
        self._cut_after = cut_after
        self._token = None
        self.turn_id = secrets.token_hex(4)
        self.text = ""
        self.cuts = 0

    async def answer(self):
        """The terminal frame."""
        while True:
            try:
                async with self._http.ws_connect(self._url()) as socket:
                    if end := await self._listen(Client(socket), self._cut_after()):
                        return end
            except (aiohttp.ClientError, OSError, TypeError):  # aiohttp reads a close as text, of a wrong type
                await asyncio.sleep(0.05)

    async def _listen(self, client, frames_left):
        greeting = await client.frame()
        self._token = self._token or greeting["resume_token"]
        await self._ask(client)
        while frames_left is None or frames_left > 0:
            frame = await client.frame()
            if "retry_after" in frame and frame["type"] == "error":  # no end: it is to be asked for again
                await asyncio.sleep(frame["retry_after"] / 1000)
                return None
            if frame["type"] in ("chat", "error"):
                return frame
            if frame["type"] == "chat_delta":
                self._take(frame)
                frames_left = frames_left and frames_left - 1
        self.cuts += 1
        client.socket._response.connection.transport.abort()
        return None

    async def _ask(self, client):
        resume = {"type": "resume", "token": self._token}
        if self.text:
            await client.say({**resume, "id": self.turn_id, "offset": len(self.text)})
        else:  # whether the question arrived is not known: asked again under the same id, it is asked once
            await client.say(resume)
            await client.ask(self._content, id=self.turn_id, stream=True)

    def _take(self, delta):
        self.text = "" if delta.get("replace") else self.text
        assert delta["offset"] == len(self.text), delta
        self.text += delta["content"]
