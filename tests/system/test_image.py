"""The Dockerfile: what it promises, and its steps, as far as they can be done without Docker."""

import asyncio
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests import dockerfile
from tests.conftest import ROOT
from tests.processes import PATIENCE_SECONDS
from tests.proxies import free_port

TEXT = (ROOT / "Dockerfile").read_text()
BASE, PACKAGES, FINAL = dockerfile.stages(TEXT)
ALL = [*BASE, *PACKAGES, *FINAL]
# What belongs to the base image's own Python and users, which a test must not touch.
OF_AN_IMAGE = ("python -m pip uninstall", "useradd")
# Root without its rights: then permissions hold for it, too.
WITHOUT_RIGHTS = ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all", "--no-new-privs"]


def values(stage, name):
    return [value for each, value in stage if each == name]


def test_the_base_is_one_patch_release_and_small():
    (base,) = [value.split()[0] for value in values(ALL, "FROM") if ":" in value]
    assert re.fullmatch(r"python:3\.11\.\d+-slim-\w+", base)


def test_it_runs_as_a_user_by_number_and_the_last_word_is_not_root_s():
    assert [int(user) > 0 for user in values(FINAL, "USER")] == [True]
    after = FINAL[[name for name, _ in FINAL].index("USER") :]
    assert {name for name, _ in after}.isdisjoint({"RUN", "COPY"})


def test_nothing_comes_from_the_network_but_pinned_packages():
    assert values(ALL, "ADD") == []
    assert [run for run in values(ALL, "RUN") if re.search(r"curl|wget|git |apt", run)] == []
    pins = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if line]
    assert all("==" in line for line in pins)


def test_what_changes_often_is_copied_last():
    copied = [value.split()[-1] for value in values(ALL, "COPY")]
    assert copied == ["/opt/requirements.txt", "/opt/venv", "service", "static", "templates"]
    names = [f"{name} {value}" for name, value in PACKAGES]
    assert next(i for i, it in enumerate(names) if it.startswith("COPY")) < next(
        i for i, it in enumerate(names) if "--requirement" in it
    )


def test_no_tool_that_builds_or_installs_is_left():
    assert any("pip uninstall --yes" in run for run in values(FINAL, "RUN"))
    assert any("--without-pip" in run for run in values(PACKAGES, "RUN"))
    assert "--only-binary :all:" in " ".join(values(PACKAGES, "RUN"))


def test_it_says_how_it_is_and_is_stopped_by_what_drains_it():
    assert len(values(FINAL, "HEALTHCHECK")) == 1
    assert values(FINAL, "STOPSIGNAL") == ["SIGTERM"]
    assert dockerfile.command(FINAL, "CMD")[1:] == ["-m", "service"]  # no shell between a signal and the service


def test_its_command_line_sets_anew_what_a_file_of_settings_would_overwrite():
    head = re.sub(r"\\\n# *", "", TEXT[: TEXT.index("\n\n")])
    assert dict(re.findall(r" -e (\w+)=(\S+)", head)) == dockerfile.environment(FINAL)
    assert "--env-file .env" in head


def test_the_context_holds_what_is_copied_and_no_secret():
    ignore = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert ignore[0] == "*"
    allowed = {line[1:] for line in ignore if line.startswith("!")}
    assert allowed == {value.split()[0] for value in values(ALL, "COPY") if "--from" not in value}
    assert all((ROOT / name).exists() for name in allowed)


@pytest.fixture
def tree():
    """A folder in place of the image's root; not in pytest's own, which others may not enter."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
        for path in Path(folder).rglob("*"):
            if path.is_dir():
                path.chmod(0o755)


def placed(text, tree):
    """The paths of an image, in the tree."""
    return re.sub(r"/(opt|var)\b", rf"{tree}/\1", text)


def build(tree):
    """RUN, COPY and WORKDIR of both stages, one after the other: the second copies what is there already."""
    (tree / "opt").mkdir()
    folder = tree
    for name, value in [*PACKAGES, *FINAL]:
        if name == "WORKDIR":
            folder = Path(placed(value, tree))
            folder.mkdir()
        elif name == "COPY" and "--from" not in value:
            source, target = value.split()
            copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
            copy(ROOT / source, folder / placed(target, tree))
        elif name == "RUN" and not value.startswith(OF_AN_IMAGE):
            run = placed(value, tree).replace("python -m", f"{shlex.quote(sys.executable)} -m")
            subprocess.run(["sh", "-ec", run], cwd=folder, check=True, env=image_environment(tree), timeout=400)
    return folder


def image_environment(tree):
    set_there = dockerfile.environment(BASE) | dockerfile.environment(FINAL)
    return {"PATH": os.environ["PATH"], **{name: placed(value, tree) for name, value in set_there.items()}}


def lock(tree):
    for path in [*tree.rglob("*"), tree]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~0o222)


def listing(tree):
    return {(path, path.lstat().st_mtime_ns) for path in tree.rglob("*")}


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_its_steps_build_a_tree_that_serves_read_only_and_is_healthy(tree, tmp_path):
    folder = build(tree)
    assert not [*(tree / "opt/venv/bin").glob("pip*")]
    assert sorted(path.name for path in folder.iterdir()) == ["service", "static", "templates"]
    lock(tree)
    before = listing(tree)
    logs = tmp_path / "volume"
    logs.mkdir()
    environment = image_environment(tree) | {"PORT": str(free_port()), "LOG_DIR": str(logs), "TMPDIR": str(tmp_path)}
    start = [placed(word, tree) for word in dockerfile.command(FINAL, "CMD")]
    check = [placed(word, tree) for word in dockerfile.command(FINAL, "HEALTHCHECK")]
    prefix = WITHOUT_RIGHTS if os.geteuid() == 0 else []
    unhealthy = await asyncio.create_subprocess_exec(*check, env=environment, stderr=asyncio.subprocess.DEVNULL)
    assert await unhealthy.wait() != 0
    service = await asyncio.create_subprocess_exec(*prefix, *start, cwd=folder, env=environment)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await is_healthy(check, environment):
                assert service.returncode is None
                await asyncio.sleep(0.1)
    finally:
        service.terminate()
        assert await service.wait() == 0
        service._transport.close()
        unhealthy._transport.close()
    assert listing(tree) == before
    assert (logs / "info.log").read_text()


async def is_healthy(check, environment):
    process = await asyncio.create_subprocess_exec(*check, env=environment, stderr=asyncio.subprocess.DEVNULL)
    is_well = await process.wait() == 0
    process._transport.close()
    return is_well
