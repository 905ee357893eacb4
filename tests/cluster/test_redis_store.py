"""The keys of a service in a real Redis."""

import asyncio

import pytest

from service.cluster.redis_store import INBOX_SECONDS, MAX_LETTERS, RUNNING_SECONDS, RedisStore
from service.cluster.wire_format import Letter, Stop, Unfollow
from service.redis_link import REDIS_ERRORS, RedisLink


@pytest.fixture
async def store(redis):
    store = RedisStore(redis.url, "test", resume_window=59.2)
    yield store
    await store.close()


@pytest.fixture
async def direct(redis):
    """A connection of the test's own."""
    link = RedisLink(redis.url)
    yield link
    await link.disconnect()


async def post(store, process, *messages, by="q"):
    await store.execute(list(store.post(process, by, messages)))


async def test_the_signs_of_all_processes_are_seen_with_a_beat(store):
    assert await store.beat("p", "1:3") == (False, {"p": "1:3"})
    assert await store.beat("q", "1:4") == (False, {"p": "1:3", "q": "1:4"})
    assert await store.beat("p", "2:5") == (True, {"p": "2:5", "q": "1:4"})
    await store.leave("q")
    assert await store.beat("p", "3:5") == (True, {"p": "3:5"})


async def test_signs_that_are_forgotten_are_removed_with_a_beat(store):
    await store.beat("p", "1:0")
    await store.beat("q", "1:0")
    assert await store.beat("r", "1:0", forgotten=["p", "q"]) == (False, {"r": "1:0"})


async def test_a_redis_that_lost_everything_does_not_know_the_process(store, direct):
    await store.beat("p", "1:0")
    await direct.execute([("FLUSHALL",)])
    assert await store.beat("p", "2:0") == (False, {"p": "2:0"})


async def test_a_beat_that_redis_refuses_is_an_error(store, direct):
    await direct.execute([("SET", "test:processes", "no table")])
    with pytest.raises(REDIS_ERRORS):
        await store.beat("p", "1:0")


async def test_the_first_claim_counts(store):
    assert await store.execute([store.claim("k", b"one")]) == [b"OK"]
    assert await store.execute([store.claim("k", b"two"), store.get("k")]) == [None, b"one"]


async def test_what_is_put_replaces_what_was_there_and_what_is_forgotten_is_gone(store):
    await store.execute([store.claim("k", b"one"), store.put("k", b"two", 60), store.put("l", b"three", 60)])
    assert await store.execute([store.get("k"), store.get("l")]) == [b"two", b"three"]
    await store.execute([store.forget(["k", "l"])])
    assert await store.execute([store.get("k"), store.get("l")]) == [None, None]


async def test_each_key_is_the_service_s_own_and_ends_by_itself(store, direct):
    await store.execute([store.claim("one", b""), store.put("two", b"", store.ended_seconds)])
    await post(store, "p", Unfollow(1))
    keys = ["test:inbox:p", "test:turn:one", "test:turn:two"]
    assert sorted((await direct.execute([("KEYS", "*")]))[0]) == [key.encode() for key in keys]
    seconds = await direct.execute([("TTL", key) for key in keys])
    limits = [INBOX_SECONDS, RUNNING_SECONDS, 60]
    assert [limit - 5 <= left <= limit for left, limit in zip(seconds, limits, strict=True)] == [True] * 3


async def test_letters_are_read_in_order_with_who_sent_them(store):
    await post(store, "p", Stop("a"), Stop("b"), by="q")
    await post(store, "p", Stop("c"), by="r")
    await post(store, "other", Stop("d"))
    assert await store.read_letters("p", 0.01) == [Letter("q", [Stop("a"), Stop("b")]), Letter("r", [Stop("c")])]
    assert await store.read_letters("p", 0.01) == []


async def test_letters_stay_until_the_next_call_has_come(store, redis):
    """A reply that got lost on the way loses no letter."""
    await post(store, "p", Stop("a"))
    again = RedisStore(redis.url, "test", 60)
    assert await again.read_letters("p", 0.01) == await store.read_letters("p", 0.01) == [Letter("q", [Stop("a")])]
    await store.read_letters("p", 0.01)
    assert await again.read_letters("p", 0.01) == []
    await again.close()


async def test_a_letter_that_comes_while_it_is_waited_for_is_read_at_once(store):
    reading = asyncio.create_task(store.read_letters("p", 60))
    await asyncio.sleep(0.05)
    await post(store, "p", Stop("a"))
    async with asyncio.timeout(10):
        assert await reading == [Letter("q", [Stop("a")])]


async def test_who_waits_for_letters_does_not_keep_others_from_redis(store):
    reading = asyncio.create_task(store.read_letters("p", 60))
    async with asyncio.timeout(10):
        assert await store.execute([store.get("k")]) == [None]
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)


