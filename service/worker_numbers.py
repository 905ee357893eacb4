"""What each worker process on this machine has measured, in a file of its own: any of them can tell of all.

A counter goes on where the last process of its worker ended; what a dead one measured at the moment is left out.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

GAUGE = "gauge"
"""The type of what says how it is now; all else adds up."""

Sample = tuple[str, dict[str, str], float]
"""A name, labels, a value."""


class Family(msgspec.Struct):
    """Samples of one metric."""

    name: str
    documentation: str
    type: str
    samples: list[Sample]


class _Saved(msgspec.Struct):
    pid: int
    families: list[Family]


class Worker(NamedTuple):
    """The `number` of this process among the workers. Without a `folder` of them it tells of itself only."""

    number: int = 1
    folder: Path | None = None


ALONE = Worker()


class WorkerNumbers:
    """`is_alive` says whether a process runs."""

    def __init__(self, worker: Worker, is_alive: Callable[[int], bool] | None = None) -> None:
        self._worker = worker
        self._is_alive = is_alive or _is_alive
        self._before = self._read_own()

    def exchange(self, families: Iterable[Family]) -> list[Family]:
        """Save those of this worker, and return them with those of the others. Raises OSError.

        What was told once is in a file: so no counter falls when its process dies.
        """
        own = [self._continued(family) for family in families]
        folder = self._worker.folder
        if folder is None:
            return own
        path = self._path(folder)
        unfinished = path.with_suffix(".unfinished")
        unfinished.write_bytes(msgspec.json.encode(_Saved(os.getpid(), own)))
        unfinished.replace(path)
        others = [other for other in sorted(folder.glob("*.json")) if other != path]
        return own + [family for other in others for family in self._read(other)]

    def _path(self, folder: Path) -> Path:
        return folder / f"{self._worker.number}.json"

    def _read_own(self) -> dict[str, dict[str, Sample]]:
        """What adds up, of the last process of this worker."""
        saved = None if self._worker.folder is None else _saved(self._path(self._worker.folder))
        families = saved.families if saved is not None else []
        return {family.name: _by_key(family.samples) for family in families if family.type != GAUGE}

    def _read(self, path: Path) -> list[Family]:
        if (saved := _saved(path)) is None:
            return []
        is_alive = self._is_alive(saved.pid)
        return [family for family in saved.families if is_alive or family.type != GAUGE]

    def _continued(self, family: Family) -> Family:
        own = {"worker": str(self._worker.number)}
        labelled = [(name, labels | own, value) for name, labels, value in family.samples]
        before = self._before.get(family.name, {})
        added = {
            key: (name, labels, value + (before[key][2] if key in before else 0))
            for key, (name, labels, value) in _by_key(labelled).items()
        }
        return Family(family.name, family.documentation, family.type, list((before | added).values()))


def _by_key(samples: Iterable[Sample]) -> dict[str, Sample]:
    return {f"{sample[0]} {sorted(sample[1].items())}": sample for sample in samples}


def _saved(path: Path) -> _Saved | None:
    """None where there is none, or none that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Saved)
    except (OSError, msgspec.MsgspecError):
        return None


def _is_alive(pid: int) -> bool:
    """The supervisor reaps who has ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
