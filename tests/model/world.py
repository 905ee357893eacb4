"""What a run knows of everything: the clock, the turns, what went wrong, and the log that a person reads."""

import asyncio

from tests.model.turns import Turn

AWAY = {"restart", "pause", "failover"}
REDIS_RECOVERY_SECONDS = 10
"""So long a process may take to trust Redis again after a fault."""


class World:
    """One run: new people and new turns, on processes that served others before."""

    def __init__(self, run_id, fleet, dify, redis=None, *, degrades=True):
        self.run_id = run_id
        self.fleet = fleet
        self.dify = dify
        self.redis = redis
        self.degrades = degrades
        self.turns: dict[tuple[str, str], Turn] = {}
        self.violations: list[tuple[str, str]] = []
        self.lines: list[str] = []
        self.started_at = self.now()

    def now(self):
        return asyncio.get_running_loop().time()

    def log(self, text):
        self.lines.append(f"{self.now() - self.started_at:7.3f}  {text}")

    def report(self, rule, text):
        self.violations.append((rule, text))
        self.log(f"!!! {rule}: {text}")

    def turn(self, person, kind) -> Turn:
        if (person, kind) not in self.turns:
            self.turns[person, kind] = Turn(person, kind, f"{self.run_id} {person} {kind}", self)
        return self.turns[person, kind]

    def turns_of(self, person):
        return [turn for turn in self.turns.values() if turn.person == person and turn.asked]

    def last_end(self):
        """When a process was killed, or told to end, for the last time."""
        return max((member.ended_at for member in self.fleet.past), default=float("-inf"))

    def is_calm(self, since):
        """Neither a process nor Redis was away since then, or just before."""
        return self.last_end() < since - REDIS_RECOVERY_SECONDS and not self.is_redis_disturbed(
            since - REDIS_RECOVERY_SECONDS, self.now()
        )

    def is_redis_disturbed(self, start, end):
        return any(fault.overlaps(start, end) for fault in self._faults())

    def is_redis_away(self, start, end):
        """Not reachable, for a while at least, or just back."""
        return any(fault.overlaps(start - REDIS_RECOVERY_SECONDS / 2, end) for fault in self._faults(AWAY))

    def redis_trouble_since(self, since):
        """How many seconds that may have cost whoever waits since then."""
        return sum(
            (fault.until or self.now()) - max(since, fault.since) + REDIS_RECOVERY_SECONDS
            for fault in self._faults()
            if fault.overlaps(since - REDIS_RECOVERY_SECONDS, self.now())
        )

    def _faults(self, names=None):
        return [it for it in (self.redis.faults if self.redis else []) if names is None or it.name in names]
