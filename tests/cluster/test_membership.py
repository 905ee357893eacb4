"""Who is in the cluster, with a real Redis."""

import pytest

from service.cluster.membership import Membership
from service.cluster.redis_store import RedisStore


@pytest.fixture
async def store(redis):
    store = RedisStore(redis.url, "test", resume_window=60)
    yield store
    await store.close()


def member(store, clients=0, sizes=None):
    return Membership(store, range(clients), (sizes if sizes is not None else []).append)


async def test_those_who_show_a_sign_are_known_and_counted_with_their_clients(store):
    one, two = member(store, 3), member(store, 4)
    assert (await one.beat(), await two.beat(), await one.beat()) == (False, False, True)
    assert (one.others(), two.others()) == ([two.id], [one.id])
    assert one.counts() == {"processes": 2, "connections_of_all": 7}


async def test_how_many_they_are_is_told_when_it_changes(store):
    one, two = member(store, sizes=(sizes := [])), member(store)
    await one.beat()
    await one.beat()
    await two.beat()
    await one.beat()
    await two.leave()
    await one.beat()
    assert (sizes, one.others()) == ([1, 2, 1], [])


async def test_nobody_is_dead_at_once_and_a_message_is_a_sign_of_life(store):
    one = member(store)
    await one.beat()
    one.hear("other")
    assert (one.is_dead("other"), one.is_dead("never seen"), one.others()) == (False, False, ["other"])


async def test_each_has_a_name_of_its_own_and_another_sign_with_each_beat(store):
    one, two = member(store), member(store)
    assert one.id != two.id
    signs = []
    for _ in range(2):
        await one.beat()
        signs.append(one._signs[one.id])
    assert signs[0] != signs[1]


async def test_a_sign_of_another_version_counts_no_clients(store):
    one = member(store, 3)
    await store.beat("other", "what?")
    await one.beat()
    assert one.counts() == {"processes": 2, "connections_of_all": 3}
