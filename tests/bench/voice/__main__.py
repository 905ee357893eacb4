"""python -m tests.bench.voice: how fast and how safe a hands-free call is, as one table.

A Chromium with the real page, served by the real service, makes calls. Its microphone is the bench's (page.js): what
espeak-ng speaks of english.txt and chinese.txt, in a silent room, beside a fan, and amid others who talk, 10 dB below.
Dify is a stand-in (stand_in.py) that takes 0.3 s for speech-to-text, 0.4 s to its first word, and 0.2 s for
text-to-speech. A time code in the sound, above all speech (timecode.py), tells it which words lie in a recording: it
returns those, and nothing for noise. What the page sends, and each sound it makes, is noted with its time in the page.

What a busy machine disturbed (sound that stalled, a page or a model that was late) is repeated, and left out of the
figures where it is so three times; how often is told. A call takes a quarter of a core.

Not measured: real microphones, rooms and echoes (the page does not hear itself), the processing of sound that browsers
do, and browsers' own recognition. Sound that the browser hands to the loudspeaker counts as heard.

The exit code is 0 unless it could not be measured.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from pathlib import Path

from tests.bench.report import machine
from tests.bench.servers import ROOT
from tests.bench.voice import plans, report
from tests.bench.voice.corpus import LANGUAGES

WORKERS = 2 * (os.cpu_count() or 1)  # a call takes a quarter of a core


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.voice", description=__doc__)
    parser.add_argument("--quick", dest="step", action="store_const", const=10, default=1, help="each tenth utterance")
    parser.add_argument("--each", dest="step", type=int, metavar="N", help="each Nth utterance, and so of the rest")
    parser.add_argument("--languages", nargs="+", choices=LANGUAGES, default=list(LANGUAGES))
    parser.add_argument("--workers", type=int, default=WORKERS, help="calls at once (%(default)s)")
    parser.add_argument("--json", type=Path, help="write the figures and all that happened there, too")
    options = parser.parse_args()
    begun = time.monotonic()
    sessions = plans.sessions(options.languages, options.step)
    results = asyncio.run(measure(sessions, options.workers))
    outcomes = [outcome for result in results for outcome in result["outcomes"]]
    if not outcomes:
        sys.exit("Nothing could be measured.")
    for error in {error for result in results for error in result["errors"]}:
        print(f"The page's scripts failed: {error}", file=sys.stderr)
    minutes = (time.monotonic() - begun) / 60
    print(f"{report.counted(outcomes)} · {options.workers} calls at once · {minutes:.1f} minutes")
    good = [outcome for outcome in outcomes if not outcome["is_disturbed"]]
    print(f"\n{report.table(good)}\n\n{report.parts(good)}\n\nThe worst:\n{report.worst(good)}")
    if options.json:
        told = {"machine": machine(), "figures": report.rows(good), "results": results}
        options.json.write_text(json.dumps(told, indent=1, ensure_ascii=False), encoding="utf-8")
    sys.exit(len(results) < len(sessions))


async def measure(sessions, workers):
    """What each session told, so many at once. One that fails is told of, and missing."""
    free, results = asyncio.Semaphore(workers), []

    async def one(number, session):
        async with free:
            print(f"{number} of {len(sessions)}: {session['language']}, {session['condition']}", file=sys.stderr)
            if result := await _result(session):
                results.append(result)

    async with asyncio.TaskGroup() as group:
        for number, session in enumerate(sessions, 1):
            group.create_task(one(number, session))
    return results


async def _result(session):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.voice.session"),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await process.communicate(json.dumps(session).encode())
    return json.loads(told) if process.returncode == 0 else None


if __name__ == "__main__":
    main()
