"""A real Redis behind one address, and what may happen to it."""

import asyncio
import os
import re
import shutil
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

CLOCK_SOURCE = Path(__file__).with_name("stepped_clock.c")
START_SECONDS = 10


@dataclass
class Fault:
    """On the event loop's clock. `until` is None while it lasts. It may lose what was written, or forget all of it."""

    name: str
    since: float
    until: float | None = None

    def overlaps(self, start, end):
        return self.since <= end and (self.until is None or self.until >= start)


class Backend:
    """A redis-server on a port of its own; with a clock that can be set, where that could be compiled."""

    def __init__(self, folder, clock_library):
        self.folder = folder
        self._clock_library = clock_library
        self._clock = folder / "clock"
        self.port = _free_port()
        self.redis = Redis(host="127.0.0.1", port=self.port)

    async def start(self):
        self.folder.mkdir(exist_ok=True)
        options = {"--port": self.port, "--bind": "127.0.0.1", "--save": "", "--repl-diskless-sync-delay": 0}
        arguments = [str(word) for option in options.items() for word in option]
        self.process = await asyncio.create_subprocess_exec(
            "redis-server", *arguments, "--dir", str(self.folder),
            stdout=asyncio.subprocess.DEVNULL, env=os.environ | self._clock_settings(),
        )  # fmt: skip
        async with asyncio.timeout(START_SECONDS):
            while True:
                with suppress(RedisError, OSError):
                    await self.redis.ping()
                    return
                await asyncio.sleep(0.01)

    def _clock_settings(self):
        self.set_clock(0)
        if self._clock_library is None:
            return {}
        return {"LD_PRELOAD": str(self._clock_library), "CLOCK_OFFSET_FILE": str(self._clock)}

    def set_clock(self, seconds):
        """So much before or behind the right time."""
        self._clock.touch()
        with self._clock.open("r+b") as file:  # it is mapped: it must not be cut short
            file.write(seconds.to_bytes(8, sys.byteorder, signed=True))

    async def kill(self):
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        self.process._transport.close()

    async def close(self):
        await self.redis.aclose()
        await self.kill()


class Forwarder:
    """One address in front of whichever Redis it is."""

    def __init__(self, port):
        self.port = port
        self._links = set()

    async def start(self):
        self._server = await asyncio.start_server(self._forward, "127.0.0.1", 0)
        self.address = self._server.sockets[0].getsockname()[1]

    def cut(self):
        for writer in self._links:
            writer.transport.abort()

    async def close(self):
        self._server.close()
        self.cut()
        while self._links:
            await asyncio.sleep(0.01)

    async def _forward(self, reader, writer):
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            writer.transport.abort()
            return
        mine = {writer, back}
        self._links |= mine
        try:
            await asyncio.gather(_copy(reader, back), _copy(there, writer))
        finally:
            for each in mine:
                each.transport.abort()
            self._links -= mine


async def _copy(reader, writer):
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()


class FaultyRedis:
    """Each method that `play` calls is a fault that has passed when it returns; `faults` remembers it."""

    def __init__(self, folder):
        self._folder = folder
        self.faults: list[Fault] = []
        self.url = ""

    async def start(self):
        self._backends = 0
        self._clock_library = await _compiled_clock(self._folder)
        self._current = await self._launch()
        self._forwarder = Forwarder(self._current.port)
        await self._forwarder.start()
        self.url = f"redis://127.0.0.1:{self._forwarder.address}"

    async def close(self):
        await self._forwarder.close()
        await self._current.close()

    async def play(self, name, number, log):
        """`number` are seconds, where a fault takes any."""
        now = asyncio.get_running_loop().time
        fault = Fault(name, now())
        self.faults.append(fault)
        try:
            told = await getattr(self, f"_{name}")(number)
        finally:
            fault.until = now()
        log(f"redis: {name} has passed{f': {told}' if told else ''}")

    async def figures(self):
        memory = (await self._current.redis.info("memory"))["used_memory"]
        return {"redis_keys": await self._current.redis.dbsize(), "redis_kib": memory // 1024}

    async def _launch(self):
        self._backends += 1
        backend = Backend(self._folder / f"redis{self._backends}", self._clock_library)
        await backend.start()
        return backend

    async def _restart(self, seconds):
        """Killed, away for so long, and back, empty."""
        await self._current.kill()
        await asyncio.sleep(seconds)
        await self._current.start()

    async def _pause(self, seconds):
        self._current.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        self._current.process.send_signal(signal.SIGCONT)

    async def _flush(self, seconds):
        await self._current.redis.flushall()

    async def _cut(self, seconds):
        await self._current.redis.client_kill_filter(_type="normal", skipme=True)

    async def _delete(self, number):
        """A key of one kind: of the first (0) to the last (1) in alphabetical order."""
        kinds = {}
        for key in sorted(await self._current.redis.keys()):
            kinds.setdefault(re.split(rb"[0-9a-f]{8,}", key)[0], key)
        if kinds:
            key = list(kinds.values())[round(number * (len(kinds) - 1))]
            await self._current.redis.delete(key)
            return key.decode()
        return "there was none"

    async def _clock(self, seconds):
        """Set forward, or back; nothing without a C compiler."""
        self._current.set_clock(int(seconds))

    async def _failover(self, seconds):
        """A replica takes over. The old one becomes a replica first, which refuses to write, and then unreachable."""
        old, new = self._current, await self._launch()
        await new.redis.replicaof("127.0.0.1", str(old.port))
        async with asyncio.timeout(START_SECONDS):
            while (await new.redis.info("replication"))["master_link_status"] != "up":
                await asyncio.sleep(0.02)
        await new.redis.replicaof("NO", "ONE")
        await old.redis.replicaof("127.0.0.1", str(new.port))
        await asyncio.sleep(seconds)
        self._forwarder.port, self._current = new.port, new
        self._forwarder.cut()
        await old.close()


async def _compiled_clock(folder):
    """None without a C compiler."""
    if shutil.which("cc") is None:
        return None
    library = folder / "stepped_clock.so"
    compiler = await asyncio.create_subprocess_exec("cc", "-shared", "-fPIC", "-o", str(library), str(CLOCK_SOURCE))
    assert await compiler.wait() == 0
    compiler._transport.close()
    return library


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
