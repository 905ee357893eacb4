"""A shorter plan that still goes wrong in the same way: steps are left out, many at first, then one by one."""

import time

SHRINK_SECONDS = 240


async def shrunk(stage, plan, rules):
    """The shortest plan found in SHRINK_SECONDS, and the world of its run; the plan and None where none fails."""
    until, size, world = time.monotonic() + SHRINK_SECONDS, max(1, len(plan) // 2), None
    while size and time.monotonic() < until:
        at = 0
        while at < len(plan) and time.monotonic() < until:
            candidate = plan[:at] + plan[at + size :]
            tried = await stage.run(candidate)
            if rules & {rule for rule, _ in tried.violations}:
                plan, world = candidate, tried
            else:
                at += size
        size //= 2
    return plan, world
