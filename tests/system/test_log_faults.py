"""Whatever becomes of console and files, answers stream as ever, the rest of the log goes on, and the end comes."""

import asyncio
import json
import os
import shutil
import signal
import sys
import time
from itertools import chain

import pytest

from tests.conftest import PATIENCE_SECONDS, ROOT, eventually
from tests.processes import PATIENCE_SECONDS as START_SECONDS

ANSWERS, AT_ONCE = 100, 20
LONG_ENOUGH_SECONDS = 40
END_SECONDS = 8
"""On a busy machine, uvicorn's own end among it; one that blocks would never come."""
ALL = "all of them"
RARER = [
    "console closed", "console gone", "console of ASCII", "info.log full", "info.log unread", "error.log full",
    "error.log unread", "files too large", "files broken", "locks broken", "folder removed", "folder replaced",
    "folder read-only",
]  # fmt: skip
TOLD = dict.fromkeys(("info.log full", "files too large", "files broken", "folder replaced"), b'"logs.failed"')
TOLD["folder read-only"] = b'"logs.files_missing"'
"""On the console."""
FILES = ["info.log", "error.log"]
SHELL = {
    "console closed": 'exec "$0" -m service >&-',
    "files too large": 'ulimit -f 8; exec "$0" -m service',  # kibibytes, or half of them
    "folder read-only": 'exec setpriv --bounding-set -all --inh-caps -all --no-new-privs "$0" -m service',
}
BROKEN = {
    "files broken": """
import errno, os
write = os.write
def broken(descriptor, data):
    if os.readlink(f"/proc/self/fd/{descriptor}").endswith(".log"):
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    return write(descriptor, data)
os.write = broken
""",
    "locks broken": """
import errno, fcntl, os
def broken(*_):
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
fcntl.flock = fcntl.lockf = broken
""",
}
"""What is wrong with a machine from the start of Python on."""


def fill(writer):
    """A pipe, until it takes no more."""
    os.set_blocking(writer, False)
    while True:
        try:
            os.write(writer, b"x" * 4096)
        except BlockingIOError:
            os.set_blocking(writer, True)
            return


def spoil(path, fault):
    """Returns handles to be closed afterwards."""
    if fault in (f"{path.name} full", ALL):
        path.symlink_to("/dev/full")
    if fault != f"{path.name} unread":
        return []
    os.mkfifo(path)
    handles = [os.open(path, os.O_RDONLY | os.O_NONBLOCK), os.open(path, os.O_WRONLY | os.O_NONBLOCK)]
    fill(handles[1])
    return handles


def spoil_machine(tmp_path, folder, fault):
    """Returns what the environment says of it."""
    if fault == "locks broken":
        (folder / "info.log").write_text("{}\n" * 3_333_330)  # which is to be rotated at once
    if fault == "folder read-only":
        folder.chmod(0o500)
    if fault in BROKEN:
        (tmp_path / "sitecustomize.py").write_text(BROKEN[fault])
        return {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
    return {"PYTHONIOENCODING": "ascii", "DEBUG": "True"} if fault == "console of ASCII" else {}


@pytest.fixture
async def start_with(tmp_path, unused_tcp_port, http):
    """Start the service with a fault in one of the places where its log goes."""
    (folder := tmp_path / "logs").mkdir()
    console, writer = os.pipe()
    handles, running = [console], []
    environment = {
        "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOST": "127.0.0.1", "PORT": str(unused_tcp_port),
        "LOG_DIR": str(folder), "MOCK_MODE": "True", "MOCK_TOKENS_PER_SECOND": "2000", "USER_QUESTIONS_PER_MINUTE": "0",
    }  # fmt: skip

    async def start_with(fault):
        for name in FILES:
            handles.extend(spoil(folder / name, fault))
        if fault in ("console unread", ALL):
            fill(writer)
        environment.update(spoil_machine(tmp_path, folder, fault))
        command = SHELL.get(fault, 'exec "$0" -m service')
        process = await asyncio.create_subprocess_exec(
            "sh", "-c", command, sys.executable, cwd=tmp_path, env=environment, stdout=writer
        )
        os.close(writer)
        running.append(process)
        if fault == "console gone":
            os.close(handles.pop(0))
        process.console = console
        process.url = f"http://127.0.0.1:{unused_tcp_port}"
        async with asyncio.timeout(START_SECONDS):
            while not await is_up(http, process):
                await asyncio.sleep(0.05)
        return process

    yield start_with
    for process in running:
        if process.returncode is None:
            process.kill()
            await process.wait()
        process._transport.close()
    for handle in handles:
        os.close(handle)


async def is_up(http, process):
    try:
        async with http.get(f"{process.url}/health"):
            return True
    except OSError:
        return False


async def answers(connect, service, question="Hello"):
    """The status of each answer."""

    async def ask_some():
        client = await connect(service)
        return [(await client.answer(question, stream=True))["status"] for _ in range(ANSWERS // AT_ONCE)]

    async with asyncio.timeout(LONG_ENOUGH_SECONDS):
        return list(chain(*await asyncio.gather(*(ask_some() for _ in range(AT_ONCE)))))


def spoil_folder(folder, fault):
    """While the service runs."""
    if fault.startswith("folder re") and fault != "folder read-only":
        shutil.rmtree(folder)
    if fault == "folder replaced":
        folder.touch()


def finished(path):
    return sum(json.loads(line).get("event") == "turn.finished" for line in path.read_text().splitlines())


@pytest.mark.parametrize(
    "fault", ["console unread", ALL, *(pytest.param(fault, marks=pytest.mark.slow) for fault in RARER)]
)
async def test_a_hundred_answers_stream_whatever_fails_and_all_else_is_logged(start_with, connect, tmp_path, fault):
    process = await start_with(fault)
    spoil_folder(tmp_path / "logs", fault)
    assert await answers(connect, process, "Grüß Gott, 病房 \ufffe") == ["done"] * ANSWERS
    info = tmp_path / "logs/info.log"
    if fault in TOLD:
        assert TOLD[fault] in os.read(process.console, 65536)
    elif fault == "folder removed":
        await eventually(info.exists)
    elif info.is_file() and not info.is_symlink():
        deadline = time.monotonic() + PATIENCE_SECONDS
        while finished(info) < ANSWERS:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), END_SECONDS) == 0
