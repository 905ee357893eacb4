"""Schemathesis asks each route what /openapi.json says, and what it does not say, and holds the replies against it."""

import asyncio
import os

import pytest

from service.web.operations import OPERATIONS
from tests.conftest import ROOT

FOLDER = ROOT / "tests/schemathesis"
SCHEMATHESIS = FOLDER / ".venv/bin/schemathesis"
TOKEN = "0a" * 16  # of a user, and of an operator
OPTIONS = ("--max-examples=100", "--generation-deterministic", "--phases=examples,coverage,fuzzing", "--workers=1")
OPTIONS += ("--warnings=off", "--continue-on-failure")


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_schemathesis_finds_nothing(start, tmp_path):
    if not SCHEMATHESIS.exists():
        pytest.skip("no schemathesis: pip did not bring it")
    service = await start(metrics_token=TOKEN, admin_token=TOKEN, max_content_length=1_000_000)
    command = (SCHEMATHESIS, f"--config-file={FOLDER}/schemathesis.toml", "run", f"{service.url}/openapi.json")
    asking = f"--url={service.url}", f"--header=Authorization: Bearer {TOKEN}"
    environment = {"PATH": os.environ["PATH"], "PYTHONUTF8": "1", "SCHEMATHESIS_HOOKS": str(FOLDER / "hooks.py")}
    process = await asyncio.create_subprocess_exec(
        *command, *asking, *OPTIONS, cwd=tmp_path, env=environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said = (await process.communicate())[0].decode()
    process._transport.close()
    assert process.returncode == 0, said
    assert f"Tested: {len(OPERATIONS) - 1}\n" in said, said  # all but the document that it read
