"""python -m tests.bench: measure all, print one table, and say by the exit code whether a bar was missed."""

import argparse
import os
import sys
from pathlib import Path

import uvloop

from tests.bench import report, rows
from tests.bench.servers import OTHER_CORES


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    names = [measure.__name__ for measure in rows.ALL]
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"some of {', '.join(names)}; all, if none is named")
    parser.add_argument("--short", action="store_true", help="see that it runs: its figures mean nothing")
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    options = parser.parse_args()
    if unknown := set(options.rows) - set(names):
        parser.error(f"unknown: {', '.join(unknown)}")
    os.sched_setaffinity(0, OTHER_CORES)
    figures = uvloop.run(measure(options.rows or names, rows.SHORT if options.short else rows.Size()))
    print(" · ".join(f"{part} {what}" for part, what in report.machine().items()))
    print(report.table(figures))
    if options.json:
        options.json.write_text(report.as_json(figures))
    sys.exit(any(row.is_short for row in figures) and not options.short)


async def measure(names, size):
    figures = []
    for take in rows.ALL:
        if take.__name__ in names:
            print(f"{take.__name__} …", file=sys.stderr)
            await take(size, figures)
    return figures


if __name__ == "__main__":
    main()
