"""The keys, streams and the script, in a real Redis."""

import asyncio

import pytest

from service.answers.base import Summary, Text
from service.cluster.redis_store import REDIS_ERRORS, START, RedisStore
from service.cluster.wire_format import End, Joined

END = End("done", None, Summary())


@pytest.fixture
async def store(redis):
    store = RedisStore(redis.url, "test", resume_window=60)
    yield store
    await store.close()


async def test_of_each_process_it_is_known_for_as_long_as_its_lease_that_it_lives(store):
    assert await store.beat("p", 3, lease=60) == {"p": 3}
    assert await store.beat("q", 4, lease=0.001) == {"p": 3, "q": 4}
    assert await store.beat("p", 5, lease=60) in ({"p": 5}, {"p": 5, "q": 4})  # the same millisecond, perhaps
    await store.leave("p")
    assert "p" not in await store.beat("r", 0, lease=60)


async def test_the_first_claim_counts(store):
    assert await store.claim({"one": "p:1"}) == {"one": "p:1"}
    assert await store.claim({"one": "q:1", "two": "q:2"}) == {"one": "p:1", "two": "q:2"}
    assert await store.get_claims(["two", "three", "one"]) == ["q:2", None, "p:1"]
    assert await store.get_claims([]) == []


async def test_what_is_written_is_read_once_in_order(store):
    assert await store.newest_command() == START
    await store.write([Joined("k", "p")], {"one": ([Text("a"), Text("b")], False)}, {})
    commands, turns = await store.read(START, {"one": START}, wait=0.01)
    assert [command for _, command in commands] == [Joined("k", "p")]
    last, entries = turns["one"]
    assert (entries, await store.newest_command()) == ([Text("a"), Text("b")], commands[0][0])
    await store.write([], {"one": ([END], True), "two": ([Text("c")], False)}, {})
    commands, turns = await store.read(commands[0][0], {"one": last}, wait=0.01)
    assert (commands, turns["one"][1], "two" in turns) == ([], [END], False)


async def test_what_ended_is_kept_for_the_window_and_what_goes_on_for_longer(store):
    await store.claim({"one": "p:1", "two": "p:2"})
    await store.write([], {"one": ([END], True), "two": ([Text("a")], False)}, {})
    kept = {name: await store._redis.ttl(f"test:{name}") for name in ("turn:one", "claim:one", "turn:two", "claim:two")}
    assert all(59 <= kept[f"{what}:one"] <= 60 for what in ("turn", "claim"))
    assert all(3599 <= kept[f"{what}:two"] <= 3600 for what in ("turn", "claim"))


async def test_what_is_forgotten_is_deleted_unless_another_process_has_claimed_it_since(store):
    await store.claim({"one": "p:1", "two": "q:2"})
    await store.write([], {"one": ([END], True), "two": ([END], True)}, {})
    await store.write([], {}, {"one": "p:1", "two": "p:2", "three": "p:3"})
    assert sorted(await store._redis.keys()) == [b"test:claim:two", b"test:turn:two"]


async def test_who_asks_very_often_at_once_waits_and_does_not_lose_redis(store):
    claims = [store.claim({f"key {number}": "p:1"}) for number in range(300)]
    assert await asyncio.gather(*claims) == [{f"key {number}": "p:1"} for number in range(300)]


async def test_a_redis_that_is_away_is_said_so(store, redis):
    await redis.stop()
    with pytest.raises(REDIS_ERRORS):
        await store.newest_command()
