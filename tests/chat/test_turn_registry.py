"""The turns of a process: whose they are, how long they are kept, what is counted."""

import pytest

from service.answers.base import Question, Summary, Text
from service.chat import turn_registry
from service.chat.cluster import SingleProcess
from service.chat.turn import Status
from service.chat.turn_registry import TurnRegistry
from tests.conftest import PATIENCE_SECONDS, eventually
from tests.scripted import Scripted


@pytest.fixture
async def keep():
    """Turns on a script, kept for long unless said otherwise."""
    kept = []

    def keep(source, resume_window=PATIENCE_SECONDS):
        turns = TurnRegistry(source, SingleProcess(), orphan_grace=PATIENCE_SECONDS, resume_window=resume_window)
        kept.append(turns)
        return turns

    yield keep
    for turns in kept:
        await turns.close()


async def ask(turns, turn_id, owner="ann"):
    turn = turns.start(owner, turn_id, Question("Hi", "user"))
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
    turn = turns.start("ann", "one", Question("Hi", "user"))
    assert (turns.running("ann"), turns.running("bob"), len(turns)) == ([turn], [], 1)
    source.put(None)
    await eventually(lambda: len(turns) == 0)
    assert turns.running("ann") == []


async def test_of_one_owner_only_so_many_ended_turns_are_kept(keep, monkeypatch):
    monkeypatch.setattr(turn_registry, "MAX_KEPT_PER_TOKEN", 2)
    turns = keep(Scripted(Text("a")))
    for turn_id in ("one", "two", "three"):
        await ask(turns, turn_id)
    assert [turns.get("ann", turn_id) is None for turn_id in ("one", "two", "three")] == [True, False, False]


@pytest.mark.parametrize(("limit", "value"), [("MAX_KEPT", 2), ("MAX_KEPT_CHARACTERS", 8)])
async def test_of_all_owners_only_so_much_is_kept_and_the_oldest_goes_first(keep, monkeypatch, limit, value):
    monkeypatch.setattr(turn_registry, limit, value)
    turns = keep(Scripted(Text("four")))
    for owner in ("ann", "bob", "eve"):
        await ask(turns, "one", owner)
    assert [turns.get(owner, "one") is None for owner in ("ann", "bob", "eve")] == [True, False, False]


async def test_answers_and_tokens_are_counted_also_of_those_that_were_stopped(keep):
    source = Scripted(Text("half"), ends=False)
    turns = keep(source)
    turn = turns.start("ann", "one", Question("Hi", "user"))
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
    turn = turns.start("ann", "one", Question("Hi", "user"))
    await eventually(lambda: turn.text)
    turn.delivered = 2
    source.put(None)
    await eventually(lambda: turns.get("ann", "one") is None)
    assert turns.counts()["undelivered_characters"] == 3
    assert [event["characters"] for event in events if event["event"] == "turn.undelivered"] == [3]
