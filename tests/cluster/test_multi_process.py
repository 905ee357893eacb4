"""A process of a fleet, with a Redis that does as it is told: what is kept while it is away, who is given up when."""

import asyncio

import pytest
from redis.exceptions import RedisError

from service.answers.base import AnswerError, Question, Summary, Text
from service.chat.client_identity import owner_of
from service.chat.seal import Seal
from service.chat.turn_registry import TurnRegistry
from service.chat.turn_status import Status
from service.cluster import multi_process, outbox
from service.cluster.multi_process import MultiProcess
from service.cluster.published_turn import PublishedTurn
from service.cluster.wire_format import End
from tests.conftest import PATIENCE_SECONDS, eventually
from tests.scripted import Scripted

ELSEWHERE = "elsewhere"

OWNER = owner_of("0" * 32)


class RedisStore:
    """`streams` holds what is written for each turn, `claims` whose it is; `alive` are other processes."""

    def __init__(self):
        self.commands = []
        self.is_away = False
        self.alive = set()
        self.claims = {}
        self.streams = {}
        self.can_read = asyncio.Event()
        self.can_read.set()

    def _come(self):
        if self.is_away:
            raise RedisError("away")

    async def beat(self, process, clients, _lease):
        self._come()
        return dict.fromkeys({process, *self.alive}, clients)

    async def claim(self, claims):
        self._come()
        await asyncio.sleep(0)
        return {key: self.claims.setdefault(key, claim) for key, claim in claims.items()}

    async def get_claims(self, keys):
        self._come()
        return [self.claims.get(key) for key in keys]

    async def write(self, commands, turns, forgotten):
        self._come()
        self.commands += commands
        for key, (told, _) in turns.items():
            self.streams.setdefault(key, []).extend(told)
        for key, claim in forgotten.items():
            if self.claims.get(key) == claim:
                del self.claims[key]
                self.streams.pop(key, None)

    async def newest_command(self):
        self._come()
        return str(len(self.commands))

    async def read(self, last_command, last_entries, _wait):
        await self.can_read.wait()
        await asyncio.sleep(0.01)
        self._come()
        turns = {}
        for key, last in last_entries.items():
            if unread := self.streams.get(key, [])[int(last) :]:
                turns[key] = (str(int(last) + len(unread)), unread)
        first = int(last_command)
        return [(str(first + number), each) for number, each in enumerate(self.commands[first:], 1)], turns

    async def leave(self, _process):
        self._come()

    async def close(self):
        pass


class LocalClients:
    def __init__(self):
        self.heard = []

    def __len__(self):
        return 0

    def on_client_resumed(self, identity, session_id):
        self.heard.append((identity, session_id))


@pytest.fixture
async def process(monkeypatch):
    """A fleet of one, the turns of its process, their source, and the store."""
    monkeypatch.setattr(multi_process, "BEAT_SECONDS", 0.01)
    monkeypatch.setattr(outbox, "WRITE_SECONDS", 0.01)
    monkeypatch.setattr(multi_process, "LEASE_SECONDS", 0.05)
    store = RedisStore()
    one = MultiProcess(store, LocalClients(), lambda _: None)
    source = Scripted(ends=False)
    turns = TurnRegistry(source, one, Seal(), orphan_grace=PATIENCE_SECONDS, resume_window=PATIENCE_SECONDS)
    await one.start()
    running = asyncio.create_task(one.run())
    yield one, turns, source, store
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await turns.close()
    await one.close()


def start(turns, number=0):
    return turns.start(OWNER, f"t{number}", Question(f"Question {number}", "user"))


async def away(one, store, is_away=True):
    store.is_away = is_away
    await eventually(lambda: (one.counts()["processes"] is None) == is_away)


async def test_what_begins_and_ends_while_redis_is_away_is_not_kept_for_it(process):
    one, turns, source, store = process
    await away(one, store)
    for number in range(50):
        start(turns, number)
    await asyncio.sleep(0)
    source.put(Text("Hi"), None)
    await eventually(lambda: len(turns) == 0)
    await eventually(lambda: not one._outbox.published)


async def test_whom_the_others_know_gets_its_end_when_redis_is_back(process):
    one, turns, source, store = process
    start(turns)
    source.put(Text("Hi"))
    await eventually(lambda: store.streams)
    await away(one, store)
    source.put(None)
    await eventually(lambda: len(turns) == 0)
    await away(one, store, is_away=False)
    [told] = store.streams.values()
    await eventually(lambda: isinstance(told[-1], End))
    assert told[-1].status == Status.DONE


