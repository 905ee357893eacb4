"""The rows of the table of failures that are the chat's own, and what else an error frame says. No I/O."""

from service.answers.base import Failure
from service.chat import authentication, paused_turns, turn_failures
from service.result_codes import ResultCode

FAILURES = (*turn_failures.FAILURES, *paused_turns.FAILURES, *authentication.FAILURES)
BAD_FRAME = Failure(
    "bad_frame",
    ResultCode.PARAMETER_ERROR,
    "That is no frame, or not as it has to be.",
    "What you sent is no frame, or not as it has to be; content says what.",
)
