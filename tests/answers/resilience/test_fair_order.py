"""Who has most comes last."""

from service.answers.demand import Demand
from service.answers.resilience.fair_order import most_last


def test_an_address_counts_before_any_of_its_users_and_what_runs_as_what_waits():
    ann, bob, eve, joe = Demand("ann", "1"), Demand("bob", "1"), Demand("eve", "2"), Demand("joe")
    running = [Demand("ann", "1"), Demand("joe"), Demand("joe")]
    assert sorted([ann, bob, joe, eve], key=most_last(running, [ann, bob, joe, eve])) == [eve, bob, ann, joe]
