"""Random sequences of steps, one line each, so that a person can read, shorten and replay them."""

import random
from dataclasses import dataclass, field

from tests.model.scripts import SCRIPTS

DEVICES = ("A1", "A2", "A3", "B1")
"""The letter is the person, whose devices share a resume token."""
STEPS = (8, 18)
PAUSES = (0, 0, 0.01, 0.05, 0.1, 0.3, 0.6)
WEIGHTS = {"ask": 8, "resume": 8, "connect": 4, "cut": 4, "stop": 2, "stop_all": 1, "resume_stop": 1, "replace": 2}
ENDS = {"kill": 1, "terminate": 1}
REDIS = {"flush": 1, "restart": 1, "pause": 1, "cut": 1, "delete": 2, "failover": 1, "clock": 1}
KINDS = tuple(SCRIPTS)


@dataclass
class Planner:
    """Remembers what it planned, so that most steps have something to act on."""

    dice: random.Random
    processes: int
    spared: frozenset[int] = frozenset()
    connected: dict[str, int] = field(default_factory=dict)
    asked: dict[str, list[str]] = field(default_factory=lambda: {"A": [], "B": []})

    def plan(self) -> list[str]:
        steps = [self._connect("A1")]
        for _ in range(self.dice.randint(*STEPS)):
            steps += self._steps()
        return steps

    def _steps(self) -> list[str]:
        if not self.connected:
            return [self._connect()]
        weights = WEIGHTS | {"connect": WEIGHTS["connect"] * (1 + len(DEVICES) - len(self.connected))}
        if len(self.spared) < self.processes:
            weights |= ENDS
        if self.processes > 1:
            weights["redis"] = 2
        name = self.dice.choices(list(weights), list(weights.values()))[0]
        pause = self.dice.choice(PAUSES)
        return ([f"wait {pause}"] if pause else []) + [step for step in [getattr(self, f"_{name}")()] if step]

    def _device(self) -> str:
        return self.dice.choice(sorted(self.connected) or ["A1"])

    def _kind_of(self, person: str) -> str:
        return self.dice.choice(self.asked[person] or ["words"])

    def _process(self) -> int:
        return self.dice.randrange(self.processes)

    def _connect(self, device: str = "") -> str:
        device = device or self.dice.choice(DEVICES)
        if device in self.connected:
            return ""
        self.connected[device] = self._process()
        return f"connect {device} {self.connected[device]}"

    def _ask(self) -> str:
        device = self._device()
        is_repeated = self.asked[device[0]] and self.dice.random() < 0.3
        kind = self._kind_of(device[0]) if is_repeated else self.dice.choice(KINDS)
        self.asked[device[0]] += [kind] * (kind not in self.asked[device[0]])
        return f"ask {device} {kind} {self.dice.choice(('stream', 'stream', 'whole'))}"

    def _resume(self, name: str = "resume") -> str:
        """The number says which of the states that the person had of it: from the first (0) to the last (1)."""
        device = self._device()
        state = self.dice.choice((0, 1, 1, round(self.dice.random(), 2)))
        return f"{name} {device} {self._kind_of(device[0])} {state} {self.dice.choice(('known', 'unknown'))}"

    def _resume_stop(self) -> str:
        return self._resume("resume_stop")

    def _stop(self) -> str:
        device = self._device()
        return f"stop {device} {self._kind_of(device[0])}"

    def _stop_all(self) -> str:
        return f"stop_all {self._device()}"

    def _cut(self) -> str:
        device = self._device()
        self.connected.pop(device, None)
        return f"cut {device} {self.dice.choice(('close', 'reset'))}"

    def _replace(self) -> str:
        device = self._device()
        self.connected[device] = self._process()
        return f"replace {device} {self.connected[device]}"

    def _kill(self, name: str = "kill") -> str:
        process = self.dice.choice([each for each in range(self.processes) if each not in self.spared])
        self.connected = {device: its for device, its in self.connected.items() if its != process}
        return f"{name} {process}"

    def _terminate(self) -> str:
        return self._kill("terminate")

    def _redis(self) -> str:
        fault = self.dice.choices(list(REDIS), list(REDIS.values()))[0]
        numbers = {
            "restart": (0, 0.5, 2),
            "pause": (0.5, 2, 5),
            "failover": (0, 0.5),
            "clock": (-40, -3, 3, 40),
            "delete": (0, 0.25, 0.5, 0.75, 1),
        }
        return f"redis {fault} {self.dice.choice(numbers.get(fault, (0,)))}"


def plan_of(seed: int, processes: int, spared: frozenset[int] = frozenset()) -> list[str]:
    return Planner(random.Random(f"{seed} {processes}"), processes, spared).plan()
