"""How a turn fails here, whatever its source does. No I/O."""

from service.answers.base import Failure
from service.result_codes import ResultCode


class Refused(Exception):
    """What a client asks is not done, for that failure."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


MAX_ANSWER_CHARACTERS = 1_000_000
MAX_RUNNING_TURNS = 8

INTERNAL = Failure(
    "internal", ResultCode.UNKNOWN_ERROR, "Something went wrong here.", "a fault of this service", again_after=5
)
TOO_LONG = Failure(
    "too_long",
    ResultCode.THIRD_PARTY_ERROR,
    "The answer became too long.",
    f"more than {MAX_ANSWER_CHARACTERS:,} characters",
)
RESTARTING = Failure(
    "restarting",
    ResultCode.UNAVAILABLE,
    "The service is restarting. Please ask again in a moment.",
    "this service was told to end: a system notice says so, new questions get it, and answers after DRAIN_TIMEOUT",
    again_after=1,
)
WRITER_LOST = Failure(
    "owner_lost",
    ResultCode.UNAVAILABLE,
    "The answer broke off.",
    "the process that wrote it ended without a word",
    again_after=0,
)
ID_TAKEN = Failure(
    "id_taken", ResultCode.PARAMETER_ERROR, "This id names another question already.", "an id asked twice"
)
UNKNOWN_TURN = Failure(
    "unknown_turn",
    ResultCode.NOT_FOUND,
    "There is no such answer to go on with: it is over, or somebody else's.",
    "a resume of what RESUME_WINDOW has ended, or of what was never asked with that token",
)
TURN_UNREACHABLE = Failure(
    "turn_unreachable",
    ResultCode.UNAVAILABLE,
    "The process that writes this answer cannot be asked at the moment: resume again.",
    "Redis is away, or that process has been silent, and may have died",
    again_after=1,
)
TOO_MANY_TURNS = Failure(
    "too_many_turns",
    ResultCode.TOO_MANY_REQUESTS,
    f"{MAX_RUNNING_TURNS} answers are on their way already: wait for one, or stop it.",
    "more at once, on one connection or of one token",
    again_after=5,
)
FAILURES = (INTERNAL, TOO_LONG, RESTARTING, WRITER_LOST, ID_TAKEN, UNKNOWN_TURN, TURN_UNREACHABLE, TOO_MANY_TURNS)
