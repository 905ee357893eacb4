"""One connection to a real Redis, which is cut, and leads to a replica."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from service.redis_link import REDIS_ERRORS, RedisLink


@asynccontextmanager
async def linked(url, on_renewal=None):
    link = RedisLink(url, on_renewal)
    try:
        yield link
    finally:
        await link.disconnect()


@pytest.fixture
async def link(redis):
    async with linked(redis.url) as link:
        yield link


@pytest.fixture
async def other(redis):
    """Somebody else's connection."""
    async with linked(redis.url) as other:
        yield other


async def test_the_replies_come_in_the_order_of_the_commands_and_an_error_in_its_place(link):
    one, error, last = await link.execute([("SET", "k", "é"), ("LPUSH", "k", 1), ("GET", "k")])
    assert (one, last) == (b"OK", "é".encode())
    assert "WRONGTYPE" in str(error)


async def test_many_who_ask_at_once_wait_for_each_other(link):
    replies = await asyncio.gather(*(link.execute([("INCR", "n")]) for _ in range(300)))
    assert replies == [[number + 1] for number in range(300)]


async def test_a_connection_that_was_cut_is_not_noticed(link, other):
    await link.execute([("SET", "k", "v")])
    await other.execute([("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")])
    assert await link.execute([("GET", "k")]) == [b"v"]


async def test_a_connection_that_redis_closes_when_idle_is_not_noticed(link, other):
    await link.execute([("CONFIG", "SET", "timeout", "1"), ("SET", "k", "v")])
    async with asyncio.timeout(10):
        while await _connections(other) > 1:
            await asyncio.sleep(0.1)
    assert await link.execute([("GET", "k")]) == [b"v"]


async def _connections(link):
    [clients] = await link.execute([("CLIENT", "LIST", "TYPE", "normal")])
    return len(clients.splitlines())


async def test_who_is_connected_to_a_replica_now_connects_anew_and_says_so(redis, other):
    renewals = []

    async def on_renewal():
        renewals.append(await other.execute([("REPLICAOF", "NO", "ONE")]))

    async with linked(redis.url, on_renewal) as link:
        await link.execute([("SET", "k", "v")])
        [number] = await link.execute([("CLIENT", "ID")])
        await other.execute([("REPLICAOF", "127.0.0.1", "1")])
        assert await link.execute([("SET", "k", "w"), ("GET", "k")]) == [b"OK", b"w"]
        assert (renewals, await link.execute([("CLIENT", "ID")]) != [number]) == ([[b"OK"]], True)


async def test_what_is_under_way_on_a_connection_that_is_to_be_renewed_begins_anew_each_time(link, other):
    """So does a batch whose connection was cut before."""
    await other.execute([("XADD", "s", "1-0", "k", "v")])
    waiting = asyncio.create_task(link.execute([("XREAD", "BLOCK", 60_000, "STREAMS", "s", "1-0")]))
    cut = await _blocked(other, set())
    await other.execute([("CLIENT", "KILL", "ID", number) for number in cut])
    seen = await _blocked(other, cut)
    for _ in range(3):
        await link.renew()
        seen |= await _blocked(other, seen)
    await other.execute([("XADD", "s", "2-0", "k", "w")])
    [[[_, letters]]] = await waiting
    assert letters == [[b"2-0", [b"k", b"w"]]]


async def _blocked(link, seen):
    """The ids of connections that wait for something, as soon as there is a new one."""
    async with asyncio.timeout(10):
        while True:
            [clients] = await link.execute([("CLIENT", "LIST", "TYPE", "normal")])
            waiting = (line.split()[0] for line in clients.decode().splitlines() if " flags=b" in line)
            if blocked := {number.removeprefix("id=") for number in waiting} - seen:
                return blocked
            await asyncio.sleep(0.01)


async def test_a_connection_that_is_taken_away_while_it_is_made_is_not_left_open(link, other):
    await other.execute([("PING",)])
    asking = asyncio.create_task(link.execute([("PING",)]))
    await asyncio.sleep(0)
    connection = link._connection
    await link.disconnect()
    assert (await asking, connection.is_connected) == ([b"PONG"], False)


async def test_who_stays_connected_to_a_replica_is_told(link, other):
    await other.execute([("REPLICAOF", "127.0.0.1", "1")])
    with pytest.raises(REDIS_ERRORS, match=r"(?i)read.?only"):
        await link.execute([("SET", "k", "w")])


async def test_a_batch_that_was_cancelled_leaves_no_reply_for_the_next(link, other):
    waiting = asyncio.create_task(link.execute([("XREAD", "BLOCK", 60_000, "STREAMS", "s", "0")]))
    async with asyncio.timeout(10):
        while b"blocked_clients:1" not in (await other.execute([("INFO", "clients")]))[0]:
            await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert await link.execute([("PING",)]) == [b"PONG"]


async def test_a_redis_that_is_away_is_said_so_and_found_again_when_it_is_back(link, redis):
    await link.execute([("PING",)])
    await redis.stop()
    with pytest.raises(REDIS_ERRORS):
        await link.execute([("PING",)])
    await redis.start()
    assert await link.execute([("PING",)]) == [b"PONG"]
