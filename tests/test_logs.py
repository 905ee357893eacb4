"""Logs: files, shapes, and what a broken folder costs."""

import asyncio
import json
import logging
import os
import shlex
import sys
import time
from dataclasses import replace

import pytest
import structlog

from service import log_files, log_limits, log_sinks, logs
from service.settings import Settings
from tests.conftest import PATIENCE_SECONDS, ROOT


@pytest.fixture
def configure(tmp_path):
    """Real logging into a folder; pytest's own is put back afterwards."""
    root, level = logging.root.handlers[:], logging.root.level
    config = structlog.get_config()
    stops = []

    def configure(**changes):
        stops.append(logs.configure(replace(Settings(), log_dir=str(tmp_path / "logs"), **changes)))
        return stops[-1]

    yield configure
    for stop in stops:
        stop()
    logging.root.handlers, logging.root.level = root, level
    structlog.configure(**config)


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_events_are_json_lines_in_two_files(configure, tmp_path):
    stop = configure()
    log = structlog.get_logger()
    structlog.contextvars.bind_contextvars(turn_id="t1")
    log.info("turn.finished", status="done", characters=3)
    log.error("dify.failed", reason="refused")
    stop()
    info, error = tmp_path / "logs/info.log", tmp_path / "logs/error.log"
    assert [line["event"] for line in lines(info)] == ["turn.finished", "dify.failed"]
    assert [line["event"] for line in lines(error)] == ["dify.failed"]
    first = lines(info)[0]
    assert list(first)[:3] == ["timestamp", "level", "event"]
    assert first["timestamp"].endswith("Z")
    assert (first["level"], first["status"], first["characters"], first["turn_id"]) == ("info", "done", 3, "t1")


def test_an_exception_comes_with_its_stack_on_the_same_line(configure, tmp_path):
    stop = configure()
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        structlog.get_logger().exception("turn.failed")
    stop()
    (line,) = lines(tmp_path / "logs/error.log")
    assert "ZeroDivisionError" in line["exception"]
    assert "test_logs.py" in line["exception"]


def test_a_token_is_masked_wherever_a_client_has_put_it(configure, tmp_path):
    stop = configure()
    token = "eyJhbGciOi.eyJzdWIi.c2ln"
    structlog.contextvars.bind_contextvars(client_id=token)
    line = '%s - "%s %s HTTP/%s" %d'
    logging.getLogger("uvicorn.access").info(line, "10.0.0.1:5", "GET", f"/ws/chat/{token}", "1.1", 426)
    structlog.get_logger().warning("connection.refused", why=f"Pages from {token} may not connect here")
    stop()
    request, refused = lines(tmp_path / "logs/info.log")
    assert (request["path"], request["client_id"]) == ("/ws/chat/eyJ***", "eyJ***")
    assert "eyJzdWIi" not in str(refused)


@pytest.mark.parametrize(("level", "told"), [("DEBUG", 3), ("INFO", 2), ("ERROR", 1)])
def test_the_level_is_honoured_for_all(configure, capfd, level, told):
    stop = configure(log_level=level)
    structlog.get_logger().debug("a.debug")
    structlog.get_logger().info("an.info")
    structlog.get_logger().error("an.error")
    logging.getLogger("uvicorn.error").log(logging.DEBUG - 1, "finer still")
    stop()
    assert len(capfd.readouterr().out.splitlines()) == told


def test_a_folder_that_cannot_be_written_costs_the_files_not_the_service(configure, tmp_path, capfd):
    (tmp_path / "logs").write_text("a file where the folder should be")
    stop = configure()
    structlog.get_logger().info("service.started")
    stop()
    out = [json.loads(line)["event"] for line in capfd.readouterr().out.splitlines()]
    assert out == ["logs.files_missing", "service.started"]


def test_files_are_rotated_and_five_backups_kept(configure, tmp_path, monkeypatch):
    monkeypatch.setattr(log_files, "MAX_FILE_BYTES", 500)
    monkeypatch.setattr(log_sinks, "MAX_WRITE_BYTES", 400)
    stop = configure()
    for number in range(100):
        structlog.get_logger().info("turn.finished", number=number)
    stop()
    names = sorted(path.name for path in (tmp_path / "logs").iterdir())
    assert names == ["error.log", "info.log", *(f"info.log.{n}" for n in range(1, 6))]


