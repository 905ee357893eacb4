import asyncio
import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import aiohttp
import hypothesis
import pytest
import structlog
import uvicorn

from service import tally
from service.__main__ import server_options
from service.app import create_app
from service.listener import listen
from service.server import Server
from service.settings import Settings
from tests.clients import Client
from tests.fake_dify import KEY, FakeDify
from tests.log_table import event_faults, line_faults
from tests.processes import Process
from tests.redis_server import redis  # noqa: F401 - a fixture
from tests.told import forget, told
from tests.wire_schemas import reply_faults

pytest_plugins = ["tests.page.browser", "tests.page.kiosk", "tests.page.speech"]
hypothesis.settings.register_profile("patient", deadline=None)  # a busy machine proves nothing
hypothesis.settings.load_profile("patient")

PATIENCE_SECONDS = 30
SLOW_CALLBACK_SECONDS = 1
ROOT = Path(__file__).parents[1]
DEFAULTS = {"drain_timeout": 0, "mock_tokens_per_second": 2_000, "user_questions_per_minute": 0}
"""Settings of the services under test; a test asks more than a person."""


def pytest_xdist_auto_num_workers():
    """More than there are cores: tests wait for timers and processes for half of their time."""
    return 2 + (os.cpu_count() or 1)


async def eventually(condition):
    """Wait until the condition holds; fail after PATIENCE_SECONDS."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():
            await asyncio.sleep(0.005)


@pytest.fixture(autouse=True)
async def nothing_unhandled():
    """What asyncio would only log fails the test: a fault in a callback, or in a task that nobody awaits."""
    loop, faults = asyncio.get_running_loop(), []
    loop.slow_callback_duration = SLOW_CALLBACK_SECONDS  # of shorter pauses a busy machine has many
    loop.set_exception_handler(lambda _, fault: faults.append(fault))
    yield
    loop.set_exception_handler(None)
    assert faults == []


@pytest.fixture(autouse=True)
async def nothing_left():
    """No task and no file handle outlives its test."""
    handles, tasks = _open_handles(), _other_tasks()
    yield
    try:
        await eventually(lambda: _other_tasks() <= tasks and _open_handles() <= handles)
    except TimeoutError:
        pytest.fail(f"left: {_other_tasks() - tasks}, handles {handles} -> {_open_handles()}")


def _other_tasks():
    return asyncio.all_tasks() - {asyncio.current_task()}


def _open_handles():
    handles = Path("/proc/self/fd")
    return len(list(handles.iterdir())) if handles.is_dir() else 0


@pytest.fixture(autouse=True)
def counted_for_an_hour(monkeypatch):
    """All tests share an event loop: what one of them counted is not told in the middle of another."""
    monkeypatch.setattr(tally, "INTERVAL_SECONDS", 3600)


@pytest.fixture(autouse=True)
def minute_has_begun(monkeypatch):
    """The windows of limits are the minutes of the clock: none is over in the middle of a test."""
    seconds = time.time() % 60
    clock = SimpleNamespace(time=lambda: time.time() - seconds)
    for module in ("limits.aio.storage.memory", "service.admission.counters"):
        monkeypatch.setattr(f"{module}.time", clock)


@pytest.fixture(autouse=True)
def events():
    """What was logged, as structlog's dicts; each line is as /docs says."""
    with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as captured:
        yield captured
    structlog.contextvars.clear_contextvars()
    assert event_faults(captured) == []


@pytest.fixture(autouse=True)
def nothing_secret_told(events):
    """No key, password or token is in any frame, reply, page or log line of the test."""
    forget()
    yield
    told.log(events)
    assert told.leaks() == []


def logged(events, name):
    return [event for event in events if event["event"] == name]


@pytest.fixture
async def dify(aiohttp_server):
    fake = FakeDify()
    server = await aiohttp_server(fake.app())
    fake.url = str(server.make_url("/v1"))
    yield fake
    await fake.close()
    assert fake.inspector.troubles == []


