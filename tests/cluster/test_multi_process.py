"""Processes that share a real Redis: cut off, cleared, taken away and given back."""

import asyncio

import pytest

from service.answers import failures
from service.answers.base import Identity, Replacement, Text
from service.chat.answer_buffer import Cursor, Delta
from service.chat.client_identity import owner_of
from service.chat.followed_turn import FollowedTurn
from service.chat.turn_failures import TURN_UNREACHABLE, UNKNOWN_TURN, WRITER_LOST
from service.chat.turn_status import Status
from service.cluster import multi_process, peers
from service.cluster.multi_process import MultiProcess
from service.cluster.redis_store import RedisStore
from service.cluster.wire_format import Updates
from service.redis_link import RedisLink
from tests.cluster.turns import OWNER, QUESTION, registry_of
from tests.conftest import PATIENCE_SECONDS, eventually, logged
from tests.scripted import Scripted


class LocalClients(dict):
    """The numbers of connections that have come back here, by identity."""

    def __init__(self):
        super().__init__()
        self.heard = []

    def on_client_resumed(self, identity, number):
        self.heard.append((identity, number))
        return self[identity] if self.get(identity, 0) > number else None

    def resumed(self):
        return list(self.items())


class Process:
    def __init__(self, url):
        self.clients = LocalClients()
        self.sizes = []
        self.store = RedisStore(url, "test", resume_window=60)
        self.cluster = MultiProcess(self.store, self.clients, self.sizes.append)
        self.source = Scripted(ends=False)
        self.turns = registry_of(self.source, self.cluster)
        self.id = self.cluster._members.id
        self._is_closed = False

    async def start(self):
        await self.cluster.start()
        self._running = asyncio.create_task(self.cluster.run())

    def ask(self, turn_id="t"):
        return self.turns.start(OWNER, turn_id, QUESTION)

    async def follow(self, turn_id="t"):
        """Somebody listens to a turn of another process."""
        turn = await self.turns.find(OWNER, turn_id)
        turn.join(may_resume=True)
        return turn

    @property
    def is_connected(self):
        return self.cluster.counts()["processes"] is not None

    async def die(self):
        """Without a word."""
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
        await self.store.close()

    async def close(self):
        if self._is_closed:
            return
        self._is_closed = True
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
        await self.turns.close()
        await self.cluster.close()


