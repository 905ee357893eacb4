"""The service as an operator runs it: a process of its own."""

import asyncio
import json
import re

from tests.told import told

PATIENCE_SECONDS = 50  # a busy machine takes its time to start a process


class Process:
    """A service started the way the README says, with its console read line by line."""

    def __init__(self, process):
        self.process = process
        self.lines = []
        self.url = None

    async def until_up(self, http):
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not self.url:
                await self._read_line()
                if found := re.search(r"http://(localhost|[\d.]+):\d+", self.lines[-1]):
                    self.url = found.group()
            while True:
                try:
                    async with http.get(f"{self.url}/health"):
                        return self
                except OSError:
                    await asyncio.sleep(0.02)

    async def until_said(self, event):
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._read_line()
            while f'"{event}"' not in self.lines[-1]:
                await self._read_line()

    async def _read_line(self):
        line = await self.process.stdout.readline()
        assert line, f"ended: {self.lines}"
        self.lines.append(line.decode())
        told.logged.append(line.decode())

    async def end(self, sent=None):
        """Exit code and all that was said, after a signal if one is given."""
        if sent:
            self.process.send_signal(sent)
        out, err = await asyncio.wait_for(self.process.communicate(), PATIENCE_SECONDS)
        self.lines += out.decode().splitlines(keepends=True)
        told.logged += out.decode().splitlines(), err.decode()
        return self.process.returncode, err.decode()

    def events(self):
        return [json.loads(line) for line in self.lines]