@pytest.fixture
async def http():
    listening = aiohttp.TraceConfig()
    listening.on_request_end.append(_meet)
    listening.on_response_chunk_received.append(_hear)
    async with aiohttp.ClientSession(trace_configs=[listening]) as session:
        yield session


async def _meet(session, context, ended):
    context.response = ended.response


async def _hear(session, context, received):
    told.heard.append(received.chunk.decode(errors="replace"))
    response = context.response
    if response.method != "HEAD" and response.url.host == "127.0.0.1":
        where = response.method, response.url.path, response.status, response.content_type
        assert reply_faults(*where, received.chunk) == [], where


@pytest.fixture
def call(http):
    """Call a route of the API; returns the HTTP status and the envelope."""

    async def call(service, method, path, token="0123456789abcdef" * 2, **options):
        headers = ({"Authorization": f"Bearer {token}"} if token else {}) | options.pop("headers", {})
        async with http.request(method, f"{service.url}{path}", headers=headers, **options) as response:
            return response.status, await response.json()

    return call


class Service:
    """The real service on a real port."""

    def __init__(self, settings):
        self.settings = settings
        told.keep(asdict(settings))
        self.port = 0

    async def start(self):
        listener = listen("127.0.0.1", self.port)
        self.port = listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        app = create_app(self.settings)
        self.server = Server(uvicorn.Config(app, **server_options(self.settings)), app.state.drain)
        self.task = asyncio.create_task(self.server.serve(sockets=[listener]))
        await eventually(lambda: self.server.started)

    async def stop(self):
        self.server.should_exit = True
        await self.task

    async def restart(self, meanwhile):
        """Stop, do something, and start anew on the same port."""
        await self.stop()
        await meanwhile()
        await self.start()


@pytest.fixture
async def start():
    """Start services; each is stopped after the test."""
    running = []

    async def start(**settings):
        service = Service(replace(Settings(), **DEFAULTS | settings))
        await service.start()
        running.append(service)
        return service

    yield start
    for service in running:
        await service.stop()


@pytest.fixture
async def with_dify(dify, start):
    """A service in front of the fake Dify."""

    async def start_with_dify(**settings):
        return await start(**{"dify_api_url": dify.url, "dify_api_key": KEY, "mock_mode": False} | settings)

    return start_with_dify


@pytest.fixture
def quick_retries(monkeypatch):
    monkeypatch.setattr("service.answers.resilience.retry.FIRST_PAUSE_SECONDS", 0.01)


@pytest.fixture
async def connect(http):
    """Connect a client and read its greeting. Who is still connected leaves after the test."""
    clients = []

    async def connect(service, path="/ws/chat", **options):
        client = Client(await http.ws_connect(f"{service.url}{path}", **options))
        clients.append(client)
        client.greeting = await client.frame()
        return client

    yield connect
    for client in clients:
        await client.leave()


@pytest.fixture
async def run(tmp_path):
    """Start a process with these settings; it is killed after the test, if it still runs; its lines are as on /docs."""
    running = []

    async def run(*command, program=sys.executable, **settings):
        known = {"PATH": os.environ["PATH"], "HOST": "127.0.0.1", "PORT": "0", "LOG_DIR": str(tmp_path / "logs")}
        known |= {key: os.environ[key] for key in os.environ if key.startswith("COVERAGE")}
        known |= {"PYTHONPATH": str(ROOT), "PYTHONASYNCIODEBUG": "1", "USER_QUESTIONS_PER_MINUTE": "0", **settings}
        told.keep(known)
        process = await asyncio.create_subprocess_exec(
            program, *(command or ("-m", "service")), cwd=tmp_path, env=known,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        running.append(Process(process))
        return running[-1]

    yield run
    for process in running:
        with suppress(ProcessLookupError):
            os.killpg(process.process.pid, signal.SIGKILL)  # with what it started itself
        await process.end()
        process.process._transport.close()
    assert [fault for process in running for fault in line_faults(process.lines)] == []
