"""The turns of a process: whose they are, how long they are kept, what is counted."""

import asyncio
from types import SimpleNamespace

import pytest

from service.answers.base import Question, Summary, Text
from service.answers.pauses import Continuation, Decision, PausedRun
from service.chat import ended_turns, receipt, running_turn, turn_registry
from service.chat.client_identity import NOWHERE, Origin
from service.chat.client_messages import VoiceLatency
from service.chat.cluster import SingleProcess
from service.chat.running_turn import RunningTurn
from service.chat.seal import Seal
from service.chat.turn_failures import TURN_UNREACHABLE
from service.chat.turn_registry import TurnRegistry
from service.chat.turn_status import Ending, Kind, Status
from tests.chat.followed import OWNER, followed_turn
from tests.conftest import PATIENCE_SECONDS, eventually, logged
from tests.scripted import Scripted

QUESTION = Question("Hi", "user")


@pytest.fixture
async def keep():
    """Turns on a script, kept for long unless said otherwise."""
    kept = []

    def keep(source, resume_window=PATIENCE_SECONDS, cluster=None):
        cluster = cluster or SingleProcess()
        turns = TurnRegistry(source, cluster, Seal(), orphan_grace=PATIENCE_SECONDS, resume_window=resume_window)
        kept.append(turns)
        return turns

    yield keep
    for turns in kept:
        await turns.close()


async def ask(turns, turn_id, owner="ann", origin=NOWHERE):
    turn = turns.start(owner, turn_id, QUESTION, origin)
    await turn.wait_ended()
    await eventually(lambda: len(turns) == 0)
    return turn


async def test_an_ended_turn_is_found_by_its_owner_only(keep):
    turns = keep(Scripted(Text("a")))
    turn = await ask(turns, "one")
    assert turns.get("ann", "one") is turn
    assert turns.get("bob", "one") is None
    assert turns.get("ann", "two") is None


async def test_an_ended_turn_is_forgotten_when_the_window_ends(keep):
    turns = keep(Scripted(Text("a")), resume_window=0.01)
    await ask(turns, "one")
    await ask(turns, "two")
    await eventually(lambda: turns.get("ann", "one") is turns.get("ann", "two") is None)


async def test_only_what_runs_is_running(keep):
    source = Scripted(ends=False)
    turns = keep(source)
    turn = turns.start("ann", "one", QUESTION)
    assert (turns.running("ann"), turns.running("bob"), len(turns)) == ([turn], [], 1)
    source.put(None)
    await eventually(lambda: len(turns) == 0)
    assert turns.running("ann") == []


async def test_of_one_owner_only_so_many_ended_turns_are_kept_and_the_others_are_forgotten_everywhere(
    keep, monkeypatch
):
    monkeypatch.setattr(ended_turns, "MAX_TURNS_PER_OWNER", 2)
    peers = Peers()
    turns = keep(Scripted(Text("a")), cluster=peers)
    for turn_id in ("one", "two", "three"):
        await ask(turns, turn_id)
    assert [turns.get("ann", turn_id) is None for turn_id in ("one", "two", "three")] == [True, False, False]
    assert peers.forgotten == ["one"]


async def test_one_client_with_many_tokens_pushes_nobody_out(keep, monkeypatch):
    monkeypatch.setattr(ended_turns, "MAX_SIZE", 4 * (ended_turns.TURN_CHARACTERS + 4))
    turns = keep(Scripted(Text("four")))
    await ask(turns, "one", "ann", Origin("ann's"))
    for number in range(10):
        await ask(turns, "one", f"eve {number}", Origin("eve's"))
    assert turns.get("ann", "one")
    assert [number for number in range(10) if turns.get(f"eve {number}", "one")] == [8, 9]


async def test_answers_and_tokens_are_counted_also_of_those_that_were_stopped(keep):
    source = Scripted(Text("half"), ends=False)
    turns = keep(source)
    turn = turns.start("ann", "one", QUESTION)
    await eventually(lambda: turn.text)
    source.put(Summary({"total_tokens": 12}))
    turn.stop("client_stopped")
    await eventually(lambda: len(turns) == 0)
    assert (turns.counts()["answers"], turns.counts()["tokens"]) == ({Status.STOPPED: 1}, 12)


async def test_a_total_that_is_no_number_is_not_counted(keep):
    turns = keep(Scripted(Text("a"), Summary({"total_tokens": "many"})))
    await ask(turns, "one")
    assert turns.counts()["tokens"] == 0


