"""What is sent to Redis together, with a store that keeps what it is asked for."""

import asyncio
from types import SimpleNamespace

import pytest

from service.cluster.availability import Availability
from service.cluster.outbox import Outbox
from service.cluster.wire_format import Stop, Unfollow


class Store:
    def __init__(self):
        self.asked = []
        self.queue = SimpleNamespace(post=self.asked.append)

    def post(self, process, by, messages):
        return ("post", process, by, tuple(messages)), ("expire", process)

    def put(self, key, snapshot, seconds):
        return "put", key, snapshot, seconds

    def forget(self, keys):
        return "forget", *keys


@pytest.fixture
async def store():
    return Store()


@pytest.fixture
async def outbox(store):
    redis = Availability()
    redis.regain()
    return Outbox("p", store, redis)


async def soon():
    """After what is to be done in this turn of the event loop, and what follows from that."""
    for _ in range(3):
        await asyncio.sleep(0)


def encoded(data, seconds=60):
    return lambda: (data, seconds)


async def test_all_of_one_turn_of_the_loop_goes_together_with_the_messages_to_a_process_in_one_letter(outbox, store):
    outbox.post("q", Stop("a"))
    outbox.post("r", Stop("b"))
    outbox.post("q", Unfollow(1))
    outbox.store("k", encoded(b"snapshot"))
    outbox.forget("old")
    outbox.forget("older")
    assert store.asked == []
    await soon()
    assert store.asked == [
        ("put", "k", b"snapshot", 60),
        ("forget", "old", "older"),
        ("post", "q", "p", (Stop("a"), Unfollow(1))),
        ("expire", "q"),
        ("post", "r", "p", (Stop("b"),)),
        ("expire", "r"),
    ]


@pytest.mark.parametrize(
    "tell",
    [
        lambda outbox: outbox.post("q", Stop("a")),
        lambda outbox: outbox.store("k", encoded(b"")),
        lambda outbox: outbox.forget("k"),
    ],
)
async def test_each_of_them_is_sent_by_itself_and_once(outbox, store, tell):
    tell(outbox)
    await soon()
    count = len(store.asked)
    assert count
    await soon()
    outbox.send()
    assert len(store.asked) == count
    tell(outbox)
    await soon()
    assert store.asked[count:] == store.asked[:count]


async def test_however_much_it_is_the_loop_is_asked_once(outbox):
    sent = []
    outbox.send = lambda: sent.append(True)
    for key in "abc":
        outbox.forget(key)
    await soon()
    assert sent == [True]


async def test_at_the_end_it_is_sent_without_waiting(outbox, store):
    outbox.forget("k")
    outbox.send()
    assert store.asked == [("forget", "k")]
    await soon()
    assert len(store.asked) == 1


async def test_of_a_turn_only_the_latest_snapshot_is_made_and_when_it_is_sent(outbox, store):
    made = []
    outbox.store("k", lambda: made.append("first") or (b"1", 1))
    outbox.store("k", lambda: made.append("second") or (b"2", 1))
    assert made == []
    await soon()
    assert (made, store.asked) == (["second"], [("put", "k", b"2", 1)])


async def test_of_storing_and_forgetting_the_last_counts(outbox, store):
    outbox.store("a", encoded(b"1"))
    outbox.forget("a")
    outbox.forget("b")
    outbox.store("b", encoded(b"2"))
    await soon()
    assert store.asked == [("put", "b", b"2", 60), ("forget", "a")]


async def test_what_was_to_be_sent_when_redis_is_lost_is_never_sent(outbox, store):
    outbox.post("q", Stop("a"))
    outbox.store("k", encoded(b""))
    outbox.forget("l")
    outbox.clear()
    await soon()
    assert store.asked == []
    outbox.forget("m")
    await soon()
    assert store.asked == [("forget", "m")]


async def test_what_is_said_while_redis_is_lost_is_not_said_when_it_is_back(outbox, store):
    outbox._redis.lose(ConnectionError())
    outbox.post("q", Stop("a"))
    outbox.store("k", encoded(b""))
    outbox.forget("l")
    outbox._redis.regain()
    outbox.forget("m")
    await soon()
    assert store.asked == [("forget", "m")]
