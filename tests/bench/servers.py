"""The processes under measurement: each server pinned to one core, all else to the others."""

import asyncio
import os
import socket
import sys
import tempfile
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from redis.asyncio import Redis

ROOT = Path(__file__).parents[2]
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORES = set(CORES[:1])
OTHER_CORES = set(CORES[1:] or CORES)
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
SETTINGS = {
    "LOG_LEVEL": "INFO",
    "DIFY_API_KEY": "app-bench",
    "DIFY_MAX_CONCURRENCY": "20000",
    "MAX_CONNECTIONS": "20000",
    "MOCK_MODE": "False",
    "USER_QUESTIONS_PER_MINUTE": "0",
}
NAIVE = ("-m", "uvicorn", "tests.bench.naive:app", "--log-level", "warning", "--no-access-log")
SERVICE = ("-m", "service")
PROBED = ("-m", "tests.bench.probed")
BARE = ("-m", "tests.bench.bare")
NO_DEFLATE = ("--ws-per-message-deflate", "false")


class Server:
    """A running server: its port, and what it takes."""

    def __init__(self, pid, port):
        self.pid = pid
        self.port = port

    @property
    def resident_kib(self):
        status = Path(f"/proc/{self.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))

    @property
    def cpu_seconds(self):
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


@asynccontextmanager
async def stub(tokens, gap=0):
    """The URL of a stand-in for Dify."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.stub", "--tokens", str(tokens), "--gap", str(gap)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    os.sched_setaffinity(process.pid, OTHER_CORES)
    try:
        yield f"http://127.0.0.1:{int(await process.stdout.readline())}/v1"
    finally:
        await end(process)


@asynccontextmanager
async def naive(url, *options):
    port = free_port()
    options = options or NO_DEFLATE
    async with _running((*NAIVE, "--port", str(port), *options), port, {"DIFY_API_URL": url}) as server:
        yield server


@asynccontextmanager
async def service(url, command=SERVICE, **settings):
    port = free_port()
    with tempfile.TemporaryDirectory() as logs:
        environment = SETTINGS | {"HOST": "127.0.0.1", "PORT": str(port), "DIFY_API_URL": url, "LOG_DIR": logs}
        async with _running(command, port, environment | settings) as server:
            yield server


class RedisFigures(NamedTuple):
    """`reads` are how often it read from a connection: about one for each round trip."""

    bytes: int
    reads: int


class Store:
    """A Redis of its own."""

    def __init__(self, socket):
        self.url = f"unix://{socket}"

    async def figures(self):
        async with Redis.from_url(self.url) as redis:
            info = await redis.info("everything")
        return RedisFigures(info["used_memory"], info["total_reads_processed"])


@asynccontextmanager
async def redis():
    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder) / "redis.sock"
        process = await asyncio.create_subprocess_exec(
            *("redis-server", "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", folder),
            stdout=asyncio.subprocess.DEVNULL,
        )
        os.sched_setaffinity(process.pid, OTHER_CORES)
        try:
            while not socket.exists():
                await asyncio.sleep(0.01)
            yield Store(socket)
        finally:
            await end(process)


@asynccontextmanager
async def _running(command, port, environment):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *command),
        cwd=ROOT,
        env=os.environ | environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    os.sched_setaffinity(process.pid, SERVER_CORES)
    try:
        await _until_open(process, port)
        yield Server(process.pid, port)
    finally:
        await end(process)


async def _until_open(process, port):
    while process.returncode is None:
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.01)
    raise RuntimeError(f"a server ended with exit code {process.returncode}")


@asynccontextmanager
async def crowd(port, count):
    """So many idle clients, in a process of their own; what it yields lets them ping, all at once."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.clients", str(port), str(count)),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert await process.stdout.readline() == b"here\n"

    async def ping():
        process.stdin.write(b"\n")

    try:
        yield ping
    finally:
        await end(process)


async def attack(name, port, seconds):
    """By a process of its own; returns when it is over."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.attacks", name, str(port), str(seconds)),
        cwd=ROOT,
        stderr=asyncio.subprocess.DEVNULL,  # asyncio tells of each connection that was reset
    )
    os.sched_setaffinity(process.pid, OTHER_CORES)
    try:
        assert await process.wait() == 0, f"the attack failed: {name}"
    finally:
        await end(process)


async def end(process):
    """Killed: its goodbye is not what is measured."""
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
