"""Requests in the log, and the slots that they hold."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog

from service import counts
from service.answers.base import AnswerError
from service.answers.demand import Demand, caller_address
from service.answers.dify.error_mapping import FailureDetails, details_of_reply
from service.answers.dify.http_errors import UnexpectedResponse
from service.answers.failures import OVERLOADED, WAITED_TOO_LONG
from service.answers.resilience.limiter import Limiter
from service.elapsed import ms_since

log = structlog.get_logger()

_OF_ALL_CALLERS = {failure.reason for failure in (OVERLOADED, WAITED_TOO_LONG)}
"""Here is no fault: too many ask."""


def log_failure(error: AnswerError, details: FailureDetails | None = None, **fields: Any) -> None:
    """`dify.failed`; at WARNING where anybody may cause it. Dify's message may quote people: `dify.said`, at DEBUG."""
    failure, details = error.failure, _reply_details(error) or details or FailureDetails()
    counts.dify_errors[failure.reason] += 1
    is_expected = failure.is_client_error or failure.reason in _OF_ALL_CALLERS
    (log.warning if is_expected or failure.may_be_question else log.error)(
        "dify.failed",
        reason=failure.reason,
        status=details.status,
        code=details.code,
        what=details.what,
        error=_error_words(error.__cause__),
        **fields,
    )
    if details.message is not None:
        log.debug("dify.said", reason=failure.reason, said=details.message)


class Slot:
    """A slot that is held."""

    def __init__(self, limiter: Limiter, demand: Demand) -> None:
        self._limiter = limiter
        self._demand = demand

    def move(self, limiter: Limiter) -> None:
        """Give it back for one of another limiter. Raises AnswerError where that has none free."""
        if not limiter.try_acquire(self._demand):
            raise AnswerError(OVERLOADED)
        self._limiter.release(self._demand)
        self._limiter = limiter

    def release(self) -> None:
        self._limiter.release(self._demand)


@asynccontextmanager
async def calling(route: str, limiter: Limiter, user: str = "") -> AsyncIterator[Slot]:
    """Hold a slot for a call around the chat, and log its outcome, without contents."""
    async with logged_call(route), held_slot(limiter, user) as slot:
        yield slot


@asynccontextmanager
async def held_slot(limiter: Limiter, user: str = "") -> AsyncIterator[Slot]:
    demand = Demand(user, caller_address.get())
    await limiter.acquire(demand)
    slot = Slot(limiter, demand)
    try:
        yield slot
    finally:
        slot.release()


@asynccontextmanager
async def logged_call(route: str) -> AsyncIterator[None]:
    started_at = time.monotonic()
    try:
        yield
    except AnswerError as error:
        log_failure(error, route=route, duration_ms=ms_since(started_at))
        raise
    except BaseException as error:  # the client hung up, or sent a malformed body
        log.info("dify.abandoned", route=route, why=type(error).__name__, duration_ms=ms_since(started_at))
        raise
    log.info("dify.called", route=route, duration_ms=ms_since(started_at))


def reply_body(error: AnswerError) -> bytes:
    return error.__cause__.body if isinstance(error.__cause__, UnexpectedResponse) else b""


def _error_words(cause: BaseException | None) -> str | None:
    """A stack would say no more: all of these are looked for. Of a reply the status says it."""
    return None if cause is None or isinstance(cause, UnexpectedResponse) else f"{type(cause).__name__}: {cause}"


def _reply_details(error: AnswerError) -> FailureDetails | None:
    cause = error.__cause__
    return details_of_reply(cause.status, cause.body) if isinstance(cause, UnexpectedResponse) else None
