"""The figures as a table for people, and as JSON."""

import json
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

PARTS = ("aiohttp", "starlette", "uvicorn", "uvloop", "websockets", "msgspec")


def machine():
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), ""
    )
    return {
        "processor": model or platform.processor(),
        "cores": os.cpu_count(),
        "system": platform.system() + " " + platform.release(),
        "python": platform.python_version(),
        **{part: version(part) for part in PARTS},
    }


def table(rows):
    """Markdown."""
    lines = [
        "| figure | naive relay | service | ratio | bar | noise | |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        theirs = f"{_number(_median(row.theirs))} {row.unit}" if row.theirs else "–"
        theirs += "" if row.beside == "naive relay" else f" ({row.beside})"
        ratio = f"{_number(row.value)} ×" if row.theirs else "–"
        bar = f"{'≥' if row.is_floor else '≤'} {_number(row.bar)} {'×' if row.theirs else row.unit}"
        ours = f"{_number(_median(row.ours))} {row.unit}"
        verdict = "met" if row.missing <= 0 else "short" if row.is_short else "within noise"
        lines.append(f"| {row.name} | {theirs} | {ours} | {ratio} | {bar} | ± {_number(row.noise)} | {verdict} |")
    return "\n".join(lines)


def as_json(rows):
    figures = [
        {
            "name": row.name,
            "unit": row.unit,
            "beside": row.beside,
            "theirs": row.theirs,
            "service": row.ours,
            "ratio": row.value if row.theirs else None,
            "bar": row.bar,
            "bar_is": "floor" if row.is_floor else "ceiling",
            "noise": row.noise,
            "is_short": row.is_short,
        }
        for row in rows
    ]
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return json.dumps({"at": at, "machine": machine(), "figures": figures}, indent=2, ensure_ascii=False)


def _lines(path):
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def _median(values):
    return sorted(values)[len(values) // 2]


def _number(value):
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
