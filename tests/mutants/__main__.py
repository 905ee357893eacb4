"""python -m tests.mutants: put small faults into the core modules, and see that each module's own tests find them.

A sample of all faults; all of them in the modules that are named. Those that change nothing that could be seen are
named in survivors.toml, with the reason.
"""

import argparse
import multiprocessing
import sys
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutants.mutations import mutants_of
from tests.mutants.pytest_run import FOUND, PASSED, PRELOADED, run_pytest

ROOT = Path(__file__).parents[2]
SURVIVORS = Path(__file__).with_name("survivors.toml")
CORE = (
    "admission/origins", "answers/dify/error_mapping", "answers/dify/answer_events", "answers/dify/progress_events",
    "answers/dify/sse_framing", "answers/dify/timeouts", "answers/dify/upstream_call", "answers/uploads",
    "answers/resilience/circuit_breaker", "answers/resilience/fallback", "answers/resilience/limiter",
    "answers/resilience/retry", "chat/answer_buffer", "chat/client_identity", "chat/connection", "chat/deliveries",
    "chat/delivery", "chat/drain", "chat/error_frames", "chat/heartbeat", "chat/ended_turns", "chat/message_builder",
    "chat/message_parser", "chat/receipt", "chat/seal", "chat/session", "chat/session_registry", "chat/turn",
    "chat/running_turn", "chat/followed_turn", "chat/turn_registry", "cluster/followed_turns", "cluster/letters",
    "cluster/outbox", "cluster/peers", "cluster/published_turn", "cluster/published_turns",
    "cluster/newest_connections", "cluster/turn_finder", "cluster/wire_format", "tasks",
)  # fmt: skip
SHARE = 0.2
AT_ONCE = 2
TIMES_AS_LONG, SECONDS_MORE = 5, 10

processes = multiprocessing.get_context("forkserver")


class Module:
    """A module of service/, by its path without `service/` and `.py`."""

    def __init__(self, name):
        self.name = name
        self.path = ROOT / "service" / f"{name}.py"
        self.mutants = mutants_of(self.path.read_text())
        room, _, last = name.rpartition("/")
        self._tests = ROOT / "tests" / room / f"test_{last}.py"
        self._seconds = 600.0

    def measure(self):
        """See that its tests pass as it is, and how long they take."""
        began = time.monotonic()
        if self._run(self.path.read_text()) != PASSED:
            sys.exit(f"{self._tests.relative_to(ROOT)} fails without any fault")
        self._seconds = TIMES_AS_LONG * (time.monotonic() - began) + SECONDS_MORE

    def survives(self, mutant):
        exit_code = self._run(mutant.source)
        if exit_code not in {PASSED, *FOUND, None}:
            sys.exit(f"pytest ended with {exit_code}: {self.name}: {mutant.name}")
        return exit_code == PASSED

    def _run(self, source):
        """The exit code of its tests with that source; None where they do not end in time, or die with their process.

        It comes through a pipe: of processes that several threads start, multiprocessing can lose the exit code.
        """
        theirs, ours = processes.Pipe(duplex=False)
        process = processes.Process(target=run_pytest, args=(self.path, source, self._tests, ours))
        process.start()
        ours.close()
        try:
            return theirs.recv() if theirs.poll(self._seconds) else None
        except EOFError:
            return None
        finally:
            theirs.close()
            process.kill()


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="such as chat/turn")
    names = parser.parse_args().modules
    modules = [Module(name) for name in names or CORE]
    known = {module: tomllib.loads(SURVIVORS.read_text()).get(module.name, {}) for module in modules}
    chosen = [
        (module, mutant)
        for module in modules
        for mutant in module.mutants
        if (names or mutant.lot < SHARE) and mutant.name not in known[module]
    ]
    gone = [
        (module, name) for module in modules for name in known[module].keys() - {one.name for one in module.mutants}
    ]
    processes.set_forkserver_preload(PRELOADED)
    with ThreadPoolExecutor(AT_ONCE) as workers:
        list(workers.map(Module.measure, modules))
        are_alive = workers.map(lambda one: one[0].survives(one[1]), chosen)
        survived = 0
        for (module, mutant), is_alive in zip(chosen, are_alive, strict=True):
            if is_alive:
                survived += 1
                print(f"SURVIVED {module.name}: {mutant.name}", flush=True)
    for module, name in gone:
        print(f"GONE, though named in {SURVIVORS.name}: {module.name}: {name}")
    print(f"{len(chosen)} of {sum(len(module.mutants) for module in modules)} faults, {survived} found by no test")
    sys.exit(bool(survived or gone))


if __name__ == "__main__":
    main()
