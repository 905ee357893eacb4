"""Close codes, and what a client should do next."""

import pytest

from service.chat import close_codes
from service.chat.close_codes import CloseCode

ALL = [value for value in vars(close_codes).values() if isinstance(value, CloseCode)]


@pytest.mark.parametrize(
    ("code", "may_reconnect"), [(1000, True), (1008, False), (4000, True), (4499, True), (4500, False)]
)
def test_from_4500_on_and_after_a_flood_a_client_stays_away(code, may_reconnect):
    assert CloseCode(code, "Because.").may_reconnect is may_reconnect


@pytest.mark.parametrize(
    ("code", "is_goodbye"), [(1000, True), (1001, True), (1005, True), (1006, False), (1012, False)]
)
def test_a_client_that_closes_without_a_complaint_says_goodbye(code, is_goodbye):
    assert CloseCode(code, "").is_goodbye is is_goodbye


def test_each_code_says_one_thing_in_words_that_fit_a_close_frame():
    assert len({each.code for each in ALL}) == len(ALL) == 12
    assert all(len(each.reason.encode()) <= 123 for each in ALL)  # RFC 6455, 5.5: 125 bytes, less the code


def test_for_each_code_there_is_advice():
    assert sorted(close_codes.ADVICE) == sorted(ALL)
    assert all(close_codes.ADVICE.values())
