"""How a turn fails here, whatever its source does. No I/O."""

from service.answers.base import Failure
from service.result_codes import ResultCode

MAX_ANSWER_CHARACTERS = 1_000_000

INTERNAL = Failure("internal", ResultCode.UNKNOWN_ERROR, "Something went wrong here.", "a fault of this service")
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
    "this service was told to end, and DRAIN_TIMEOUT was over",
)
WRITER_LOST = Failure(
    "owner_lost", ResultCode.UNAVAILABLE, "The answer broke off.", "the process that wrote it ended without a word"
)
ID_TAKEN = Failure(
    "id_taken", ResultCode.PARAMETER_ERROR, "This id names another question already.", "an id asked twice"
)
TURN_UNREACHABLE = Failure(
    "turn_unreachable",
    ResultCode.UNAVAILABLE,
    "The process that writes this answer cannot be asked at the moment: resume again.",
    "another process writes it, and does not reply",
)
FAILURES = (INTERNAL, TOO_LONG, RESTARTING, WRITER_LOST, ID_TAKEN, TURN_UNREACHABLE)
