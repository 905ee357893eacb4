"""What is held at once, in one process."""

import pytest

from service.admission.leases import Leases


async def test_so_many_are_held_at_once_and_what_is_given_back_can_be_taken_again():
    leases = Leases()
    first, second = [await leases.take({"ann": 2}) for _ in range(2)]
    assert await leases.take({"ann": 2}) == "ann"
    first.give_back()
    first.give_back()
    third = await leases.take({"ann": 2})
    assert await leases.take({"ann": 2}) == "ann"
    for lease in (second, third):
        lease.give_back()
    assert leases._held == {}


@pytest.mark.parametrize("full", ["ann", "home"])
async def test_under_two_names_both_must_have_room_and_where_one_has_none_neither_is_taken(full):
    leases = Leases()
    await leases.take({full: 1})
    assert await leases.take({"ann": 1, "home": 1}) == full
    other = {"ann": "home", "home": "ann"}[full]
    lease = await leases.take({other: 1})
    assert lease.names == (other,)


async def test_without_a_limit_nothing_is_held():
    leases = Leases()
    (await leases.take({})).give_back()
    assert leases._held == {}
    await leases.run()
    await leases.close()
