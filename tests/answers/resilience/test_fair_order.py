"""Who has most comes last."""

from service.answers.demand import Demand
from service.answers.resilience.fair_order import most_last


def test_an_address_counts_before_any_of_its_users_and_what_runs_as_what_waits():
    ann, bob, eve, joe = Demand("ann", "1"), Demand("bob", "1"), Demand("eve", "2"), Demand("joe")
    running = [Demand("ann", "1"), Demand("joe"), Demand("joe")]
    assert sorted([ann, bob, joe, eve], key=most_last(running, [ann, bob, joe, eve])) == [eve, bob, ann, joe]


def test_without_an_address_a_connection_counts_whatever_users_it_is_and_a_user_whatever_connections_it_has():
    many_tokens = [Demand(f"token {number}", None, "1") for number in range(3)]
    many_connections = [Demand("ann", None, f"{number}") for number in range(2, 6)]
    joe, other_joe = Demand("joe", None, "9"), Demand("joe", None, "9")
    waiting = [*many_connections, *many_tokens, joe, other_joe]
    assert sorted(waiting, key=most_last([], waiting)) == [joe, other_joe, *many_tokens, *many_connections]
