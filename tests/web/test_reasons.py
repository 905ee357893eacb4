"""Reasons beside the tables of failures and limits."""

from service.admission.quotas import LIMITS_HIT
from service.answers import failures
from service.chat import failures as chat_failures
from service.web.reasons import OTHER_REASONS


def test_they_are_in_no_other_table():
    tabled = {failure.reason for failure in [*failures.ALL, *chat_failures.FAILURES]}
    assert not OTHER_REASONS.keys() & (tabled | {hit.reason for hit in LIMITS_HIT.values()})


def test_each_says_on_which_frame_it_is_and_what_to_do():
    assert all(reason.frame and reason.meaning and reason.again for reason in OTHER_REASONS.values())
