"""The bench runs: each figure is measured, though far too briefly to mean anything."""

import asyncio
import json
import os
import sys
import xml.etree.ElementTree as ET

import pytest

from tests.bench import attacks, growth, report, rows
from tests.conftest import ROOT

FIGURES = 19 + 3 * len(attacks.ON_ONE_SOCKET) + 4 * len(attacks.WITH_QUESTIONS)


async def run(*arguments):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-X", "faulthandler", "-m", "tests.bench", *arguments),
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    process._transport.close()
    return process.returncode, out.decode()


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("names", "figures"),
    [pytest.param(["burst"], 1, marks=pytest.mark.slow), pytest.param([], FIGURES, marks=pytest.mark.slow)],
)
async def test_figures_are_measured_and_told(tmp_path, names, figures):
    status, table = await run(*names, "--short", "--json", str(tmp_path / "bench.json"))
    assert status == 0, (status, table)
    told = json.loads((tmp_path / "bench.json").read_text())
    assert len(told["figures"]) == figures
    assert all(figure["name"] in table for figure in told["figures"])
    assert all(figure["service"] and figure["service"][0] == figure["service"][0] for figure in told["figures"])
    assert told["machine"]["python"] in table


def row(ours, theirs=(), **fields):
    return rows.Row("figure", "ms", **fields, ours=list(ours), theirs=list(theirs))


def test_a_ratio_is_of_the_same_round_and_what_counts_is_the_median():
    assert row([2, 30, 4], [1, 10, 8], bar=1).value == 2
    assert row([5, 1, 3], bar=1).value == 3


def test_a_figure_falls_short_by_more_than_the_noise_only():
    assert row([9, 10, 10, 10, 11], bar=8).is_short
    assert not row([6, 8, 10, 12, 14], bar=8).is_short
    assert row([0.5] * 5, [1] * 5, bar=0.7, is_floor=True).is_short
    assert not row([0.7] * 5, [1] * 5, bar=0.7, is_floor=True).is_short


def test_the_table_has_a_line_for_each_figure_with_its_verdict():
    missed_a_little = row([6, 8, 10, 12, 14], bar=8)
    text = report.table([row([1, 1], [10, 10], bar=0.2), row([9, 9], bar=1), missed_a_little])
    assert "| figure | 10.0 ms | 1.00 ms | 0.10 × | ≤ 0.20 × | ± 0.00 | met |" in text
    assert "| figure | – | 9.00 ms | – | ≤ 1.00 ms | ± 0.00 | short |" in text
    assert text.endswith("| ± 2.00 | within noise |")


def test_growth_is_drawn_as_one_svg():
    drawn = ET.fromstring(growth.draw([(100, 50.0, 50.0), (1_000, 55.0, 80.0), (10_000, 60.0, 400.0)]))
    assert len(drawn.findall(".//{*}circle")) == 6
    assert "10,000" in "".join(drawn.itertext())
