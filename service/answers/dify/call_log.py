"""What the log says of a request to Dify that failed."""

from typing import Any

import structlog

from service.answers.base import AnswerError
from service.answers.dify.client import UnexpectedResponse
from service.answers.dify.error_mapping import FailureDetails, details_of_reply

log = structlog.get_logger()


def log_failure(error: AnswerError, details: FailureDetails | None = None, **facts: Any) -> None:
    """`dify.failed`. What Dify said may quote what people wrote: `dify.said` tells it, at DEBUG only.

    What only the caller can mend is no error of the service.
    """
    failure, details = error.failure, _refusal(error) or details or FailureDetails()
    (log.warning if failure.is_client_error else log.error)(
        "dify.failed",
        reason=failure.reason,
        status=details.status,
        code=details.code,
        what=details.what,
        **facts,
        exc_info=None if failure.is_client_error else error,
    )
    if details.message is not None:
        log.debug("dify.said", reason=failure.reason, said=details.message)


def refusal_body(error: AnswerError) -> bytes:
    """The body of a refusal."""
    return error.__cause__.body if isinstance(error.__cause__, UnexpectedResponse) else b""


def _refusal(error: AnswerError) -> FailureDetails | None:
    cause = error.__cause__
    return details_of_reply(cause.status, cause.body) if isinstance(cause, UnexpectedResponse) else None
