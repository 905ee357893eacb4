"""What this process tells the others, and when."""

import asyncio

import pytest

from service.answers.base import Question, Text
from service.chat.cluster import SingleProcess
from service.chat.seal import Seal
from service.chat.turn_registry import TurnRegistry
from service.chat.turn_status import Status
from service.cluster import outbox as outbox_module
from service.cluster.outbox import Outbox
from service.cluster.published_turn import PublishedTurn
from service.cluster.wire_format import Joined, Stop
from tests.conftest import PATIENCE_SECONDS, eventually
from tests.scripted import Scripted


class RedisStore:
    """Keeps what is written."""

    def __init__(self):
        self.written = []

    async def write(self, commands, turns, forgotten):
        self.written.append((commands, {key: len(entries) for key, (entries, _) in turns.items()}, forgotten))


@pytest.fixture
def store():
    return RedisStore()


@pytest.fixture
def outbox(store):
    return Outbox(store)


@pytest.fixture
async def publish(outbox):
    """A turn of one word, which has ended; claimed or not."""
    source = Scripted(Text("Hi"))
    turns = TurnRegistry(source, SingleProcess(), Seal(), orphan_grace=PATIENCE_SECONDS, resume_window=PATIENCE_SECONDS)

    async def publish(key, *, is_claimed):
        turn = turns.start("token", key, Question("Hi", "user"))
        await eventually(lambda: turn.status is Status.DONE)
        outbox.published[key] = PublishedTurn(turn, is_claimed=is_claimed)

    yield publish
    await turns.close()


async def test_all_there_is_goes_in_one_write(outbox, store, publish):
    await publish("t", is_claimed=True)
    outbox.send(Joined("k", "p"))
    outbox.send(Stop("k", "p"))
    outbox.forget("old", "p:1")
    await outbox.write()
    await outbox.write()
    assert store.written == [([Joined("k", "p"), Stop("k", "p")], {"t": 2}, {"old": "p:1"})]


async def test_a_turn_whose_end_is_written_is_published_no_longer(outbox, publish):
    await publish("t", is_claimed=True)
    await outbox.write()
    assert outbox.published == {}


async def test_what_nobody_has_claimed_yet_is_not_written(outbox, store, publish):
    await publish("t", is_claimed=False)
    await outbox.write()
    assert (store.written, list(outbox.published)) == ([], ["t"])


async def test_where_redis_is_lost_only_claimed_ends_are_kept(outbox, store, publish):
    await publish("claimed", is_claimed=True)
    await publish("unclaimed", is_claimed=False)
    outbox.send(Stop("k", "p"))
    outbox.forget("old", "p:1")
    outbox.clear()
    await outbox.write()
    assert store.written == [([], {"claimed": 2}, {})]


async def test_what_is_sent_is_not_waited_for_and_updates_are_for_a_moment(outbox, publish, monkeypatch):
    waiting = asyncio.create_task(outbox.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    outbox.send(Stop("k", "p"))
    await waiting
    monkeypatch.setattr(outbox_module, "WRITE_SECONDS", 0)
    await publish("t", is_claimed=True)
    await outbox.wait()
