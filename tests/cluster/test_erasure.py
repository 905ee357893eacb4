"""What is to be forgotten is erased from Redis, whoever stored it, and told again after Redis was away."""

import asyncio

import pytest

from service.chat.client_identity import owner_of
from service.cluster import erasure
from service.cluster.erasure import KEPT_SECONDS, Erasure
from service.cluster.wire_format import ForgetAll
from tests.conftest import eventually

OWNER, OTHER = owner_of("0" * 32), owner_of("f" * 32)


class Store:
    """Erases, or cannot."""

    def __init__(self):
        self.erased = []
        self.is_away = False

    async def erase(self, owners):
        if self.is_away:
            raise ConnectionError
        self.erased.append(set(owners))


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(erasure, "PERIOD_SECONDS", 0)


async def test_one_look_serves_all_who_wait_for_it():
    store = Store()
    one = Erasure(store)
    assert [one.add(OWNER, 1), one.add(OTHER, 1)] == [ForgetAll(OWNER.key), ForgetAll(OTHER.key)]
    await one.run()
    assert store.erased == [{OWNER.key, OTHER.key}]


async def test_where_nothing_is_due_nothing_is_looked_at():
    store = Store()
    waiting = asyncio.create_task(Erasure(store).run())
    await asyncio.sleep(0)
    waiting.cancel()
    assert store.erased == []


async def test_all_that_comes_within_a_period_is_one_look(monkeypatch):
    monkeypatch.setattr(erasure, "PERIOD_SECONDS", 60)
    store = Store()
    one = Erasure(store)
    one.add(OWNER, 1)
    running = asyncio.create_task(one.run())
    await eventually(lambda: store.erased)
    for number in range(100):
        one.add(owner_of(f"{number:032x}"), 2)
    await asyncio.sleep(0)
    assert (len(store.erased), running.done()) == (1, False)
    running.cancel()


async def test_who_has_much_to_be_forgotten_fills_no_memory(monkeypatch):
    monkeypatch.setattr(erasure, "MAX_DUE", 2)
    store = Store()
    one = Erasure(store)
    for number in range(5):
        one.add(owner_of(f"{number:032x}"), 1)
    await one.run()
    assert store.erased == [{owner_of(f"{number:032x}").key for number in (3, 4)}]


async def test_what_redis_could_not_erase_is_erased_when_it_is_back():
    store = Store()
    one = Erasure(store)
    one.add(OWNER, 1)
    store.is_away = True
    with pytest.raises(ConnectionError):
        await one.run()
    store.is_away = False
    await one.run()
    assert store.erased == [{OWNER.key}]


async def test_it_is_told_again_with_its_age_as_long_as_redis_may_have_it():
    store = Store()
    one = Erasure(store)
    one.add(OWNER, 100)
    one.add(OTHER, 110)
    await one.run()
    assert one.again(112) == [ForgetAll(OWNER.key, 12), ForgetAll(OTHER.key, 2)]
    assert one.again(100 + KEPT_SECONDS) == [ForgetAll(OTHER.key, KEPT_SECONDS - 10)]
    await one.run()
    assert store.erased[1] == {OWNER.key, OTHER.key}
    assert one.again(110 + KEPT_SECONDS) == []


async def test_of_too_many_the_oldest_is_not_told_again(monkeypatch):
    monkeypatch.setattr(erasure, "MAX_OWNERS", 1)
    one = Erasure(Store())
    one.add(OWNER, 1)
    one.add(OTHER, 1)
    assert [each.owner for each in one.again(1)] == [OTHER.key]
