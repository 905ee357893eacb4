"""Every ending: whatever is under way, whichever signal comes, once or twice, to one process or to two workers.

The exit code is 0, within the time that is promised; the client is told, once; Dify is told to stop where it writes,
and only there; and nothing of it is an error.
"""

import asyncio
import itertools
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.fake_dify import KEY
from tests.processes import PATIENCE_SECONDS
from tests.system.endings import CASES, FormSubmitted, Handshake, InLine, Speech, Upload, Writing

SIGNALS = signal.SIGTERM, signal.SIGINT, signal.SIGHUP
END_SECONDS = 4
"""After DRAIN_TIMEOUT (the reference)."""
SAME_REQUEST_SECONDS = 0.6
BUSY_SECONDS = 15
"""So much longer may a busy machine take."""
EXPECTED_ERRORS = {"dify.failed"}
QUICK = {
    (Writing, signal.SIGHUP, "in time", 1),
    (Upload, signal.SIGTERM, "in time", 1),
    (Speech, signal.SIGTERM, "cut off", 1),
    (InLine, signal.SIGTERM, "twice", 1),
    (Handshake, signal.SIGINT, "in time", 1),
    (FormSubmitted, signal.SIGHUP, "cut off", 2),
}


def cells():
    for cell in itertools.product(CASES, SIGNALS, ("in time", "cut off", "twice"), (1, 2)):
        case, sent, how, processes = cell
        name = f"{case.__name__}-{sent.name}-{how}-{processes}"
        yield pytest.param(*cell, id=name, marks=() if cell in QUICK else pytest.mark.slow)


@pytest.fixture
def settings(request, dify):
    """Of one process, or of two workers."""
    known = {"DIFY_API_URL": dify.url, "DIFY_API_KEY": KEY}
    if request.node.callspec.params["processes"] == 1:
        return known
    return known | {"WEB_CONCURRENCY": "2", "REDIS_URL": request.getfixturevalue("redis").url}


@pytest.fixture
async def world(run, http, connect, dify, aiohttp_server, settings):
    """Begins a case; returns it, and the process in which it is under way."""
    cases = []

    async def begin(kind, processes, drain_timeout):
        case = kind(dify, http, connect, aiohttp_server)
        cases.append(case)
        await case.prepare()
        process = await (await run(**settings, DRAIN_TIMEOUT=drain_timeout, **case.settings)).until_up(http)
        for _ in range(processes if processes > 1 else 0):
            await process.until_said("service.started")
        await case.begin(process)
        case.listen()
        return case, process

    yield begin
    for case in cases:
        case.may_go_on.set()


@pytest.mark.parametrize(("kind", "sent", "how", "processes"), list(cells()))
async def test_what_is_under_way_ends_in_good_order(world, dify, kind, sent, how, processes):
    drain_timeout = 0.3 if how == "cut off" else 30
    case, process = await world(kind, processes, str(drain_timeout))
    process.process.send_signal(sent)
    sent_at = time.monotonic()
    for _ in range(processes):
        await process.until_said("drain.started")
    if how == "in time":
        case.release()
        await case.finished()
    else:
        if how == "twice":
            await asyncio.sleep(SAME_REQUEST_SECONDS)
            with suppress(ProcessLookupError):
                process.process.send_signal(sent)
        await case.cut_off()
    code, errors = await process.end()
    assert (code, errors) == (0, "")
    assert time.monotonic() - sent_at < SAME_REQUEST_SECONDS + END_SECONDS + BUSY_SECONDS
    assert len(dify.stops) == (0 if how == "in time" else case.stops)
    assert_no_errors(process)


def assert_no_errors(process):
    bad = [event for event in process.events() if event["level"] in {"error", "critical"} or "exception" in event]
    assert [event for event in bad if event["event"] not in EXPECTED_ERRORS] == []


def heeds(pid, number):
    """Whether a process has a handler for the signal (proc(5): SigCgt)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    caught = next(int(line.split()[1], 16) for line in lines if line.startswith("SigCgt"))
    return bool(caught >> (number - 1) & 1)


async def until_heeds_all(process):
    """SIGHUP is the last of them; Python itself has no handler for it, as for SIGINT."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not heeds(process.process.pid, signal.SIGHUP):
            await asyncio.sleep(0)


MOMENTS = ("its first line", "its imports", "its listener", "its start")
QUICK_STARTS = {(signal.SIGTERM, "its first line", 1), (signal.SIGHUP, "its listener", 2)}


def starts():
    for cell in itertools.product(SIGNALS, MOMENTS, (1, 2)):
        sent, moment, processes = cell
        marks = () if cell in QUICK_STARTS else pytest.mark.slow
        yield pytest.param(*cell, id=f"{sent.name}-{moment}-{processes}", marks=marks)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only /proc tells when a signal is heeded")
@pytest.mark.parametrize(("sent", "moment", "processes"), list(starts()))
async def test_a_signal_while_it_starts_ends_it_too(run, settings, sent, moment, processes):
    process = await run(**settings)
    if moment == "its listener":
        await process.until_said("service.listening")
    elif moment == "its start":
        await process.until_said("worker.started" if processes == 2 else "Waiting for application startup.")
    else:
        await until_heeds_all(process)
        await asyncio.sleep(0.15 if moment == "its imports" else 0)
    code, errors = await process.end(sent)
    assert (code, errors) == (0, "")
    assert_no_errors(process)