async def test_an_unreadable_letter_is_counted_and_those_behind_it_are_read(store, direct):
    await direct.execute([("XADD", "test:inbox:p", "*", "letter", "what?")])
    await post(store, "p", Stop("a"))
    assert await store.read_letters("p", 0.01) == [Letter("", [], 1), Letter("q", [Stop("a")])]
    assert await store.read_letters("p", 0.01) == []


async def test_an_inbox_that_nobody_reads_does_not_grow_without_end(store, direct):
    command, _ = store.post("p", "q", [Unfollow(1)])
    for _ in range(12):
        await store.execute([command] * 1_000)
    assert (await direct.execute([("XLEN", "test:inbox:p")]))[0] <= MAX_LETTERS + 200


async def test_who_leaves_leaves_no_letters(store, direct):
    await store.beat("p", "1:0")
    await post(store, "p", Stop("a"))
    await store.leave("p")
    assert await direct.execute([("KEYS", "*")]) == [[]]


async def test_when_redis_leads_elsewhere_both_connections_are_renewed(store, direct):
    """The one that waits for letters would wait at the old one for ever."""
    await direct.execute([("REPLICAOF", "127.0.0.1", "1")])
    reading = asyncio.create_task(store.read_letters("p", 60))
    async with asyncio.timeout(10):
        before = await _who_waits(direct)
        with pytest.raises(REDIS_ERRORS):
            await store.execute([store.put("k", b"", 60)])
        while await _who_waits(direct) == before:
            await asyncio.sleep(0.01)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)


async def _who_waits(direct):
    """The number of the connection that waits for letters."""
    while True:
        [clients] = await direct.execute([("CLIENT", "LIST")])
        if waiting := [line.split()[0] for line in clients.splitlines() if b"cmd=xread" in line]:
            return waiting
        await asyncio.sleep(0.01)


async def test_a_redis_that_is_away_is_said_so(store, redis):
    await redis.stop()
    with pytest.raises(REDIS_ERRORS):
        await store.beat("p", "1:0")
    with pytest.raises(REDIS_ERRORS):
        await store.read_letters("p", 0.01)


async def test_no_clock_of_redis_is_read(store, direct):
    await store.beat("p", "1:0")
    await post(store, "p", Stop("a"))
    await store.read_letters("p", 0.01)
    await store.execute([store.claim("k", b""), store.put("k", b"", 60), store.get("k"), store.forget(["k"])])
    await store.leave("p")
    [statistics] = await direct.execute([("INFO", "commandstats")])
    assert b"cmdstat_time" not in statistics
    assert b"cmdstat_eval" not in statistics


async def test_who_waits_for_letters_as_redis_becomes_a_replica_is_not_told_and_reads_on(store, direct):
    reading = asyncio.create_task(store.read_letters("p", 1.5))
    async with asyncio.timeout(10):
        while b"blocked_clients:1" not in (await direct.execute([("INFO", "clients")]))[0]:
            await asyncio.sleep(0.01)
    await direct.execute([("REPLICAOF", "127.0.0.1", "1")])
    assert await reading == []
    await direct.execute([("REPLICAOF", "NO", "ONE")])
    await post(store, "p", Stop("a"))
    assert await store.read_letters("p", 1) == [Letter("q", [Stop("a")])]


async def test_an_inbox_of_another_kind_is_removed_and_read_again(store):
    await store.execute([("SET", "test:inbox:p", "x")])
    assert await store.read_letters("p", 0.01) == []
    await store.execute([*store.post("p", "q", [Unfollow(1)])])
    assert await store.read_letters("p", 1) == [Letter("q", [Unfollow(1)])]


async def test_a_table_of_another_kind_is_removed_and_made_anew(store):
    await store.execute([("LPUSH", "test:processes", "x")])
    with pytest.raises(REDIS_ERRORS):
        await store.beat("p", "1:0")
    assert await store.beat("p", "2:0") == (False, {"p": "2:0"})


async def test_all_that_is_stored_of_an_owner_is_erased_and_nothing_of_others(redis, direct, monkeypatch):
    """Also where the prefix would mean something in a pattern, and there are more keys than one look takes."""
    monkeypatch.setattr("service.cluster.redis_store.KEYS_AT_ONCE", 2)
    store = RedisStore(redis.url, "te[s]t*", resume_window=60)
    names = [f"{owner}:{number}" for owner in ("ann", "bob", "cleo") for number in range(20)]
    await store.execute([store.put(name, b"x", 60) for name in names])
    await direct.execute([("SET", "test:turn:ann:1", "x"), ("SET", "te[s]t*:inbox:ann:1", "x")])
    await store.erase({"ann", "cleo"})
    await store.queue.empty()
    (left,) = await direct.execute([("KEYS", "*")])
    bobs = [f"te[s]t*:turn:bob:{number}" for number in range(20)]
    assert sorted(name.decode() for name in left) == sorted([*bobs, "test:turn:ann:1", "te[s]t*:inbox:ann:1"])
    await store.close()