@pytest.fixture
async def process(redis, monkeypatch):
    monkeypatch.setattr(multi_process, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(multi_process, "RESTART_SECONDS", 0.01)
    monkeypatch.setattr(multi_process, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(multi_process, "READ_SECONDS", 0.2)
    started = []

    async def process():
        started.append(one := Process(redis.url))
        await one.start()
        return one

    yield process
    for one in started:
        await one.close()


@pytest.fixture
async def pair(process):
    """Two processes that know each other."""
    one, two = await process(), await process()
    await eventually(lambda: one.cluster._members.others() and two.cluster._members.others())
    return one, two


@pytest.fixture
async def direct(redis):
    link = RedisLink(redis.url)
    yield link
    await link.disconnect()


async def claimed(one, turn_id="t"):
    """A turn that is asked for as a session does it."""
    assert await one.turns.claim(OWNER, turn_id, "Hi") is None
    return one.ask(turn_id)


async def test_what_one_process_writes_is_read_and_ends_at_another(pair):
    one, two = pair
    await claimed(one)
    turn = await two.follow()
    one.source.put(Identity("dify", "c", "m"), Text("a"))
    await eventually(lambda: turn.text == "a")
    one.source.put(Text("b"), None)
    await turn.wait_ended()
    assert (turn.status, turn.text, turn.identity) == (Status.DONE, "ab", Identity("dify", "c", "m"))


async def test_the_same_question_elsewhere_is_the_same_turn(pair):
    one, two = pair
    await claimed(one)
    turn = await two.turns.claim(OWNER, "t", "Hi")
    assert (turn.by, turn.is_same_question("Hi"), turn.is_same_question("Ho")) == (one.id, True, False)


async def test_what_ended_is_found_with_its_end_though_its_process_has_left(pair):
    one, two = pair
    running = await claimed(one)
    one.source.put(Text("a"), None)
    await running.wait_ended()
    await one.close()
    turn = await two.turns.find(OWNER, "t")
    assert (turn.text, turn.status) == ("a", Status.DONE)


async def test_a_mock_that_stands_in_is_known_as_one_elsewhere(pair):
    one, two = pair
    await claimed(one)
    identity = Identity("mock", instead_of=failures.BUSY)
    one.source.put(identity, Text("a"))
    turn = await two.follow()
    await eventually(lambda: turn.text)
    assert turn.identity == identity


async def test_a_stop_reaches_the_process_that_runs_it(pair):
    one, two = pair
    running = await claimed(one)
    two.cluster.stop(OWNER, "t")
    await running.wait_ended()
    assert (running.status, running.reason) == (Status.STOPPED, "client_stopped")


async def test_a_stop_of_all_reaches_all_of_that_owner_everywhere(pair):
    one, two = pair
    running, others = await claimed(one), one.turns.start(owner_of("f" * 32), "t", QUESTION)
    two.cluster.stop(OWNER, None)
    await running.wait_ended()
    assert (running.reason, others.status) == ("client_stopped", None)


async def test_who_comes_back_elsewhere_with_withdrawn_text_gets_what_replaced_it_only(pair):
    one, two = pair
    await claimed(one)
    one.source.put(Text("bad words"), Replacement("ok"))
    turn = await two.follow()
    await eventually(lambda: turn.is_current and turn.text == "ok")
    assert Cursor(turn.buffer, 9).updates() == [Delta(0, "ok", replace=True, replacements=1)]
    assert Cursor(turn.buffer, 2, 0).updates() == [Delta(0, "ok", replace=True, replacements=1)]
    assert Cursor(turn.buffer, 2, 1).updates() == []


async def test_connections_that_are_cut_are_not_noticed(pair, direct, events):
    one, two = pair
    await claimed(one)
    turn = await two.follow()
    await eventually(lambda: turn.is_current)
    for number, word in enumerate("abc"):
        await direct.execute([("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")])
        one.source.put(Text(word))
        two.cluster.announce("key:bed-7", number)
        await eventually(lambda word=word: turn.text.endswith(word))  # all connections are there again
        await eventually(lambda number=number: ("key:bed-7", number) in one.clients.heard)
    assert (logged(events, "redis.lost"), turn.text, turn.is_over) == ([], "abc", False)


async def test_connections_that_redis_closes_when_idle_are_not_noticed(process, direct, events, monkeypatch):
    monkeypatch.setattr(multi_process, "BEAT_SECONDS", 60)
    one, two = await process(), await process()
    await eventually(lambda: one.is_connected and two.is_connected)
    open_connections = {*await connections(direct)}
    await direct.execute([("CONFIG", "SET", "timeout", "1")])
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(open_connections.intersection(await connections(direct))) > 3:  # those that read, and this one
            await asyncio.sleep(0.1)
    await claimed(one)
    turn = await two.follow()
    one.source.put(Text("a"))
    await eventually(lambda: turn.text == "a")
    assert logged(events, "redis.lost") == []


async def connections(direct):
    """Their ids. Those whose commands wait are among them."""
    [clients] = await direct.execute([("CLIENT", "LIST", "TYPE", "normal")])
    return [client.split()[0] for client in clients.splitlines()]


async def test_what_redis_has_evicted_while_it_runs_is_found_all_the_same(pair, direct):
    """Perhaps not at once: two may look just before one shows itself again. Then a client is told to ask again."""
    one, two = pair
    await claimed(one)
    await direct.execute([("FLUSHALL",)])
    one.source.put(Text("a"))
    turn = await two.follow()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while turn.text != "a":
            if turn.lost_for is TURN_UNREACHABLE:
                turn = await two.follow()
            await asyncio.sleep(0.01)


async def test_what_redis_loses_while_it_is_followed_goes_on(pair, direct):
    one, two = pair
    await claimed(one)
    turn = await two.follow()
    one.source.put(Text("a"))
    await eventually(lambda: turn.text == "a")
    await direct.execute([("FLUSHALL",)])
    one.source.put(Text("b"), None)
    await turn.wait_ended()
    assert (turn.text, turn.status) == ("ab", Status.DONE)


async def test_a_letter_that_is_lost_is_made_up_for(pair, monkeypatch):
    one, two = pair
    await claimed(one)
    turn = await two.follow()
    await eventually(lambda: turn.is_current)
    post, lost = one.cluster._published._post, []

    def lose(process, message):
        if isinstance(message, Updates) and not lost:
            lost.append(message)
        else:
            post(process, message)

    monkeypatch.setattr(one.cluster._published, "_post", lose)
    one.source.put(Text("a"))
    await eventually(lambda: lost)
    one.source.put(Text("b"))
    await eventually(lambda: turn.text == "ab")


async def test_what_cannot_be_read_is_counted_and_what_follows_is_read(pair, direct, events):
    one, two = pair
    running = await claimed(one)
    inbox = f"test:inbox:{one.id}"
    await direct.execute([("XADD", inbox, "*", "letter", "what?")])
    await direct.execute([("XADD", inbox, "*", "letter", f'["{two.id}",[{{"type":"FromTheFuture"}}]]')])
    two.cluster.stop(OWNER, "t")
    await running.wait_ended()
    assert len(logged(events, "cluster.unreadable")) == 1  # at once, and then once a minute
    assert one.cluster._letters._unreadable._timer is not None
    one.cluster._letters._unreadable._timer.cancel()


async def test_a_loop_that_raises_is_logged_and_starts_again(pair, events, monkeypatch):
    one, two = pair
    read, raised = one.store.read_letters, []

    async def fail_once(process, wait):
        if not raised:
            raised.append(process)
            raise ZeroDivisionError
        return await read(process, wait)

    monkeypatch.setattr(one.store, "read_letters", fail_once)
    running = await claimed(one)
    await eventually(lambda: raised)
    two.cluster.stop(OWNER, "t")
    await running.wait_ended()
    assert [event["loop"] for event in logged(events, "cluster.loop_failed")] == ["_receive_letters"]


async def test_what_is_not_known_anywhere_is_not_found_or_lost(pair, process):
    one, _ = pair
    turn = await one.follow("nobody's")
    await turn.wait_ended()
    assert turn.lost_for is UNKNOWN_TURN


async def test_alone_what_is_not_known_is_not_found(process):
    one = await process()
    assert await one.turns.find(OWNER, "nobody's") is None


@pytest.mark.parametrize("give_up", ["release", "forget"])
async def test_an_id_that_is_given_up_is_free_for_others(pair, give_up):
    one, two = pair
    if give_up == "release":
        assert await one.turns.claim(OWNER, "t", "Hi") is None
        one.cluster.release(OWNER, "t")
    else:
        one.cluster.forget(await claimed(one))
    one.cluster._outbox.send()
    await one.store.queue.empty()
    assert await two.turns.claim(OWNER, "t", "Hi") is None


@pytest.fixture
def unhurried(monkeypatch):
    """Who finds a turn may take its time to listen."""
    monkeypatch.setattr(FollowedTurn, "go_unheard", lambda _: None)


@pytest.mark.usefixtures("unhurried")
async def test_what_its_process_has_not_any_more_is_found_with_the_end_that_it_stored(pair):
    one, two = pair
    running = await claimed(one)
    turn = await two.turns.find(OWNER, "t")
    one.source.put(Text("a"), None)
    await running.wait_ended()
    await eventually(lambda: len(one.turns) == 0)
    await drop(one)
    turn.join(may_resume=True)
    await turn.wait_ended()
    assert (turn.status, turn.text) == (Status.DONE, "a")


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("is_stored", [True, False])
async def test_what_its_process_has_not_any_more_is_not_known_where_no_end_is_stored(pair, direct, is_stored):
    one, two = pair
    await claimed(one)
    turn = await two.turns.find(OWNER, "t")
    await drop(one)
    if not is_stored:
        await direct.execute([("UNLINK", f"test:turn:{turn.key}")])
    turn.join(may_resume=True)
    await turn.wait_ended()
    assert turn.lost_for is UNKNOWN_TURN


@pytest.mark.usefixtures("unhurried")
async def test_what_its_process_has_not_any_more_can_be_asked_for_again_while_redis_is_away(pair, monkeypatch):
    one, two = pair
    await claimed(one)
    turn = await two.turns.find(OWNER, "t")
    await drop(one)
    monkeypatch.setattr(two.cluster._stored, "get", away_for_once)
    turn.join(may_resume=True)
    await turn.wait_ended()
    assert turn.lost_for is TURN_UNREACHABLE


async def drop(one):
    """It has stored what it had to, and knows the turn no longer."""
    one.cluster._outbox.send()
    await one.store.queue.empty()
    one.cluster._published.remove(f"{OWNER.key}:t")


# Redis is away.


async def away(redis, *processes):
    await redis.stop()
    await eventually(lambda: not any(one.is_connected for one in processes))


async def back(redis, *processes):
    await redis.start()
    await eventually(lambda: all(one.cluster.counts()["processes"] == len(processes) for one in processes))


async def back_in_turn(redis, first, second, monkeypatch):
    """The first one finds no other."""
    members, gate, held = second.cluster._members, asyncio.Event(), asyncio.Event()
    beat = members.beat

    async def beat_late():
        held.set()
        await gate.wait()
        return await beat()

    monkeypatch.setattr(members, "beat", beat_late)
    await held.wait()
    await redis.start()
    await eventually(lambda: first.is_connected and not first.cluster._members.others())
    gate.set()


async def test_who_starts_while_redis_is_away_runs_alone_until_it_is_there(process, redis, events):
    await redis.stop()
    one = await process()
    turn = await claimed(one)
    assert not one.is_connected
    await redis.start()
    two = await process()
    await eventually(lambda: one.is_connected and two.is_connected)
    assert (await two.turns.claim(OWNER, "t", "Hi")).by == one.id
    assert (turn.is_over, len(logged(events, "redis.lost"))) == (False, 1)


async def test_a_redis_that_is_found_away_by_who_asks_is_lost_at_once(pair, monkeypatch, events):
    one, two = pair
    for process, method in ((one, "claim"), (two, "get")):
        monkeypatch.setattr(process.cluster._stored, method, away_for_once)
    await claimed(one)
    assert not one.cluster._published.get(f"{OWNER.key}:t").is_claimed
    assert (await two.turns.find(OWNER, "t")).lost_for is TURN_UNREACHABLE
    assert len(logged(events, "redis.lost")) == 2


async def away_for_once(*_):
    raise ConnectionError("away")


async def test_what_a_beat_has_heard_of_a_redis_that_is_lost_meanwhile_does_not_bring_it_back(
    process, redis, monkeypatch, events
):
    one = await process()
    members, gate, heard = one.cluster._members, asyncio.Event(), asyncio.Event()
    beat = members.beat

    async def beat_late():
        is_known = await beat()
        heard.set()
        await gate.wait()
        return is_known

    with monkeypatch.context() as patch:
        patch.setattr(members, "beat", beat_late)
        await heard.wait()
        await away(redis, one)
    gate.set()
    await back(redis, one)
    assert [event["event"] for event in events] == ["redis.lost", "redis.back"]


async def test_what_has_failed_before_redis_was_back_does_not_lose_it_again(process, redis, monkeypatch, events):
    one = await process()
    gate, has_failed = asyncio.Event(), asyncio.Event()

    async def fail_late(*_):
        has_failed.set()
        await gate.wait()
        raise ConnectionError("away")

    with monkeypatch.context() as patch:
        patch.setattr(one.store, "read_letters", fail_late)
        await has_failed.wait()
    await away(redis, one)
    await back(redis, one)
    gate.set()
    two = await process()
    await claimed(one)
    turn = await two.follow()
    await eventually(lambda: turn.is_current)
    assert [event["event"] for event in events] == ["redis.lost", "redis.back"]


async def test_what_is_asked_while_redis_is_away_runs_alone_and_is_claimed_when_it_is_back(pair, redis, events):
    one, two = pair
    await away(redis, one, two)
    turn = await claimed(one)
    assert not one.cluster._published.get(f"{OWNER.key}:t").is_claimed
    assert (await two.turns.find(OWNER, "t")).lost_for is TURN_UNREACHABLE
    one.source.put(Text("a"))
    await back(redis, one, two)
    assert (await two.turns.claim(OWNER, "t", "Hi")).by == one.id
    followed = await two.follow()
    await eventually(lambda: followed.text == turn.text == "a")
    assert len(logged(events, "redis.lost")) == len(logged(events, "redis.back")) == 2


async def test_who_follows_while_redis_goes_away_is_told_to_come_again_and_finds_it_when_it_is_back(pair, redis):
    one, two = pair
    await claimed(one)
    turn = await two.follow()
    one.source.put(Text("a"))
    await eventually(lambda: turn.text == "a")
    await away(redis, one, two)
    await turn.wait_ended()
    assert (turn.lost_for, turn.status) == (TURN_UNREACHABLE, None)
    await back(redis, one, two)
    again = await two.follow()
    one.source.put(Text("b"))
    await eventually(lambda: again.text == "ab")


async def test_a_short_absence_of_redis_is_not_noticed_by_who_follows(pair, redis):
    one, two = pair
    await claimed(one)
    turn = await two.follow()
    await eventually(lambda: turn.is_current)
    await away(redis, one, two)
    one.source.put(Text("a"))
    await back(redis, one, two)
    await eventually(lambda: turn.text == "a")
    assert turn.lost_for is None


@pytest.mark.parametrize("late", [0, 1])
@pytest.mark.parametrize("turn_id", ["t", None])
async def test_a_stop_that_is_said_while_redis_is_away_arrives_when_it_is_back(pair, redis, monkeypatch, turn_id, late):
    """Whichever process is there first."""
    one, two = pair
    running = await claimed(one)
    await away(redis, one, two)
    two.cluster.stop(OWNER, turn_id)
    await back_in_turn(redis, pair[1 - late], pair[late], monkeypatch)
    await running.wait_ended()
    assert running.reason == "client_stopped"


async def test_a_stop_of_what_is_followed_arrives_too_when_redis_is_back(pair, redis):
    one, two = pair
    running = await claimed(one)
    turn = await two.follow()
    await eventually(lambda: turn.is_current)
    await away(redis, one, two)
    turn.stop("client_stopped")
    await back(redis, one, two)
    await running.wait_ended()
    assert running.reason == "client_stopped"


# A process dies.


async def test_what_a_dead_process_left_undone_ends_with_what_is_known_for_all(pair, process, monkeypatch):
    one, two = pair
    await claimed(one)
    turn = await two.follow()
    one.source.put(Text("half"))
    await eventually(lambda: turn.text == "half")
    monkeypatch.setattr(peers, "LEASE_SECONDS", 1.0)
    await one.die()
    await turn.wait_ended()
    assert (turn.status, turn.failure, turn.text) == (Status.INCOMPLETE, WRITER_LOST, "half")
    await eventually(lambda: two.sizes[-1] == 1)
    same = await (await process()).turns.find(OWNER, "t")
    assert (same.status, same.failure, same.text) == (Status.INCOMPLETE, WRITER_LOST, "half")


# Clients come back.


async def test_a_client_that_comes_back_is_told_of_elsewhere_with_its_number(pair):
    one, two = pair
    one.cluster.announce("key:bed-7", 12)
    await eventually(lambda: two.clients.heard == [("key:bed-7", 12)])
    assert two.cluster.next_number() > 12


async def test_numbers_grow_even_past_those_of_a_process_whose_clock_is_ahead(pair):
    one, two = pair
    ahead = 10 * one.cluster.next_number()
    one.cluster.announce("key:bed-7", ahead)
    await eventually(lambda: two.clients.heard)
    first, second = two.cluster.next_number(), two.cluster.next_number()
    assert ahead < first < second


async def test_who_knows_of_a_newer_connection_says_so(pair):
    one, two = pair
    two.clients["key:bed-7"] = 13
    one.cluster.announce("key:bed-7", 12)
    await eventually(lambda: one.clients.heard == [("key:bed-7", 13)])


@pytest.mark.parametrize("late", [0, 1])
async def test_who_has_come_back_while_redis_was_away_is_told_of_when_it_is_back(pair, redis, monkeypatch, late):
    """Whichever process is there first."""
    one, two = pair
    await away(redis, one, two)
    one.clients["key:bed-7"] = 12
    await back_in_turn(redis, pair[1 - late], pair[late], monkeypatch)
    await eventually(lambda: ("key:bed-7", 12) in two.clients.heard)


async def test_how_many_there_are_is_counted_and_not_known_while_redis_is_away(pair, redis):
    one, two = pair
    assert one.cluster.counts() == {"processes": 2, "connections_of_all": 0}
    assert (one.cluster.can_resume, one.sizes) == (True, [1, 2])
    await away(redis, one, two)
    assert one.cluster.counts() == {"processes": None, "connections_of_all": None}


async def test_an_inbox_that_somebody_else_made_costs_a_word_and_no_more(pair, direct, events):
    one, two = pair
    await direct.execute([("UNLINK", f"test:inbox:{two.cluster._members.id}")])
    await direct.execute([("SADD", f"test:inbox:{two.cluster._members.id}", "x")])
    running = await claimed(one)
    one.cluster.announce("somebody", 1)
    one.source.put(Text("a"), None)
    await running.wait_ended()
    turn = None
    while turn is None or turn.lost_for is not None:  # a letter may have been lost: it is resumed again
        turn = await two.turns.find(OWNER, "t")
        turn.join(may_resume=True)
        await turn.wait_ended()
        turn.leave()
    assert (turn.text, turn.status, logged(events, "redis.lost")) == ("a", Status.DONE, [])


async def test_what_begins_while_all_is_claimed_again_is_claimed_too(pair, redis, monkeypatch):
    one, two = pair
    await away(redis, one, two)
    one.turns.start(OWNER, "early", QUESTION)
    claim_all, late = one.cluster._stored.claim_all, []

    async def claim_while_one_begins(turns):
        denied = await claim_all(turns)
        if not late:
            late.append(one.turns.start(OWNER, "late", QUESTION))
        return denied

    monkeypatch.setattr(one.cluster._stored, "claim_all", claim_while_one_begins)
    await back(redis, one, two)
    assert all(published.is_claimed for published in one.cluster._published)
    assert len(list(one.cluster._published)) == 2


# A person leaves, and another comes.


async def keys(direct):
    (names,) = await direct.execute([("KEYS", "test:turn:*")])
    return names


async def test_what_is_forgotten_ends_everywhere_and_nothing_is_kept_of_it(pair, direct):
    one, two = pair
    running, followed = await claimed(one), await two.follow()
    await eventually(lambda: followed.is_current)
    two.turns.forget_all(OWNER)
    await followed.wait_ended()
    assert (running.reason, followed.status) == ("client_stopped", Status.STOPPED)
    await eventually(lambda: one.turns.get(OWNER, "t") is None and two.turns.get(OWNER, "t") is None)
    await eventually(lambda: len(one.turns) == 0)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await keys(direct):
            await asyncio.sleep(0.01)
    sought = await two.follow()
    await eventually(lambda: sought.lost_for is UNKNOWN_TURN)


async def test_what_a_process_left_in_redis_is_erased_too(pair, direct):
    one, two = pair
    running = await claimed(one)
    one.source.put(Text("a"), None)
    await running.wait_ended()
    await one.close()
    assert await keys(direct)
    two.turns.forget_all(OWNER)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await keys(direct):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("late", [0, 1])
async def test_what_is_forgotten_while_redis_is_away_is_told_when_it_is_back(pair, redis, monkeypatch, late):
    one, two = pair
    running = await claimed(one)
    await away(redis, one, two)
    two.turns.forget_all(OWNER)
    await back_in_turn(redis, pair[1 - late], pair[late], monkeypatch)
    await running.wait_ended()
    await eventually(lambda: one.turns.get(OWNER, "t") is None)
