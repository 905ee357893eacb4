"""What is sent to Redis together, with a store that keeps what it is given."""

import asyncio

import pytest

from service.cluster import outbox as module
from service.cluster.outbox import Outbox
from service.cluster.wire_format import Stop, Unfollow
from tests.conftest import eventually


class Store:
    """Replies to each command with the command; `gate` is closed while a round trip is to take long."""

    def __init__(self):
        self.sent = []
        self.error = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def execute(self, commands):
        self.sent.append(commands)
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return list(commands)

    def post(self, process, by, messages):
        return [("post", process, by, tuple(messages))]

    def put(self, key, snapshot, seconds):
        return "put", key, snapshot, seconds

    def forget(self, keys):
        return "forget", *keys


@pytest.fixture
async def store():
    return Store()


@pytest.fixture
async def outbox(store):
    return Outbox("p", store)


async def test_all_there_is_goes_in_one_round_trip(outbox, store):
    outbox.post("q", Stop("a"))
    outbox.post("r", Stop("b"))
    outbox.post("q", Unfollow(1))
    outbox.store("k", lambda: (b"snapshot", 60))
    outbox.forget("old")
    reply = outbox.ask(("GET", "k"))
    await outbox.send()
    assert store.sent == [[
        ("GET", "k"),
        ("put", "k", b"snapshot", 60),
        ("post", "q", "p", (Stop("a"), Unfollow(1))),
        ("post", "r", "p", (Stop("b"),)),
        ("forget", "old"),
    ]]  # fmt: skip
    assert await reply == ("GET", "k")


async def test_what_was_sent_is_not_sent_again(outbox, store):
    outbox.post("q", Stop("a"))
    await outbox.send()
    await outbox.send()
    assert len(store.sent) == 1


async def test_what_is_asked_during_a_round_trip_goes_with_the_next(outbox, store):
    outbox.ask(("GET", "a"))
    store.gate.clear()
    sending = asyncio.create_task(outbox.send())
    await asyncio.sleep(0)
    outbox.post("q", Stop("b"))
    store.gate.set()
    await sending
    await outbox.wait()
    await outbox.send()
    assert [len(commands) for commands in store.sent] == [1, 1]


async def test_there_is_nothing_to_wait_for_until_something_is_to_be_sent(outbox):
    for ask in (
        lambda: outbox.post("q", Stop("a")),
        lambda: outbox.store("k", lambda: (b"", 1)),
        lambda: outbox.forget("k"),
        lambda: outbox.ask(("GET", "k")),
        outbox.wake,
    ):
        waiting = asyncio.create_task(outbox.wait())
        await asyncio.sleep(0)
        assert not waiting.done()
        ask()
        await waiting
        await outbox.send()


async def test_of_a_turn_only_the_latest_snapshot_is_made_and_when_it_is_sent(outbox, store):
    made = []
    outbox.store("k", lambda: made.append("first") or (b"1", 1))
    outbox.store("k", lambda: made.append("second") or (b"2", 1))
    assert made == []
    await outbox.send()
    assert (made, store.sent) == (["second"], [[("put", "k", b"2", 1)]])


async def test_of_storing_and_forgetting_the_last_counts(outbox, store):
    outbox.store("a", lambda: (b"1", 1))
    outbox.forget("a")
    outbox.forget("b")
    outbox.store("b", lambda: (b"2", 1))
    await outbox.send()
    assert store.sent == [[("put", "b", b"2", 1), ("forget", "a")]]


async def test_no_more_than_so_many_commands_go_at_once_and_none_is_lost(outbox, store, monkeypatch):
    monkeypatch.setattr(module, "MAX_COMMANDS", 3)
    replies = [outbox.ask(("GET", number)) for number in range(4)]
    for key in "abc":
        outbox.store(key, lambda: (b"", 1))
    await outbox.send_all()
    assert [len(commands) for commands in store.sent] == [3, 3, 1]
    assert [await reply for reply in replies] == [("GET", number) for number in range(4)]


async def test_a_command_that_redis_refuses_fails_for_who_asked_and_for_no_other(outbox, store):
    one, two = outbox.ask(("GET", "a")), outbox.ask(("GET", "b"))
    store.execute = lambda _: _soon([ValueError("refused"), b"value"])
    await outbox.send()
    with pytest.raises(ValueError, match="refused"):
        await one
    assert await two == b"value"


async def _soon(value):
    return value


async def test_who_no_longer_waits_for_its_reply_harms_no_other(outbox):
    one, two = outbox.ask(("GET", "a")), outbox.ask(("GET", "b"))
    one.cancel()
    await outbox.send()
    assert await two == ("GET", "b")


async def test_where_redis_is_lost_all_who_wait_are_told(outbox, store):
    under_way = outbox.ask(("GET", "a"))
    store.error = ConnectionError("away")
    with pytest.raises(ConnectionError):
        await outbox.send()
    waiting = outbox.ask(("GET", "b"))
    outbox.post("q", Stop("a"))
    outbox.store("k", lambda: (b"", 1))
    outbox.forget("l")
    outbox.clear()
    for reply in (under_way, waiting):
        with pytest.raises(ConnectionError):
            await reply
    await outbox.send()
    assert len(store.sent) == 1


async def test_who_waits_for_a_reply_when_the_process_ends_waits_no_longer(outbox, store):
    reply = outbox.ask(("GET", "a"))
    store.gate.clear()
    sending = asyncio.create_task(outbox.send())
    await eventually(lambda: store.sent)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    assert reply.cancelled()
