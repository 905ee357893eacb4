"""templates/deploy, compose.yaml and app.json: what they say fits the service."""

import itertools
import json
import re
import shutil
import subprocess
from dataclasses import fields

import pytest

from service.settings import Settings
from tests.conftest import ROOT
from tests.proxies import DOORS, FOLDER, marks, settings_of
from tests.system.test_proxies import IDENTITIES

PROXY_FILES = sorted({door.file for door in DOORS})
UNIT = (FOLDER / "dify-live.service").read_text()
COMPOSE = (ROOT / "compose.yaml").read_text()
DRAIN_EXTRA_SECONDS = 4
EXPOSURE_LIMIT = "15"  # tenths, of systemd-analyze security: what it calls OK ends at 50


def numbers_after(text, *patterns):
    return [int(number) for pattern in patterns for number in re.findall(pattern + r"\s+(\d+)s", text)]


@pytest.mark.parametrize("file", PROXY_FILES)
def test_what_is_yours_in_a_file_is_named_in_its_head_and_stands_below(file):
    head, _, body = (FOLDER / file).read_text().partition("\n\n")
    assert [mark for mark in marks(head) if mark not in body] == []
    assert set(settings_of(head)) >= {"host", "allowed_hosts", "forwarded_allow_ips"}
    assert set(settings_of(head)) <= {field.name for field in fields(Settings)}


@pytest.mark.parametrize("file", PROXY_FILES)
def test_a_proxy_waits_longer_than_the_heartbeat(file):
    text = (FOLDER / file).read_text()
    times = numbers_after(text, r"proxy_(?:read|send)_timeout", r"timeout (?:client|server|tunnel)")
    assert all(time > Settings().websocket_heartbeat_timeout for time in times)
    assert bool(times) is (file != "Caddyfile")  # which has none of its own


@pytest.mark.parametrize("file", [file for file in PROXY_FILES if file.startswith("nginx")])
def test_nginx_overwrites_each_header_that_may_say_who_a_user_is(file):
    overwritten = re.findall(r'^ +proxy_set_header ([\w-]+) "";$', (FOLDER / file).read_text(), re.MULTILINE)
    assert overwritten == IDENTITIES


def test_systemd_waits_for_as_long_as_a_drain_may_take():
    assert (
        int(re.search(r"^TimeoutStopSec=(\d+)$", UNIT, re.MULTILINE)[1])
        > Settings().drain_timeout + DRAIN_EXTRA_SECONDS
    )
    for line in ("NoNewPrivileges=yes", "ProtectSystem=strict", "DynamicUser=yes", "KillMode=mixed"):
        assert f"\n{line}\n" in UNIT


def test_systemd_takes_the_unit_and_finds_little_exposed(tmp_path):
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd on this machine")
    unit = tmp_path / "dify-live.service"
    unit.write_text(UNIT)
    verified = subprocess.run([analyze, "verify", unit], capture_output=True, text=True, check=False)
    complaints = [line for line in verified.stderr.splitlines() if "dify-live" in line and "not executable" not in line]
    assert complaints == []
    command = [analyze, "security", "--offline=true", f"--threshold={EXPOSURE_LIMIT}", unit]
    judged = subprocess.run(command, capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout[-300:]


def test_compose_joins_dify_s_network_and_gives_a_drain_its_time():
    assert "DIFY_API_URL: http://api:5001/v1\n" in COMPOSE
    assert "    name: ${DIFY_NETWORK:-docker_default}\n    external: true\n" in COMPOSE
    assert int(re.search(r"stop_grace_period: (\d+)s", COMPOSE)[1]) > Settings().drain_timeout + DRAIN_EXTRA_SECONDS
    assert "read_only: true" in COMPOSE
    assert re.search(
        r"^    logging:\n(?:      .*\n)*?        max-size: 10m\n        max-file: \"5\"\n", COMPOSE, re.MULTILINE
    )
    assert not re.search(r"^\s*- (0\.0\.0\.0:)?\d+:8000", COMPOSE, re.MULTILINE)  # only this machine's proxy


def test_compose_is_indented_as_yaml_wants_it():
    lines = [line for line in COMPOSE.splitlines() if line.strip() and not line.strip().startswith("#")]
    assert all(re.fullmatch(r" *(- \S.*|[\w-]+:( \S.*)?)", line) for line in lines)
    depths = [len(line) - len(line.lstrip()) for line in lines]
    assert all(depth % 2 == 0 for depth in depths)
    for line, (before, after) in zip(lines, itertools.pairwise(depths), strict=False):
        assert after <= before + (2 if line.endswith(":") else 0)


def test_heroku_is_asked_for_settings_that_exist():
    app = json.loads((ROOT / "app.json").read_text())
    names = {field.name.upper() for field in fields(Settings)}
    assert set(app["env"]) <= names
    assert app["env"]["FORWARDED_ALLOW_IPS"]["value"] == "*"
    assert set(app["formation"]) == {"web"}
    assert re.match(r"web: ", (ROOT / "Procfile").read_text())
    assert not app.get("addons")  # a Redis is for several processes, and costs
