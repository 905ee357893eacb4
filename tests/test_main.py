"""`python -m service` as an operator meets it: a process of its own."""

import asyncio
import json
import os
import shutil
import signal
import socket
import sys
from pathlib import Path

import pytest

from service import __main__ as main_module
from tests import fake_dify
from tests.clients import deaf_client, masked
from tests.conftest import eventually
from tests.fake_dify import KEY
from tests.forward_proxy import ForwardProxy
from tests.processes import PATIENCE_SECONDS as START_SECONDS
from tests.tls import certificate

ROOT = Path(__file__).parents[1]


async def test_without_a_key_it_starts_in_mock_mode_and_says_so(run, http):
    process = await (await run()).until_up(http)
    async with http.get(process.url) as response:
        assert (await response.json())["data"]["mode"] == "mock"
    code, _ = await process.end(signal.SIGTERM)
    assert code == 0
    names = [event["event"] for event in process.events()]
    assert "service.mock_mode" in names
    assert names.index("service.started") < names.index("service.stopped")


async def test_a_line_with_letters_that_the_console_lacks_is_written_all_the_same(run, http):
    process = await (await run(APP_NAME="Wärd", PYTHONIOENCODING="ascii")).until_up(http)
    _, errors = await process.end(signal.SIGTERM)
    assert errors == ""
    (started,) = [event for event in process.events() if event["event"] == "service.started"]
    assert started["settings"]["app_name"] == "Wärd"


async def test_a_setting_that_looks_misspelt_is_named_at_start_and_refuses_nothing(run, http, tmp_path):
    (tmp_path / ".env").write_text("LOG_LEVLE=DEBUG\n")
    process = await (await run(DIFY_API_KYE="app-x")).until_up(http)
    await process.end(signal.SIGTERM)
    named = [event for event in process.events() if event["event"] == "settings.misspelt"]
    assert [(event["level"], event["name"], event["did_you_mean"]) for event in named] == [
        ("warning", "DIFY_API_KYE", "DIFY_API_KEY"),
        ("warning", "LOG_LEVLE", "LOG_LEVEL"),
    ]
    assert "app-x" not in "".join(process.lines)


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_a_signal_ends_it_in_good_order(run, http, sent):
    process = await (await run()).until_up(http)
    code, errors = await process.end(sent)
    assert code == 0
    assert errors == ""
    assert "service.stopped" in [event["event"] for event in process.events()]


async def test_whom_nohup_started_a_closed_terminal_does_not_end(run, http):
    command = ("-c", "trap '' HUP; exec \"$0\" -m service", sys.executable)
    process = await (await run(*command, program="sh")).until_up(http)
    process.process.send_signal(signal.SIGHUP)
    async with http.get(f"{process.url}/health") as response:
        assert response.status == 200
    assert await process.end(signal.SIGTERM) == (0, "")
    assert [event["event"] for event in process.events()].count("drain.started") == 1