async def test_what_this_process_keeps_no_longer_is_deleted_for_all(process):
    one, turns, source, store = process
    turn = start(turns)
    source.put(Text("Hi"), None)
    await eventually(lambda: len(turns) == 0 and not one._outbox.published)
    assert len(store.claims) == len(store.streams) == 1
    turns._evict(turn)
    await eventually(lambda: not store.claims and not store.streams)


async def test_what_is_forgotten_while_redis_is_away_is_left_to_expire(process):
    one, turns, source, store = process
    turn = start(turns)
    source.put(None)
    await eventually(lambda: len(turns) == 0 and not one._outbox.published)
    await away(one, store)
    turns._evict(turn)
    await away(one, store, is_away=False)
    assert (one._outbox._forgotten, len(store.claims)) == ({}, 1)


async def test_what_begins_while_redis_comes_back_is_told_too(process):
    one, turns, source, store = process
    await away(one, store)
    start(turns, 1)
    store.is_away = False
    began = []

    async def claim(claims, original=store.claim):
        if not began:
            began.append(start(turns, 2))
        return await original(claims)

    store.claim = claim
    await eventually(lambda: len(store.claims) == 2)
    source.put(Text("Hi"), None)
    await eventually(lambda: [isinstance(told[-1], End) for told in store.streams.values()] == [True, True])


async def test_what_another_process_was_asked_meanwhile_is_not_mixed_with_ours(process):
    one, turns, source, store = process
    await away(one, store)
    turn = start(turns)
    await eventually(lambda: source.questions)
    [key] = one._outbox.published
    store.claims[key] = f"{ELSEWHERE}:1"
    store.streams[key] = [Text("theirs")]
    await away(one, store, is_away=False)
    source.put(Text("ours"), None)
    await turn.wait_ended()
    await eventually(lambda: len(turns) == 0)
    assert (turn.text, store.streams[key]) == ("ours", [Text("theirs")])


async def relay(one, turns, store, *told):
    """A turn that another process writes."""
    key = multi_process._key(OWNER, "t")
    store.claims[key] = f"{ELSEWHERE}:1"
    store.streams[key] = list(told)
    return key, await turns.find(OWNER, "t")


async def test_what_a_dead_process_wrote_is_read_before_it_is_given_up(process):
    one, turns, _, store = process
    await asyncio.sleep(2 * multi_process.LEASE_SECONDS)  # by now it is known who is dead
    store.can_read.clear()
    await asyncio.sleep(0.02)
    _, turn = await relay(one, turns, store, Text("All of it."), End(Status.DONE, None, Summary()))
    await asyncio.sleep(5 * multi_process.BEAT_SECONDS)
    assert turn.status is None
    store.can_read.set()
    await turn.wait_ended()
    assert (turn.status, turn.text) == (Status.DONE, "All of it.")


async def test_what_a_dead_process_left_undone_is_given_up(process):
    one, turns, _, store = process
    _, turn = await relay(one, turns, store, Text("Half"))
    await turn.wait_ended()
    assert (turn.status, turn.reason, turn.text) == (Status.INCOMPLETE, "owner_lost", "Half")


async def test_what_redis_has_forgotten_is_given_up_though_its_process_lives(process):
    one, turns, _, store = process
    store.alive.add(ELSEWHERE)
    key, turn = await relay(one, turns, store, Text("Half"))
    await eventually(lambda: turn.text == "Half")
    await asyncio.sleep(2 * multi_process.LEASE_SECONDS)
    assert turn.status is None
    del store.claims[key]
    await turn.wait_ended()
    assert (turn.status, turn.reason) == (Status.INCOMPLETE, "owner_lost")


async def test_the_same_id_for_another_question_elsewhere_is_refused(process):
    one, turns, source, store = process
    store.alive.add(ELSEWHERE)
    await relay(one, turns, store)
    answer = one.answer(OWNER, "t", Question("Another", "user"), lambda: source.ask(None))
    one._outbox.published[multi_process._key(OWNER, "t")] = PublishedTurn(start(turns, 1))
    with pytest.raises(AnswerError):
        await answer.stream(lambda _: None)


async def test_a_client_that_comes_back_before_the_first_command_is_read_is_heard_of():
    store, clients = RedisStore(), LocalClients()
    one = MultiProcess(store, clients, lambda _: None)
    await one.start()
    one.announce("key:bed-7", "session")
    await one._outbox.write()
    running = asyncio.create_task(one.run())
    await eventually(lambda: clients.heard == [("key:bed-7", "session")])
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await one.close()
