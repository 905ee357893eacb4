"""Failed requests in the log."""

from typing import Any

import structlog

from service.answers.base import AnswerError
from service.answers.dify.client import UnexpectedResponse
from service.answers.dify.error_mapping import FailureDetails, details_of_reply

log = structlog.get_logger()


def log_failure(error: AnswerError, details: FailureDetails | None = None, **fields: Any) -> None:
    """`dify.failed`; a client error at WARNING. Dify's message may quote people: `dify.said`, at DEBUG only."""
    failure, details = error.failure, _reply_details(error) or details or FailureDetails()
    (log.warning if failure.is_client_error else log.error)(
        "dify.failed",
        reason=failure.reason,
        status=details.status,
        code=details.code,
        what=details.what,
        **fields,
        exc_info=None if failure.is_client_error else error,
    )
    if details.message is not None:
        log.debug("dify.said", reason=failure.reason, said=details.message)


def reply_body(error: AnswerError) -> bytes:
    return error.__cause__.body if isinstance(error.__cause__, UnexpectedResponse) else b""


def _reply_details(error: AnswerError) -> FailureDetails | None:
    cause = error.__cause__
    return details_of_reply(cause.status, cause.body) if isinstance(cause, UnexpectedResponse) else None
