"""What the log says of a request that failed."""

from contextlib import suppress

import pytest

from service.answers import failures
from service.answers.base import AnswerError
from service.answers.demand import Demand
from service.answers.dify.call_log import calling, log_failure, reply_body
from service.answers.dify.error_mapping import FailureDetails
from service.answers.dify.http_errors import UnexpectedResponse
from service.answers.resilience.limiter import Limiter

BODY = b'{"code":"invalid_param","message":"Not Ann again"}'


def refused(failure=failures.INVALID):
    error = AnswerError(failure)
    error.__cause__ = UnexpectedResponse(400, BODY)
    return error


@pytest.mark.parametrize(("failure", "level"), [
    (failures.INVALID, "warning"), (failures.OVERLOADED, "warning"), (failures.WAITED_TOO_LONG, "warning"),
    (failures.BUSY, "error"),
])  # fmt: skip
def test_what_callers_can_bring_about_is_no_error_and_nothing_has_a_stack(events, failure, level):
    error = refused(failure)
    log_failure(error, route="suggested")
    failed, said = events
    assert failed == {
        "event": "dify.failed", "log_level": level, "reason": failure.reason, "status": 400, "code": "invalid_param",
        "what": None, "error": None, "route": "suggested",
    }  # fmt: skip
    assert said == {"event": "dify.said", "log_level": "debug", "reason": failure.reason, "said": BODY.decode()}


def test_what_the_stream_said_is_told_where_nothing_was_refused(events):
    log_failure(AnswerError(failures.FAILED), FailureDetails("an error event", 429, "busy", "Ann asks too much"))
    failed, said = events
    assert (failed["what"], failed["status"], failed["code"]) == ("an error event", 429, "busy")
    assert said["said"] == "Ann asks too much"


def test_what_broke_a_connection_is_told_in_its_words(events):
    error = AnswerError(failures.LOST)
    error.__cause__ = ConnectionResetError("reset by peer")
    log_failure(error)
    assert [event["error"] for event in events] == ["ConnectionResetError: reset by peer"]


def test_where_dify_said_nothing_nothing_is_told_of_it(events):
    log_failure(AnswerError(failures.LOST))
    assert [(event["event"], event["status"]) for event in events] == [("dify.failed", None)]


def test_the_body_of_a_refusal_is_at_hand():
    assert reply_body(refused()) == BODY
    assert reply_body(AnswerError(failures.LOST)) == b""


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (None, ("dify.called", "info")),
        (AnswerError(failures.BUSY), ("dify.failed", "error")),
        (ConnectionResetError(), ("dify.abandoned", "info")),
    ],
)
async def test_a_call_holds_a_slot_and_is_told_with_its_outcome(events, error, told):
    limiter = Limiter(1, 0, 1)
    with suppress(AnswerError, ConnectionResetError):
        async with calling("files", limiter):
            assert not limiter.try_acquire(Demand())
            if error is not None:
                raise error
    assert limiter.try_acquire(Demand())
    assert [(event["event"], event["log_level"], event["route"]) for event in events] == [(*told, "files")]


async def test_a_call_without_a_slot_is_not_made(events):
    limiter = Limiter(1, 0, 1)
    assert limiter.try_acquire(Demand())
    with pytest.raises(AnswerError):
        async with calling("files", limiter):
            pytest.fail("called")
    assert not limiter.try_acquire(Demand())
    assert [event["reason"] for event in events] == ["overloaded"]