WRITER = """
import pathlib, sys, time, structlog
from service import log_files, log_sinks, log_writer, logs
from service.settings import Settings

log_files.MAX_FILE_BYTES, log_files.BACKUPS = 20_000, 200
log_writer.BATCH_SECONDS, log_sinks.MAX_WRITE_BYTES = 0.001, 1
log_writer.STALLED_SECONDS, log_writer.END_SECONDS = 10, 50  # on a busy machine
logs.configure(Settings(web_concurrency=4))
pathlib.Path(f"ready-{sys.argv[1]}").touch()
while len(list(pathlib.Path().glob("ready-*"))) < 4:
    time.sleep(0.01)
for number in range(200):
    structlog.get_logger().error("written", by=int(sys.argv[1]), number=number, filling=["x" * 100] * (number % 7 * 8))
"""


async def test_several_processes_share_console_and_files_and_no_line_is_lost_or_torn(tmp_path):
    (tmp_path / "writer.py").write_text(WRITER)
    four = f"for by in 0 1 2 3; do {shlex.quote(sys.executable)} writer.py $by & done; wait"
    environment = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
    process = await asyncio.create_subprocess_shell(four, cwd=tmp_path, env=environment, stdout=asyncio.subprocess.PIPE)
    console, _ = await process.communicate()
    process._transport.close()
    (tmp_path / "console").write_bytes(console)
    assert_complete(lines(tmp_path / "console"))
    for name in ("info.log", "error.log"):
        paths = sorted((tmp_path / "logs").glob(f"{name}*"), key=lambda path: -int(path.suffix[1:].strip("log") or 0))
        assert all(path.stat().st_size > 10_000 for path in paths[:-1])
        assert_complete([line for path in paths for line in lines(path)])


def assert_complete(written):
    """Each process's lines, in order."""
    for by in range(4):
        assert [line["number"] for line in written if line["by"] == by] == list(range(200))


def test_a_thousand_long_requests_of_one_address_leave_few_short_lines(configure, tmp_path):
    stop = configure()
    for _ in range(1000):
        logging.getLogger("uvicorn.access").info(
            '%s - "%s %s HTTP/%s" %d', "203.0.113.7:5", "GET", "/" + "x" * 65_000, "1.1", 404
        )
    structlog.get_logger().info("turn.finished")
    stop()
    written = lines(tmp_path / "logs/info.log")
    assert [line["event"] for line in written] == ["http.request"] * 10 + ["turn.finished", "http.request"]
    assert (len(written[0]["path"]), written[-1]["times"], written[-1]["client_address"]) == (200, 990, "203.0.113.7")


def test_what_was_left_out_is_told_a_minute_later_though_nothing_else_happens(configure, tmp_path, monkeypatch):
    monkeypatch.setattr(log_limits, "MINUTE_SECONDS", 0.1)
    configure()
    for _ in range(12):
        structlog.get_logger().warning("connection.refused", client_address="203.0.113.7")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while "times" not in (text := (tmp_path / "logs/info.log").read_text()):
        assert time.monotonic() < deadline, text
        time.sleep(0.01)


def test_no_stranger_forges_a_line(configure, monkeypatch, capfd, tmp_path):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    stop = configure()
    structlog.get_logger().warning("connection.refused", why="\x1b[2Ja\n2026-01-01 [error] forged", origin="\ud800")
    stop()
    assert len(capfd.readouterr().out.splitlines()) == 1
    (line,) = lines(tmp_path / "logs/info.log")
    assert (line["why"], line["origin"]) == ("\\x1b[2Ja\\n2026-01-01 [error] forged", "\\ud800")


def test_on_a_terminal_a_person_can_read_it(configure, monkeypatch, capfd, tmp_path):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    stop = configure()
    structlog.get_logger().info("turn.finished", status="done")
    stop()
    out = capfd.readouterr().out
    assert "turn.finished" in out
    assert not out.startswith("{")
    assert lines(tmp_path / "logs/info.log")[0]["status"] == "done"
