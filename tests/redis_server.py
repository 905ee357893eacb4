"""A real redis-server of the test's own, on a socket in the test's folder: no port, no luck."""

import asyncio
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest


class RedisServer:
    """May be stopped and started again; what it held is then gone."""

    def __init__(self, folder):
        self._folder = folder
        self._socket = folder / "redis.sock"
        self._process = None
        self.url = f"unix://{self._socket}"

    async def start(self):
        self._process = await asyncio.create_subprocess_exec(
            "redis-server", "--port", "0", "--unixsocket", str(self._socket), "--save", "", "--dir", str(self._folder),
            stdout=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        async with asyncio.timeout(10):
            while True:
                with suppress(OSError):
                    _, writer = await asyncio.open_unix_connection(self._socket)
                    writer.close()
                    await writer.wait_closed()
                    return
                await asyncio.sleep(0.01)

    async def stop(self):
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        self._process._transport.close()


@pytest.fixture
async def redis():
    if shutil.which("redis-server") is None:
        if os.environ.get("REQUIRE_REDIS"):
            pytest.fail("redis-server is not installed")
        pytest.skip("redis-server is not installed")
    with tempfile.TemporaryDirectory() as folder:  # tmp_path may be too long for a socket
        server = RedisServer(Path(folder))
        await server.start()
        yield server
        await server.stop()
