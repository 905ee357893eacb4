"""What people have before them: of each turn a state, and what they wait for."""

from dataclasses import dataclass, field
from typing import NamedTuple


class State(NamedTuple):
    """What a client had of a turn; `replacements` as told by the last replacing delta, None where none told it."""

    text: str = ""
    generation: int = 0
    replacements: int | None = 0


@dataclass
class Person:
    """All devices of a person share a token. `history`: every state that any of them had of a turn."""

    name: str
    token: str | None = None
    history: dict[str, list[State]] = field(default_factory=dict)

    def states(self, kind):
        return self.history.setdefault(kind, [State()])


@dataclass
class Wait:
    """For the end of a turn on one connection. Asked for again meanwhile, it may come again."""

    kind: str
    since: float
    asked_at: float
    state: State
    streams: bool
    requests: int = 1
    ends: int = 0
    is_ask: bool = False
    may_restart: bool = False
    labels: set = field(default_factory=set)

    @property
    def is_over(self):
        return self.ends > 0
