"""Failures and refusals as messages to a client. No I/O."""

from msgspec import UNSET

from service.admission.quotas import Refusal
from service.answers.base import Failure
from service.chat.server_messages import Error
from service.chat.turn_failures import RESTARTING, TURN_UNREACHABLE
from service.result_codes import ResultCode

RETRY_AFTER_MS = 1_000
"""When to ask again, where that helps."""
_PASSING = {RESTARTING.reason, TURN_UNREACHABLE.reason}


def error_of(failure: Failure, turn_id: str | None = None) -> Error:
    retry_after = RETRY_AFTER_MS if failure.reason in _PASSING else UNSET
    return Error(
        failure.message, failure.code, turn_id or UNSET, failure.reason, failure.field or UNSET, retry_after=retry_after
    )


def error_of_refusal(refusal: Refusal, turn_id: str | None = None) -> Error:
    """A limit was hit."""
    code = ResultCode.TOO_MANY_REQUESTS
    return Error(refusal.message, code, turn_id or UNSET, refusal.reason, retry_after=refusal.retry_after)
