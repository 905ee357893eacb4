"""Whose turn it is: who has most waits longest. No I/O."""

from collections import Counter
from collections.abc import Callable, Iterable

from service.answers.demand import Demand


def most_last(running: Iterable[Demand], waiting: Iterable[Demand]) -> Callable[[Demand], tuple[int, int]]:
    """A sort key: how many have its origin, or its user if that are more; then how many have its user.

    One connection may be many users, since tokens are free; and one user may have many connections.
    """
    everybody = [*running, *waiting]
    by_origin = Counter(demand.origin for demand in everybody)
    by_user = Counter(demand.user for demand in everybody)

    def key(demand: Demand) -> tuple[int, int]:
        of_user = by_user[demand.user]
        return max(by_origin[demand.origin], of_user), of_user

    return key
