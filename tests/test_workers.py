"""WEB_CONCURRENCY: several processes on one port, as an operator meets them."""

import asyncio
import os
import shlex
import signal
import socket
import sys

import aiohttp
import pytest

from service.workers import Workers
from tests import fake_dify
from tests.conftest import ROOT
from tests.fake_dify import KEY


@pytest.fixture
def run_two(run, http, redis):
    """Start two workers and wait until both are up; returns the process that looks after them."""

    async def run_two(**settings):
        process = await run(**{"WEB_CONCURRENCY": "2", "REDIS_URL": redis.url, **settings})
        await process.until_up(http)
        for _ in range(2):
            await process.until_said("service.started")
        return process

    return run_two


def told(process, name):
    """What was said of each worker, the newest counting."""
    return {event["worker"]: event for event in process.events() if event["event"] == name}


def pids(process):
    return {worker: event["pid"] for worker, event in told(process, "worker.started").items()}


async def is_well(process):
    """By a connection of its own: one that was kept alive would go to the same worker again."""
    async with aiohttp.request("GET", f"{process.url}/health") as response:
        return response.status == 200


async def answers_without(pid, process):
    """Whether the port answers while that process is held."""
    os.kill(pid, signal.SIGSTOP)
    try:
        return await is_well(process)
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_each_of_two_workers_answers_on_the_one_port(run_two):
    process = await run_two()
    for pid in pids(process).values():
        assert await answers_without(pid, process)


@pytest.mark.parametrize(
    ("kill", "sent"),
    [
        (os.kill, signal.SIGTERM),
        pytest.param(os.killpg, signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param(os.killpg, signal.SIGINT, marks=pytest.mark.slow),
    ],
)
async def test_a_signal_to_one_or_all_drains_all_once(run_two, connect, dify, kill, sent):
    dify.plays(fake_dify.until_stopped("Some ", "words"))
    process = await run_two(DIFY_API_URL=dify.url, DIFY_API_KEY=KEY)
    client = await connect(process)
    await client.ask("Hello", stream=True)
    await client.frame()
    kill(process.process.pid, sent)
    for _ in range(2):
        await process.until_said("drain.started")
    dify.release()
    assert (await client.frames_until_end())[-1]["content"] == "Some words"
    assert await client.close_code() == 1012
    assert await process.end() == (0, "")
    assert [event["exit_code"] for event in told(process, "worker.ended").values()] == [0, 0]


@pytest.mark.slow
async def test_a_second_signal_ends_all_at_once(run_two, connect, dify):
    dify.plays(fake_dify.until_stopped("Some ", "words"))
    process = await run_two(DIFY_API_URL=dify.url, DIFY_API_KEY=KEY, DRAIN_TIMEOUT="600")
    client = await connect(process)
    await client.ask("Hello", stream=True)
    await client.frame()
    process.process.send_signal(signal.SIGTERM)
    await process.until_said("drain.started")
    await asyncio.sleep(0.6)  # two signals within half a second are one request
    assert (await process.end(signal.SIGTERM))[0] == 0


@pytest.mark.slow
async def test_a_worker_that_was_killed_is_replaced_while_the_other_serves(run_two):
    process = await run_two()
    before = pids(process)
    os.kill(before[1], signal.SIGKILL)
    await process.until_said("worker.ended")
    assert told(process, "worker.ended")[1]["exit_code"] == -signal.SIGKILL
    assert await is_well(process)
    await process.until_said("service.started")
    assert pids(process)[1] != before[1]
    assert await answers_without(before[2], process)


@pytest.mark.slow
async def test_workers_that_cannot_be_started_any_more_are_given_up(run_two, tmp_path):
    process = await run_two()
    (tmp_path / ".env").write_text("RESUME_WINDOW=long")
    for pid in pids(process).values():
        os.kill(pid, signal.SIGKILL)
    for _ in range(4):  # the killed ones, and who was to replace them
        await process.until_said("worker.ended")
    await process.until_said("workers.given_up")
    code, errors = await process.end()
    assert code == 1
    assert "RESUME_WINDOW: Not a valid number." in errors
    assert "Traceback" not in errors


async def test_a_worker_for_which_there_is_no_process_is_said_so(monkeypatch, events):
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    monkeypatch.setattr("service.workers.FIRST_PAUSE_SECONDS", 0.01)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert await Workers(listener, 1).run() == 1
    assert [event["event"] for event in events] == ["worker.not_started"] * 3 + ["workers.given_up"]


async def test_workers_do_not_outlive_the_process_that_started_them(run_two, connect):
    process = await run_two()
    client = await connect(process)
    process.process.kill()
    assert await client.close_code() == 1012
    await process.end()  # when nobody holds its console any more
    assert [event["event"] for event in process.events()].count("worker.orphaned") == 2
    with socket.create_server(("127.0.0.1", int(process.url.rpartition(":")[2]))):
        pass


@pytest.mark.slow
async def test_a_dying_service_leaves_its_port_to_the_next_at_once(run_two, connect, run, http, dify):
    dify.plays(fake_dify.until_stopped("Some ", "words"))
    process = await run_two(DIFY_API_URL=dify.url, DIFY_API_KEY=KEY)
    client = await connect(process)
    await client.ask("Hello", stream=True)
    await client.frame()
    process.process.kill()
    for _ in range(2):
        await process.until_said("drain.started")
    await (await run(PORT=process.url.rpartition(":")[2])).until_up(http)
    dify.release()
    assert (await client.frames_until_end())[-1]["status"] == "done"


async def test_a_port_that_is_taken_is_said_before_any_worker_starts(run):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        process = await run(PORT=port, WEB_CONCURRENCY="2", REDIS_URL="unix:///nowhere/redis.sock")
        code, errors = await process.end()
    assert (code, errors) == (1, "")
    assert [event["event"] for event in process.events()] == ["service.cannot_listen"]


async def test_several_workers_without_redis_are_refused_in_words(run):
    code, errors = await (await run(WEB_CONCURRENCY="2")).end()
    assert code == 2
    assert "WEB_CONCURRENCY: more than one process needs REDIS_URL" in errors


@pytest.mark.parametrize(
    ("settings", "workers"),
    [
        ({}, 0),
        pytest.param({"WEB_CONCURRENCY": "2"}, 0, marks=pytest.mark.slow),
        pytest.param({"REDIS_URL": "unix:///nowhere/redis.sock"}, 0, marks=pytest.mark.slow),
        pytest.param({"WEB_CONCURRENCY": "2", "REDIS_URL": "unix:///nowhere/redis.sock"}, 2, marks=pytest.mark.slow),
    ],
)
async def test_the_procfile_starts_as_many_as_redis_allows(run, http, tmp_path, settings, workers):
    (tmp_path / "python").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    (tmp_path / "python").chmod(0o700)
    kind, _, command = (ROOT / "Procfile").read_text().strip().partition(": ")
    path = f"{tmp_path}:{os.environ['PATH']}"
    process = await (await run("-c", command, program="sh", PATH=path, **settings)).until_up(http)
    code, errors = await process.end(signal.SIGTERM)
    assert (kind, code, errors) == ("web", 0, "")
    assert len(told(process, "worker.started")) == workers