@pytest.mark.parametrize("settings", [{}, {"WEB_CONCURRENCY": "2", "REDIS_URL": "unix:///nowhere/redis.sock"}])
async def test_a_terminal_that_is_closed_ends_it_in_good_order_though_nobody_can_be_told(tmp_path, settings):
    """With its terminal goes what is written there: each line fails from then on."""
    known = {"HOST": "127.0.0.1", "PORT": "0", "LOG_DIR": str(tmp_path), "PYTHONPATH": str(ROOT), **settings}
    loop, said, log = asyncio.get_running_loop(), [], tmp_path / "info.log"
    pid, terminal = spawn_on_a_terminal(known)
    loop.add_reader(terminal, lambda: said.append(os.read(terminal, 65536)))
    async with asyncio.timeout(START_SECONDS):
        while b"Application startup complete." not in b"".join(said):
            await asyncio.sleep(0.02)
    loop.remove_reader(terminal)
    os.close(terminal)
    _, status = await loop.run_in_executor(None, os.waitpid, pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert "service.stopped" in log.read_text()


def spawn_on_a_terminal(settings):
    """Returns the process id, and our end of the terminal."""
    pid, terminal = os.forkpty()
    if pid == 0:
        os.execve(sys.executable, [sys.executable, "-m", "service"], settings)
    return pid, terminal


async def test_sigterm_ends_running_answers_tells_dify_and_closes_with_1012(run, http, connect, dify):
    dify.plays(fake_dify.until_stopped("Some "))
    process = await (await run(DIFY_API_URL=dify.url, DIFY_API_KEY=KEY, DRAIN_TIMEOUT="0.2")).until_up(http)
    client = await connect(process, "/ws/chat/bed-7")
    await client.ask("Hello", stream=True)
    await client.frame()
    process.process.send_signal(signal.SIGTERM)
    assert await client.close_code() == 1012
    code, _ = await process.end()
    assert code == 0
    assert len(dify.stops) == 1
    assert dify.finished == 1


async def test_a_client_that_leaves_its_data_unread_spoils_no_one_else_s_goodbye(run, http, connect):
    process = await (await run(MAX_CONTENT_LENGTH="7000000", WEBSOCKET_MAX_SIZE="8000000")).until_up(http)
    good = await connect(process)
    deaf = await deaf_client(int(process.url.rpartition(":")[2]))
    deaf.write(masked(1, json.dumps({"type": "chat", "content": "x" * 6_000_000, "stream": True}).encode()))
    await process.until_said("turn.finished")
    deaf.write(masked(8, b"\x03\xe8"))
    await process.until_said("connection.closed")
    process.process.send_signal(signal.SIGTERM)
    assert await good.close_code() == 1012
    code, errors = await process.end()
    assert (code, errors) == (0, "")
    deaf.transport.abort()


async def test_the_log_files_tell_the_story_in_json_lines(run, http, connect, dify, tmp_path):
    dify.plays(fake_dify.say("Hi."), fake_dify.raw(b"", status=401))
    process = await (await run(DIFY_API_URL=dify.url, DIFY_API_KEY=KEY)).until_up(http)
    client = await connect(process)
    await client.answer("A private matter", id="q1")
    await client.answer("A private matter", id="q2")
    await client.leave()
    await process.end(signal.SIGTERM)
    told = [json.loads(line) for line in (tmp_path / "logs/info.log").read_text().splitlines()]
    names = [event["event"] for event in told]
    for name in ("service.started", "connection.opened", "turn.started", "dify.answered", "turn.finished",
                 "dify.failed", "answer.degraded", "connection.closed", "service.stopped"):  # fmt: skip
        assert name in names
    assert {event["turn_id"] for event in told if event["event"] in ("dify.answered", "dify.failed")} == {"q1", "q2"}
    failed = [json.loads(line) for line in (tmp_path / "logs/error.log").read_text().splitlines()]
    assert [event["event"] for event in failed] == ["dify.failed"]
    everything = (tmp_path / "logs/info.log").read_text()
    assert KEY not in everything
    assert "private" not in everything


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"PORT": "eight"}, "PORT: Not a valid integer."),
        ({"WEBSOCKET_HEARTBEAT_TIMEOUT": "1"}, "WEBSOCKET_HEARTBEAT_TIMEOUT: must be longer"),
        ({"MOCK_MODE": "False"}, "DIFY_API_KEY: is needed"),
    ],
)
async def test_a_bad_setting_is_named_and_the_exit_code_is_2(run, settings, words):
    process = await run(**settings)
    code, errors = await process.end()
    assert code == 2
    assert words in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    "settings", [{}, {"WEB_CONCURRENCY": "2", "REDIS_URL": "redis://127.0.0.1:1"}, {"RELOAD": "True"}]
)
async def test_a_port_that_is_taken_is_said_in_one_line_and_the_exit_code_is_1(run, settings):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        process = await run(PORT=port, **settings)
        code, errors = await process.end()
    assert (code, errors) == (1, "")
    (event,) = [event for event in process.events() if event["level"] == "error"]
    assert "address already in use" in event["error"].lower()
    assert event["fix"].startswith(f"PORT: {port} is taken")


