"""Each limit, and what is said where it is hit."""

from service.admission.caller import UserLimits
from service.admission.limit_table import AT_ONCE, BUDGETS, LIMITS_HIT, OF_USER, RATES, Limits


def test_each_limit_has_words():
    assert set(LIMITS_HIT) == set(Limits._fields)
    assert len({hit.reason for hit in LIMITS_HIT.values()}) == len(Limits._fields)


def test_what_a_question_is_held_to_are_limits_too():
    assert {*BUDGETS, *RATES, *AT_ONCE} < set(Limits._fields)


def test_a_token_may_set_each_limit_of_its_user():
    assert (set(OF_USER), set(OF_USER.values())) == (
        {name for name in Limits._fields if name.startswith("user_")},
        set(UserLimits._fields),
    )
