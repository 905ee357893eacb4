"""The chat's own rows of the table of failures."""

from service.answers import failures
from service.chat.chat_failures import BAD_FRAME, FAILURES


def test_no_reason_is_there_twice_nor_is_one_a_source_s():
    reasons = [failure.reason for failure in (*failures.ALL, *FAILURES, BAD_FRAME)]
    assert len(reasons) == len(set(reasons))


def test_those_of_turns_continuations_and_tokens_are_among_them():
    assert {"turn_unreachable", "not_paused", "token_missing"} <= {failure.reason for failure in FAILURES}
