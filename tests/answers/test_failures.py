"""The table of failures."""

from service.answers import failures


def test_reasons_are_unique():
    assert len({failure.reason for failure in failures.ALL}) == len(failures.ALL) >= 20


def test_what_only_the_client_can_mend_is_final_but_for_a_decision_that_was_taken():
    assert [it.reason for it in failures.ALL if it.is_client_error and it.again_after is not None] == ["decision_taken"]


def test_what_is_tried_again_here_may_be_tried_again_later():
    assert [it.reason for it in failures.ALL if it.is_retryable and it.again_after is None] == []
