"""A Dify that answers by the scripts, and keeps a record of who asked what, and of what was stopped."""

import asyncio
import json
from collections import Counter
from contextlib import suppress

from aiohttp import web

from tests.fake_dify import FakeDify, Stage
from tests.model.scripts import SCRIPTS, Pause, Ping, Replace, Script, Step, Text


class ScriptedDify:
    """A query ends with the kind of its script. `asked` counts tries; `began_at` is on the event loop's clock."""

    def __init__(self):
        self.asked = Counter()
        self.stopped = set()
        self.began_at = {}
        self._fake = FakeDify()
        self._fake.plays(self._play)
        self._runner = web.AppRunner(self._fake.app())

    async def start(self):
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"

    async def close(self):
        await self._fake.close()
        await self._runner.cleanup()

    @property
    def troubles(self):
        """What was sent that Dify would not take."""
        return self._fake.inspector.troubles

    async def _play(self, stage: Stage):
        question = await stage.request.json()
        query = question["query"]
        script = SCRIPTS[query.rpartition(" ")[2]]
        self.asked[query] += 1
        if self.asked[query] <= script.torn:
            stage.request.transport.abort()
        elif script.ending == "refused":
            await stage.open(500, "application/json")
            await stage.write(json.dumps({"code": "internal_server_error", "message": "no", "status": 500}).encode())
        else:
            self.began_at.setdefault(query, asyncio.get_running_loop().time())
            self._store(stage, question["user"], script)
            await stage.open()
            await self._write(stage, query, script)

    def _store(self, stage, user, script):
        """What was not written to its end is stored as failed, so that nobody waits for the rest of it."""

        store = self._fake.workflows.store
        if script.is_stored:
            asyncio.get_running_loop().call_later(script.seconds, store, stage.ids, user, script.text)
        else:
            store(stage.ids, user, "", status="error", error="the caller has gone")

    async def _write(self, stage, query, script: Script):
        stop = stage.dify.stop_of(stage.task_id)
        for event in script.events:
            if isinstance(event, Pause):
                if await _is_set_within(stop, event.seconds):
                    break
            else:
                await _write_event(stage, event)
        if stop.is_set():
            self.stopped.add(query)
            await stage.event("message", answer="words that were on their way when it was stopped")
            await stage.end()
        elif script.ending == "done":
            await stage.end()
        elif script.ending == "error":
            await stage.event("error", status=400, code="completion_request_error", message="no")
        elif script.ending == "reset":
            stage.request.transport.abort()
        elif await _is_set_within(stop, 15):
            self.stopped.add(query)


async def _write_event(stage, event):
    match event:
        case Text(content):
            await stage.event("message", answer=content)
        case Replace(content):
            await stage.event("message_replace", answer=content, reason="moderation")
        case Step(content):
            await stage.event("agent_thought", id=content, thought=content, tool="", observation="")
        case Ping():
            await stage.write(b"event: ping\n\n")


async def _is_set_within(event, seconds):
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
