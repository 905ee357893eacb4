"""Reasons beside the tables of failures and limits."""

from service.admission.limit_table import LIMITS_HIT
from service.web.reasons import FAILURES, OTHER_REASONS


def test_they_are_in_no_other_table():
    tabled = {failure.reason for failure in FAILURES}
    assert not OTHER_REASONS.keys() & (tabled | {hit.reason for hit in LIMITS_HIT.values()})


def test_each_says_on_which_frame_it_is_and_what_to_do():
    assert all(reason.frame and reason.meaning and reason.again for reason in OTHER_REASONS.values())
