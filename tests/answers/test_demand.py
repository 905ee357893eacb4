"""Who wants an answer, and whether anybody still waits for it."""

import pytest

from service.answers.demand import Demand


def test_it_is_told_when_nobody_listens_any_more_and_when_somebody_does_again():
    demand, told = Demand("ann"), []
    demand.on_change = lambda changed: told.append(changed.is_abandoned)
    for is_listened_to in (True, False, False, True):
        demand.set_listened_to(is_listened_to)
    assert told == [True, False]


def test_a_decision_is_never_abandoned():
    demand = Demand("ann", is_decision=True)
    demand.on_change = pytest.fail
    demand.set_listened_to(False)
    assert not demand.is_abandoned


def test_it_comes_from_an_address_or_where_none_is_counted_from_a_user():
    assert Demand("ann", "10.0.0.1").origin == Demand("bob", "10.0.0.1").origin
    assert Demand("ann").origin != Demand("bob").origin
    assert Demand("10.0.0.1").origin != Demand("ann", "10.0.0.1").origin


def test_without_a_turn_and_a_limiter_nobody_is_told():
    demand = Demand()
    demand.set_listened_to(False)
    demand.displace()
    assert (demand.is_abandoned, demand.is_ending) == (True, False)
