"""Whose turn it is: who has most waits longest. No I/O."""

from collections import Counter
from collections.abc import Callable, Iterable

from service.answers.demand import Demand


def most_last(running: Iterable[Demand], waiting: Iterable[Demand]) -> Callable[[Demand], tuple[int, int]]:
    """A sort key: how many have its address, then how many have its user; an address counts before any of its users."""
    everybody = [*running, *waiting]
    by_origin = Counter(demand.origin for demand in everybody)
    by_user = Counter(demand.user for demand in everybody)
    return lambda demand: (by_origin[demand.origin], by_user[demand.user])
