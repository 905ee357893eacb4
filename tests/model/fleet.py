"""Processes of the service, each in its slot: killed or told to end, another takes its place."""

import asyncio
import os
import re
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from tests.conftest import ROOT
from tests.fake_dify import KEY

START_SECONDS = 30
DRAIN_SECONDS = 2
SETTINGS = {
    "HOST": "127.0.0.1",
    "PORT": "0",
    "DIFY_API_KEY": KEY,
    "DIFY_MAX_CONCURRENCY": "200",
    "ADDRESS_MAX_ANSWERS": "0",
    "USER_QUESTIONS_PER_MINUTE": "0",
    "DIFY_BREAKER_FAILURES": "100000",
    "DIFY_IDLE_TIMEOUT": "3",
    "DIFY_FIRST_EVENT_TIMEOUT": "5",
    "MOCK_TOKENS_PER_SECOND": "100",
    "DRAIN_TIMEOUT": str(DRAIN_SECONDS),
    "ORPHAN_GRACE": "30",
    "RESUME_WINDOW": "90",
}
_URL = re.compile(r"http://127\.0\.0\.1:\d+")


@dataclass(eq=False)
class Member:
    """`ended_at` is when it was killed or told to end, on the event loop's clock."""

    name: str
    process: asyncio.subprocess.Process
    log_file: Path
    url: str = ""
    ended_at: float | None = None
    was_killed: bool = False
    started_at: float = field(default_factory=time.monotonic)

    async def until_up(self, http):
        async with asyncio.timeout(START_SECONDS):
            while not (found := _URL.search(self.log_file.read_text())):
                assert self.process.returncode is None, self.log_file.read_text()
                await asyncio.sleep(0.03)
            self.url = found.group()
            while True:
                with suppress(aiohttp.ClientError, OSError):
                    await self.health(http)
                    return
                await asyncio.sleep(0.03)

    async def health(self, http):
        async with http.get(f"{self.url}/health") as response:
            return (await response.json())["data"]

    def figures(self):
        """Resident memory in KiB, and open file handles, as Linux counts them."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        handles = len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))
        return {"rss_kib": int(re.search(r"VmRSS:\s+(\d+)", status)[1]), "handles": handles}

    def faults(self):
        """Lines of its log that no fault of Redis or Dify explains."""
        lines = self.log_file.read_text().splitlines()
        return [line[:2000] for line in lines if "Traceback" in line and '"redis.' not in line and '"dify.' not in line]


class Fleet:
    def __init__(self, http, folder, size, settings):
        self.http = http
        self.members: list[Member] = []
        self.past: list[Member] = []
        self._folder = folder
        self._size = size
        self._settings = settings
        self._started = 0
        self._tasks = set()

    async def start(self):
        self.members = [await self._launch(slot) for slot in range(self._size)]
        await asyncio.gather(*(member.until_up(self.http) for member in self.members))

    async def kill(self, slot):
        await self._replace(slot, signal.SIGKILL)

    async def terminate(self, slot):
        await self._replace(slot, signal.SIGTERM)

    async def _replace(self, slot, sent):
        old = self.members[slot]
        old.ended_at, old.was_killed = asyncio.get_running_loop().time(), sent == signal.SIGKILL
        old.process.send_signal(sent)
        self.past.append(old)
        self.members[slot] = await self._launch(slot)
        await self.members[slot].until_up(self.http)

    async def close(self):
        for member in (*self.past, *self.members):
            if member.process.returncode is None:
                member.process.kill()
            await member.process.wait()
            member.process._transport.close()

    async def forget_past(self):
        """Of earlier runs, when all have ended."""
        for member in self.past:
            async with asyncio.timeout(DRAIN_SECONDS + 10):
                await member.process.wait()
            member.process._transport.close()
        self.past = []
        for slot, member in enumerate(self.members):
            member.name = str(slot)

    async def _launch(self, slot):
        name = f"{slot}" + "'" * sum(member.name.startswith(str(slot)) for member in self.past)
        self._started += 1
        log_file = self._folder / f"process{slot}-{self._started}.log"
        known = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LOG_DIR": str(self._folder / "logs")}
        with log_file.open("w") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "service", cwd=self._folder, env=known | SETTINGS | self._settings,
                stdout=output, stderr=output,
            )  # fmt: skip
        return Member(name, process, log_file)
