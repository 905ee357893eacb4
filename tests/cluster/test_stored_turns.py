"""Snapshots in a real Redis, and whose an id is."""

import asyncio

import pytest

from service.answers.base import Replacement, Text
from service.chat.turn_status import Ending, Status
from service.cluster import stored_turns
from service.cluster.availability import Availability
from service.cluster.outbox import Outbox
from service.cluster.published_turn import PublishedTurn
from service.cluster.redis_store import RUNNING_SECONDS, RedisStore
from service.cluster.stored_turns import StoredTurns
from service.cluster.wire_format import decode_parts
from service.redis_link import REDIS_ERRORS
from tests.chat.followed import followed_turn
from tests.cluster.turns import OWNER, QUESTION, registry_of
from tests.conftest import eventually
from tests.scripted import Scripted


class Process:
    def __init__(self, name, url):
        self.store = RedisStore(url, "test", resume_window=60)
        self.lost = []
        self.store.queue.on_error = self.lost.append
        redis = Availability()
        redis.regain()
        self.outbox = Outbox(name, self.store, redis)
        self.turns = StoredTurns(name, self.store, self.outbox)

    async def sent(self):
        """What was to be stored is stored."""
        self.outbox.send()
        await self.store.queue.empty()

    async def seconds(self, key):
        return (await self.store.execute([("TTL", f"test:turn:{key}")]))[0]

    async def close(self):
        await self.store.close()


@pytest.fixture
async def one(redis):
    process = Process("one", redis.url)
    yield process
    await process.close()


@pytest.fixture
async def two(redis):
    process = Process("two", redis.url)
    yield process
    await process.close()


@pytest.fixture
async def source():
    return Scripted(ends=False)


@pytest.fixture
async def start(source):
    turns = registry_of(source)
    yield lambda key="k", is_claimed=True: PublishedTurn(key, turns.start(OWNER, key, QUESTION), is_claimed)
    await turns.close()


async def test_the_first_claim_counts_and_the_second_finds_whose_it_is(one, two):
    assert await one.turns.claim("k", 7) is None
    snapshot = await two.turns.claim("k", 8)
    assert (snapshot.by, snapshot.checksum, snapshot.parts, snapshot.ending) == ("one", 7, [], None)
    assert RUNNING_SECONDS - 5 < await one.seconds("k") <= RUNNING_SECONDS


async def test_a_claim_that_comes_twice_is_still_the_process_s_own(one):
    assert [await one.turns.claim("k", 7) for _ in range(2)] == [None, None]


async def test_what_is_claimed_but_not_here_is_not_found_through_oneself(one, two):
    await one.turns.claim("k", 7)
    assert (await one.turns.get("k"), (await two.turns.get("k")).by) == (None, "one")


async def test_a_claim_that_is_given_up_is_free_again(one, two):
    await one.turns.claim("k", 7)
    one.turns.forget("k")
    await one.sent()
    assert await two.turns.claim("k", 8) is None


async def test_who_gives_up_while_it_claims_leaves_the_id_free(one, two):
    await give_up_while_claiming(one)
    assert await two.turns.claim("k", 8) is None


async def test_who_gives_up_while_it_claims_takes_nothing_from_who_has_it(one, two):
    await two.turns.claim("k", 8)
    await give_up_while_claiming(one)
    assert (await one.turns.get("k")).by == "two"


async def give_up_while_claiming(process):
    """Before the reply is there."""
    claiming = asyncio.create_task(process.turns.claim("k", 7))
    await asyncio.sleep(0)
    claiming.cancel()
    await asyncio.gather(claiming, return_exceptions=True)
    await process.store.queue.ask(("PING",))
    await process.sent()


async def test_a_turn_is_stored_as_it_stands_when_it_is_sent(one, two, start, source):
    published = start()
    one.turns.put(published)
    source.put(Text("bad"), Replacement("ok"))
    await eventually(lambda: published.turn.text == "ok")
    one.turns.put(published)
    await one.sent()
    snapshot = await two.turns.get("k")
    assert (decode_parts(snapshot.parts), snapshot.replacements, snapshot.ending) == ([Replacement("ok")], 1, None)


async def test_an_end_is_kept_for_the_window(one, start, source):
    published = start()
    source.put(Text("a"), None)
    await published.turn.wait_ended()
    one.turns.put(published)
    await one.sent()
    assert (await one.turns.get("k")).ending.status is Status.DONE  # the process's own, too: it may be gone here
    assert 55 < await one.seconds("k") <= 60


async def test_an_end_that_was_found_without_the_writer_is_kept_for_others(one, two):
    turn = followed_turn()
    turn.receive([Text("half")], 0)
    turn.end(Ending(Status.INCOMPLETE))
    one.turns.put_ended("k", turn)
    await one.sent()
    snapshot = await two.turns.get("k")
    assert (decode_parts(snapshot.parts), snapshot.ending) == ([Text("half")], Ending(Status.INCOMPLETE))


async def test_what_another_has_claimed_meanwhile_is_not_overwritten(one, two, start):
    mine, theirs = start("mine", is_claimed=False), start("theirs", is_claimed=False)
    await two.turns.claim("theirs", 7)
    await one.turns.claim_all([mine, theirs])
    assert (mine.is_claimed, theirs.is_claimed) == (True, False)
    one.turns.put(theirs)
    await one.sent()
    assert (await one.turns.get("theirs")).by == "two"


async def test_what_cannot_be_read_is_not_there(one):
    await one.store.execute([one.store.put("k", b"from the future", 60)])
    assert await one.turns.get("k") is None
    assert await one.turns.claim("k", 7) is None


async def test_a_redis_that_is_away_is_said_so(one, redis):
    await redis.stop()
    for ask in (one.turns.claim("k", 7), one.turns.get("k")):
        with pytest.raises(REDIS_ERRORS):
            await ask
    one.turns.forget("k")
    await one.sent()
    assert len(one.lost) == 1


async def test_many_are_claimed_in_several_round_trips(one, two, start, monkeypatch):
    monkeypatch.setattr(stored_turns, "CLAIMS_AT_ONCE", 2)
    turns = [start(key, is_claimed=False) for key in "abc"]
    await one.turns.claim_all(turns)
    assert [turn.is_claimed for turn in turns] == [True] * 3
    assert [(await two.turns.get(key)).by for key in "abc"] == ["one"] * 3


async def test_what_is_of_another_kind_is_no_turn(one):
    await one.store.execute([("SADD", "test:turn:k", "x")])
    assert await one.turns.get("k") is None
    assert await one.turns.claim("k", 7) is None