async def test_words_that_nobody_got_are_counted_and_said_when_they_are_given_up(keep, events):
    source = Scripted(Text("words"), ends=False)
    turns = keep(source, resume_window=0.01)
    turn = turns.start("ann", "one", QUESTION)
    await eventually(lambda: turn.text)
    turn.receipt.advance(2)
    source.put(None)
    await eventually(lambda: turns.get("ann", "one") is None)
    assert turns.counts()["undelivered_characters"] == 3
    assert [event["characters"] for event in events if event["event"] == "turn.undelivered"] == [3]


class Peers(SingleProcess):
    """Other processes, which have what is put into `found`; `published` are the turns that they were given."""

    def __init__(self, *, can_resume=True):
        super().__init__()
        self.can_resume = can_resume
        self.found = {}
        self.published = []
        self.forgotten = []
        self.claimed = []
        self.released = []
        self.kept = []
        self.stopped = []
        self.meanwhile = None

    def publish(self, turn):
        self.published.append(turn)

    def forget(self, turn):
        self.forgotten.append(turn.id)

    async def find(self, owner, turn_id):
        if self.meanwhile is not None:
            self.meanwhile()
        return self.found.get(turn_id)

    async def claim(self, owner, turn_id, content):
        self.claimed.append((turn_id, content))
        return await self.find(owner, turn_id)

    def release(self, owner, turn_id):
        self.released.append(turn_id)

    def keep(self, turn):
        self.kept.append(turn.id)

    def stop(self, owner, turn_id):
        self.stopped.append(turn_id)


async def test_at_first_there_is_nothing(keep):
    turns = keep(Scripted())
    assert (len(turns), turns.running("ann"), turns.is_closing) == (0, [], False)
    assert turns.counts() == {"answers": {}, "tokens": 0, "undelivered_characters": 0}


async def test_what_starts_here_is_given_to_the_peers(keep):
    peers = Peers()
    turns = keep(Scripted(ends=False), cluster=peers)
    assert peers.published == [turns.start("ann", "one", QUESTION)]


async def test_what_is_known_here_is_not_looked_for_elsewhere(keep):
    peers = Peers()
    turns = keep(Scripted(ends=False), cluster=peers)
    turn = turns.start("ann", "one", QUESTION)
    peers.found["one"] = followed_turn()
    assert await turns.find("ann", "one") is turn


async def test_a_turn_of_another_process_is_one_for_all_who_listen_here_until_it_is_gone(keep):
    peers = Peers()
    turns = keep(Scripted(), cluster=peers)
    turn = peers.found["one"] = followed_turn()
    assert (await turns.find("ann", "one"), turns.get("ann", "one"), len(turns)) == (turn, turn, 0)
    peers.found["one"] = followed_turn()
    assert await turns.find("ann", "one") is turn
    assert await turns.claim("ann", "one", "Hi") is turn
    turn.end(Ending(Status.DONE))
    assert turns.get("ann", "one") is None
    assert await turns.find("ann", "one") is peers.found["one"]
    assert turns.counts()["answers"] == {}


@pytest.mark.parametrize("ends_first", [False, True])
async def test_a_turn_of_another_process_can_be_measured_after_its_end(keep, events, ends_first):
    peers = Peers()
    turns = keep(Scripted(), cluster=peers)
    turn = peers.found["one"] = followed_turn(turn_id="one")
    if ends_first:
        turn.end(Ending(Status.DONE))
    await turns.find(OWNER, "one")
    turn.end(Ending(Status.DONE))
    for _ in range(2):
        turns.measure(OWNER, VoiceLatency("one", asked_ms=700))
    assert len(logged(events, "voice.measured")) == 1


async def test_whose_id_nobody_has_is_claimed_and_what_is_not_started_after_all_is_released(keep):
    peers = Peers()
    turns = keep(Scripted(), cluster=peers)
    assert await turns.claim("ann", "one", "Hi") is None
    assert (peers.claimed, peers.released) == ([("one", "Hi")], [])
    turns.is_closing = True
    assert await turns.claim("ann", "two", "Hi") is None
    assert peers.released == ["two"]


async def test_what_has_begun_elsewhere_is_what_a_claim_finds(keep):
    peers = Peers()
    turns = keep(Scripted(), cluster=peers)
    turn = peers.found["one"] = followed_turn()
    assert await turns.claim("ann", "one", "Hi") is turns.get("ann", "one") is turn


async def test_what_was_read_to_its_end_is_kept_for_others_too(keep):
    peers = Peers()
    turns = keep(Scripted(Text("a")), cluster=peers)
    await ask(turns, "one")
    assert (peers.kept, peers.forgotten) == (["one"], [])


