"""What a client is told of a failure."""

import pytest
from msgspec import UNSET, structs

from service.admission.quotas import Refusal
from service.answers.failures import INVALID_INPUTS
from service.chat.error_frames import RETRY_AFTER_MS, error_of, error_of_refusal
from service.chat.server_messages import Error
from service.chat.turn_failures import INTERNAL, RESTARTING, TURN_UNREACHABLE
from service.result_codes import ResultCode


def test_a_failure_is_told_with_its_turn_if_there_is_one():
    assert error_of(INTERNAL, "t") == Error(INTERNAL.message, INTERNAL.code, "t", "internal")
    assert error_of(INTERNAL).id is UNSET


def test_the_input_that_is_meant_is_named():
    assert error_of(structs.replace(INVALID_INPUTS, field="age")).field == "age"


@pytest.mark.parametrize(
    ("failure", "retry_after"), [(RESTARTING, RETRY_AFTER_MS), (TURN_UNREACHABLE, RETRY_AFTER_MS), (INTERNAL, UNSET)]
)
def test_what_passes_says_when_to_ask_again(failure, retry_after):
    assert error_of(failure).retry_after == retry_after


def test_a_limit_that_was_hit_says_when_there_is_room_again():
    refusal = Refusal("too_many_questions", "Wait.", 1500)
    assert error_of_refusal(refusal, "t") == Error(
        "Wait.", ResultCode.TOO_MANY_REQUESTS, "t", "too_many_questions", retry_after=1500
    )
