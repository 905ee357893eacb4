"""What the log says of a request to Dify that failed."""

from typing import Any

import structlog

from service.answers.base import AnswerError
from service.answers.dify import Refused
from service.answers.failures import Trouble, trouble_of_reply

log = structlog.get_logger()


def log_failure(error: AnswerError, trouble: Trouble | None = None, **facts: Any) -> None:
    """`dify.failed`. What Dify said may quote what people wrote: `dify.said` tells it, at DEBUG only.

    What only the caller can mend is no error of the service.
    """
    failure, trouble = error.failure, _refusal(error) or trouble or Trouble()
    (log.warning if failure.is_callers else log.error)(
        "dify.failed",
        reason=failure.reason,
        status=trouble.status,
        code=trouble.code,
        what=trouble.what,
        **facts,
        exc_info=None if failure.is_callers else error,
    )
    if trouble.words is not None:
        log.debug("dify.said", reason=failure.reason, said=trouble.words)


def said(error: AnswerError) -> bytes:
    """The body of a refusal."""
    return error.__cause__.body if isinstance(error.__cause__, Refused) else b""


def _refusal(error: AnswerError) -> Trouble | None:
    cause = error.__cause__
    return trouble_of_reply(cause.status, cause.body) if isinstance(cause, Refused) else None