async def test_what_is_to_stop_elsewhere_is_told_there(keep):
    peers = Peers()
    turns = keep(Scripted(), cluster=peers)
    turns.stop_elsewhere("ann", "one")
    turns.stop_elsewhere("ann", None)
    assert peers.stopped == ["one", None]


async def test_what_nobody_has_is_not_found(keep):
    assert await keep(Scripted(), cluster=Peers()).find("ann", "one") is None


@pytest.mark.parametrize("peers_have_it", [False, True])
async def test_what_begins_here_while_peers_are_asked_is_found_here(keep, peers_have_it):
    peers = Peers()
    turns = keep(Scripted(ends=False), cluster=peers)
    peers.meanwhile = lambda: turns.start("ann", "one", QUESTION)
    if peers_have_it:
        peers.found["one"] = followed_turn()
    found = await turns.find("ann", "one")
    assert (found, type(found), len(turns)) == (turns.get("ann", "one"), RunningTurn, 1)


@pytest.mark.parametrize("can_resume", [False, True])
async def test_when_it_closes_only_what_nobody_can_come_back_for_is_stopped(keep, can_resume):
    turns = keep(Scripted(ends=False), cluster=Peers(can_resume=can_resume))
    listened_to, left = (turns.start("ann", name, QUESTION) for name in ("one", "two"))
    listened_to.join(may_resume=True)
    turns.stop_accepting()
    assert (turns.is_closing, listened_to.status) == (True, None)
    assert left.status is (None if can_resume else Status.STOPPED)
    assert (left.reason, listened_to.orphan_grace == 0) == ((None, False) if can_resume else ("client_left", True))


async def test_the_end_of_all_is_waited_for_but_not_of_what_peers_write(keep):
    peers, own = Peers(), Scripted(ends=False)
    turns = keep(own, cluster=peers)
    turns.start("ann", "one", QUESTION)
    peers.found["two"] = followed_turn()
    turn = await turns.find("ann", "two")
    waiting = asyncio.create_task(turns.wait_ended())
    await asyncio.sleep(0.01)
    assert not waiting.done()
    own.put(None)
    await waiting
    turns.abort()
    assert turn.status is None


async def test_its_end_is_that_of_all_turns_and_of_all_that_was_kept(keep, events):
    source = Scripted(Text("words"), ends=False)
    turns = keep(source)
    turn = turns.start("ann", "one", QUESTION)
    await eventually(lambda: turn.text)
    await turns.close()
    assert (turn.status, turn.reason, source.stops, len(turns)) == (Status.INCOMPLETE, "restarting", 1, 0)
    assert (turns.get("ann", "one"), turns.counts()["undelivered_characters"]) == (None, 5)
    assert turns._sweep.cancelled()


async def test_a_source_that_does_not_stop_delays_its_end_no_longer_than_allowed(keep, monkeypatch):
    monkeypatch.setattr(turn_registry, "CLOSE_TIMEOUT_SECONDS", 0.02)
    source = Scripted(ends=False)
    source.ignores_stops = True
    turns = keep(source)
    turns.start("ann", "one", QUESTION)
    await asyncio.sleep(0)
    await turns.close()
    assert len(turns) == 0


async def test_an_owner_of_nothing_is_forgotten(keep):
    turns = keep(Scripted(Text("a")), resume_window=0.01)
    await ask(turns, "one")
    await eventually(lambda: not turns._by_owner)


async def test_what_every_client_got_is_given_up_without_a_word(keep, events):
    source = Scripted(Text("words"), ends=False)
    turns = keep(source, resume_window=0.01)
    turn = turns.start("ann", "one", QUESTION)
    await eventually(lambda: turn.text)
    turn.receipt.advance(5)
    source.put(None)
    await eventually(lambda: turns.get("ann", "one") is None)
    assert turns.counts()["undelivered_characters"] == 0
    assert logged(events, "turn.undelivered") == []


@pytest.fixture
def clock(monkeypatch):
    """In seconds; the loop has its own."""
    clock = SimpleNamespace(now=1000)
    for module in (turn_registry, running_turn, receipt):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def pause(turns):
    return round(turns._sweep.when() - asyncio.get_running_loop().time())


