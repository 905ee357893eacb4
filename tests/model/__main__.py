"""`python -m tests.model`: random runs for some minutes, each of which its seed plays again; then what must be flat.

`--seed` plays one run, `--steps` a plan of one's own (steps with ; between); `--shrink` looks for a shorter plan that
still fails in the same way.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.model.plan import plan_of
from tests.model.shrink import shrunk
from tests.model.stage import set_up

WARM_UP_RUNS = 5


def main():
    options = _parser().parse_args()
    sys.exit(asyncio.run(_main(options)))


def _parser():
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    parser.add_argument("--processes", type=int, default=1, help="joined by a Redis, if more than one")
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--seed", type=int, help="play this run only")
    parser.add_argument("--first", type=int, help="the first of the seeds; a random one else")
    parser.add_argument("--steps", action="append", help="play this plan only; or these")
    parser.add_argument("--kill-all", action="store_true", help="process 0, too: then no figures can be compared")
    parser.add_argument("--no-mock", action="store_true", help="what Dify refuses is an error")
    parser.add_argument("--times", type=int, default=1, help="play the one run so often")
    parser.add_argument("--shrink", action="store_true", help="look for a shorter plan that fails in the same way")
    parser.add_argument("--go-on", action="store_true", help="after a failure, too")
    parser.add_argument("--brief", action="store_true", help="only what went wrong, without the log of the run")
    return parser


async def _main(options):
    with tempfile.TemporaryDirectory() as folder:
        async with set_up(Path(folder), options.processes, degrades=not options.no_mock) as stage:
            if options.steps or options.seed is not None:
                return await _play(stage, options)
            return await _soak(stage, options)


async def _play(stage, options):
    failed = 0
    for plan in [_steps(text) for text in options.steps or ()] or [_plan(options.seed, options)]:
        for _ in range(options.times):
            world = await stage.run(plan)
            print(f"{'FAILED' if world.violations else 'ok'}: {'; '.join(plan)}", flush=True)
            if world.violations:
                failed += 1
                await _tell(stage, world, plan, options)
                break
    return min(1, failed)


def _steps(text):
    return [step for step in (step.strip() for step in text.split(";")) if step]


def _plan(seed, options):
    return plan_of(seed, options.processes, frozenset() if options.kill_all else frozenset({0}))


async def _soak(stage, options):
    """Process 0 lives as long as the soak, so that its figures can be compared."""
    seed = options.first if options.first is not None else random.SystemRandom().randrange(10**6)
    end_at, failed, runs = time.monotonic() + options.minutes * 60, [], 0
    before = None
    while time.monotonic() < end_at:
        plan = _plan(seed, options)
        world = await stage.run(plan)
        runs += 1
        print(f"seed {seed}: {'FAILED' if world.violations else 'ok'}: {'; '.join(plan)}", flush=True)
        if world.violations:
            failed.append(seed)
            await _tell(stage, world, plan, options)
            if not options.go_on:
                break
        seed += 1
        if runs == WARM_UP_RUNS:
            before = await _figures(stage)
    print(f"{runs} runs, {len(failed)} failed: {failed}")
    print(f"after {WARM_UP_RUNS} runs: {before}")
    print(f"in the end:   {await _figures(stage)}")
    return 1 if failed else 0


async def _figures(stage):
    member = stage.fleet.members[0]
    health = await member.health(stage.fleet.http)
    counts = {key: health.get(key) for key in ("connections", "turns", "answers_taken", "processes")}
    return member.figures() | counts | (await stage.redis.figures() if stage.redis else {})


async def _tell(stage, world, plan, options):
    if not options.brief:
        print("\n".join(world.lines))
    for rule, text in world.violations:
        print(f"  {rule}: {text}")
    if options.shrink:
        shorter, again = await shrunk(stage, plan, {rule for rule, _ in world.violations})
        print("\n".join(again.lines if again else ["it does not fail again"]))
        print(f"  shorter: {'; '.join(shorter)}", flush=True)


if __name__ == "__main__":
    main()