async def test_the_way_out_may_stand_in_the_file_of_settings(run, http, dify, aiohttp_server, tmp_path):
    """A Dify that only a proxy knows, with a certificate of a company's own; over the event loop of the service."""
    context, path = certificate(tmp_path)
    proxy = ForwardProxy((await aiohttp_server(dify.app(), ssl=context)).port)
    listening = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    (tmp_path / ".env").write_text(f"HTTPS_PROXY={address}\nSSL_CERT_FILE={path}\n")
    process = await run(DIFY_API_URL="https://dify.example.com/v1", DIFY_API_KEY=KEY)
    await (await process.until_up(http)).until_said("dify.ready")
    assert proxy.asked[0].startswith("CONNECT dify.example.com:443")
    code, _ = await process.end(signal.SIGTERM)
    assert code == 0
    listening.close()
    await listening.wait_closed()


async def test_check_answers_and_leaves(run, dify):
    process = await run("-m", "service", "check", DIFY_API_URL=dify.url, DIFY_API_KEY=KEY)
    code, errors = await process.end()
    assert (code, errors) == (0, "")
    assert "ok    app" in "".join(process.lines)
    process = await run("-m", "service", "check", DIFY_API_URL=dify.url, DIFY_API_KEY="app-wrong")
    code, errors = await process.end()
    assert (code, errors) == (1, "")
    assert "unauthorized" in "".join(process.lines)


async def test_check_asks_many_at_once_where_it_is_told_to(run, dify):
    process = await run("-m", "service", "check", "--load", "3", DIFY_API_URL=dify.url, DIFY_API_KEY=KEY)
    assert await process.end() == (0, "")
    assert "ok    load: of 3 questions" in "".join(process.lines)
    assert len(dify.questions) == 4


@pytest.mark.parametrize(
    "words",
    [["serve"], ["check", "--load"], ["check", "--load", "many"], ["check", "--load", "0"], ["check", "--load", "51"]],
)
async def test_another_word_gets_the_usage(run, words):
    code, errors = await (await run("-m", "service", *words)).end()
    assert code == 2
    assert "Usage" in errors


async def test_uvicorn_can_start_it_too(run, http, connect):
    process = await run("-m", "uvicorn", "service.app:app", "--port", "0")
    await process.until_up(http)
    client = await connect(process)
    assert client.greeting["type"] == "system"
    await client.leave()
    await process.end(signal.SIGTERM)
    assert process.events()[-1]["event"] == "service.stopped"


async def test_uvicorn_with_a_bad_setting_says_which(run):
    process = await run("-m", "uvicorn", "service.app:app", "--port", "0", PORT="eight")
    code, errors = await process.end()
    assert code != 0
    assert "PORT: Not a valid integer." in errors
    assert "Traceback" not in errors


async def keep_changing(path):
    """Again and again, since the first change may come before uvicorn's first look."""
    while True:
        with path.open("a") as file:
            file.write("\n# changed\n")
        await asyncio.sleep(0.3)


@pytest.mark.slow
async def test_reload_starts_again_when_a_file_changes(run, tmp_path):
    for folder in ("service", "static", "templates"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    process = await run(RELOAD="True", PYTHONPATH=str(tmp_path))
    await process.until_said("service.started")
    changing = asyncio.create_task(keep_changing(tmp_path / "service/result_codes.py"))
    await process.until_said("service.stopped")
    changing.cancel()
    await process.until_said("service.started")
    code, _ = await process.end(signal.SIGTERM)
    assert code == 0


async def test_settings_reach_the_server():
    options = main_module.server_options(main_module.Settings(port=1, websocket_max_size=2))
    assert (options["port"], options["ws_max_size"]) == (1, 2)
    assert options["ws_per_message_deflate"] is False
    assert options["ws_ping_interval"] is None


@pytest.mark.parametrize(
    ("debug", "version", "loop"), [("1", (3, 13), "asyncio"), ("1", (3, 11), "auto"), ("", (3, 13), "auto")]
)
async def test_uvloop_which_does_not_survive_it_there_is_left_out_where_asyncio_is_debugged(
    monkeypatch, debug, version, loop
):
    monkeypatch.setenv("PYTHONASYNCIODEBUG", debug)
    monkeypatch.setattr(sys, "version_info", version)
    assert main_module._event_loop() == loop


async def test_eventually_can_fail(monkeypatch):
    monkeypatch.setattr("tests.conftest.PATIENCE_SECONDS", 0.02)
    with pytest.raises(TimeoutError):
        await eventually(lambda: False)
