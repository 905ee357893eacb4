"""Each pure module is covered whole, lines and branches, by its own test file alone, without any fixture of ours."""

import asyncio
import os
import sys
import tomllib

import pytest

from tests.conftest import ROOT

_LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
(PURE,) = [each["source_modules"] for each in _LINTER["contracts"] if each["name"] == "Pure modules do no I/O"]
OPTIONS = ("-c", os.devnull, "--rootdir", str(ROOT), "-p", "pytest_cov.plugin", "-p", "no:cacheprovider", "-q",
           "-m", "not slow", "--noconftest", "--cov-config=pyproject.toml", "--cov-branch", "--cov-fail-under=100",
           "--cov-report=term-missing")  # fmt: skip
# Without the plugins that are of no use here; hypothesis takes the same examples each time, in its own time.
ENVIRONMENT = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "CI": "1"}


@pytest.mark.slow
@pytest.mark.parametrize("module", PURE)
async def test_a_pure_module_is_covered_by_its_own_tests(module, tmp_path):
    *rooms, name = module.removeprefix("service.").split(".")
    tests = "/".join(("tests", *rooms, f"test_{name}.py"))
    environment = {key: value for key, value in os.environ.items() if not key.startswith("COV")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", tests, f"--cov={module}", *OPTIONS),
        cwd=ROOT,
        env=environment | ENVIRONMENT | {"COVERAGE_FILE": str(tmp_path / "coverage")},
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    process._transport.close()
    assert process.returncode == 0, out.decode()
