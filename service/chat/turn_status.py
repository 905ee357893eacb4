"""The kinds of turns, and how they end, for what reason where that is no failure. No I/O."""

from enum import Enum, StrEnum, auto

import msgspec

from service.answers.base import Failure, Question, Summary
from service.answers.pauses import Continuation, Pause

WAITING_FOR_HUMAN = "waiting_for_human"
CLIENT_STOPPED = "client_stopped"
CLIENT_LEFT = "client_left"
DISPLACED = "displaced"
CANCELLED = "cancelled"


class Status(StrEnum):
    """How a turn ended: `incomplete` keeps the text from before the source broke off, `error` has none.

    `paused` has the text so far: a person is to decide, then the source goes on.
    """

    DONE = "done"
    PAUSED = "paused"
    STOPPED = "stopped"
    INCOMPLETE = "incomplete"
    ERROR = "error"


class Ending(msgspec.Struct, frozen=True):
    """How a turn ended."""

    status: Status
    reason: str | None = None
    failure: Failure | None = None
    summary: Summary = Summary()
    pause: Pause | None = None


class Kind(Enum):
    """Of a turn, by what the end of the turn does to its source."""

    QUESTION = auto()
    """The source is stopped."""
    DECISION = auto()
    """It is stopped where the client says so; else it goes on, since what a person decided cannot be repeated."""
    LOOK = auto()
    """At what another turn asked for: it goes on."""


def kind_of(question: Question | Continuation) -> Kind:
    if not isinstance(question, Continuation):
        return Kind.QUESTION
    return Kind.DECISION if question.decision is not None else Kind.LOOK