async def test_the_sweep_forgets_what_is_due_and_then_waits_for_the_next(keep, clock):
    """The window is 60 seconds, and a sweep comes at most a sixtieth of it after it is due."""
    peers = Peers()
    turns = keep(Scripted(Text("a")), resume_window=60, cluster=peers)
    for clock.now, turn_id in ((1000, "one"), (1010, "two"), (1025, "three")):
        await ask(turns, turn_id)
    assert pause(turns) == 30 + 1
    clock.now = 1070
    turns._evict_expired()
    assert [turns.get("ann", turn_id) is None for turn_id in ("one", "two", "three")] == [True, True, False]
    assert (pause(turns), peers.forgotten) == (15 + 1, ["one", "two"])
    clock.now = 1100
    turns._evict_expired()
    assert (turns.get("ann", "three"), turns._sweep) == (None, None)


class Client(SimpleNamespace):
    """May be referred to weakly."""


async def test_what_its_client_got_is_kept_for_half_of_the_window(keep, clock):
    turns = keep(Scripted(Text("a")), resume_window=60)
    client = Client(heard_at=0)
    for turn_id in ("got", "perhaps"):
        (await ask(turns, turn_id)).receipt.complete(1, client)
        client.heard_at = clock.now = 1001
    (await ask(turns, "lost")).receipt.complete(1, Client(heard_at=2000))  # and its connection is over
    clock.now = 1032
    turns._evict_expired()
    assert [turns.get("ann", turn_id) is None for turn_id in ("got", "perhaps", "lost")] == [True, False, False]


async def test_at_its_end_others_are_not_told_to_forget(keep):
    peers = Peers()
    turns = keep(Scripted(Text("a")), cluster=peers)
    await ask(turns, "one")
    await turns.close()
    assert (turns.get("ann", "one"), peers.forgotten) == (None, [])


async def test_one_timer_sweeps_for_all(keep):
    turns = keep(Scripted(Text("a")))
    await ask(turns, "one")
    sweep = turns._sweep
    await ask(turns, "two")
    assert turns._sweep is sweep


async def test_a_turn_s_kind_is_that_of_its_question(keep):
    turns = keep(Scripted())
    decided = turns.start("owner", "d", Continuation(PausedRun("r"), "user", Decision("yes")))
    assert (turns.start("owner", "q", QUESTION).kind, decided.kind) == (Kind.QUESTION, Kind.DECISION)


async def test_of_what_another_process_runs_nothing_is_kept_that_nobody_listens_to(keep):
    found = []

    class Elsewhere(SingleProcess):
        async def find(self, owner, turn_id):
            found.append(followed_turn(turn_id=turn_id, owner=owner))
            return found[-1]

    turns = keep(Scripted(), cluster=Elsewhere())
    turn = await turns.find(OWNER, "t")
    turn.join(may_resume=True)
    assert await turns.find(OWNER, "t") is turn
    turn.leave()
    assert (turns.get(OWNER, "t"), turns._followed) == (None, {})
    await turns.find(OWNER, "t")
    await asyncio.sleep(0)
    assert (len(found), turns._followed) == (2, {})


async def test_who_looks_for_a_turn_that_begins_here_meanwhile_is_to_look_again(keep):
    class Elsewhere(SingleProcess):
        async def find(self, owner, turn_id):
            return followed_turn(turn_id=turn_id, owner=owner, by="")

    turns = keep(Scripted(), cluster=Elsewhere())
    sought = await turns.find(OWNER, "t")
    sought.join(may_resume=True)
    assert await turns.claim(OWNER, "t", "Hi") is None
    assert sought.lost_for is TURN_UNREACHABLE
    turn = turns.start(OWNER, "t", QUESTION)
    assert await turns.find(OWNER, "t") is turn


async def test_what_is_forgotten_is_not_kept_although_its_source_ends_later(keep):
    source = Scripted(Text("a"), ends=False)
    peers = Peers()
    turns = keep(source, cluster=peers)
    ended = await ask(keep(Scripted(Text("a"))), "other")
    turn = turns.start("ann", "one", QUESTION)
    turns.forget_all("ann")
    assert (turn.reason, turns.get("ann", "one")) == ("client_stopped", None)
    await eventually(lambda: len(turns) == 0)
    assert (peers.kept, peers.forgotten, list(turns._kept)) == ([], ["one"], [])
    assert ended.status is not None


async def test_what_has_ended_is_forgotten_once_by_its_owner_s_word_only(keep):
    peers = Peers()
    turns = keep(Scripted(Text("a")), cluster=peers)
    turn, other = await ask(turns, "one"), await ask(turns, "two", owner="bob")
    turns.forget_all("ann")
    turn.forget()
    assert (peers.forgotten, list(turns._kept)) == (["one"], [other])
    assert turns.counts()["answers"] == {"done": 2}
