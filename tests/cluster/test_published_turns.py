"""Which turns of this process others follow, and what is posted to them when."""

import time

import pytest

from service.answers.base import Identity, Text
from service.chat.client_identity import owner_of
from service.chat.turn_status import Status
from service.cluster import published_turns as module
from service.cluster.published_turns import PublishedTurns
from service.cluster.wire_format import Follow, Unknown, Updates, decode_parts
from tests.cluster.turns import OWNER, QUESTION, registry_of
from tests.conftest import eventually
from tests.scripted import Scripted


@pytest.fixture
async def source():
    return Scripted(ends=False)


@pytest.fixture
async def posted():
    return []


@pytest.fixture
async def published(posted, monkeypatch):
    monkeypatch.setattr(module, "WRITE_SECONDS", 0.01)
    published = PublishedTurns(lambda process, message: posted.append((process, message)))
    yield published
    published.close()


@pytest.fixture
async def start(published, source):
    turns = registry_of(source)

    def start(turn_id="t", owner=OWNER, *, is_claimed=True):
        turn = turns.start(owner, turn_id, QUESTION)
        published.add(f"{owner.key}:{turn_id}", turn, is_claimed=is_claimed)
        return turn

    yield start
    await turns.close()


KEY = f"{OWNER.key}:t"


def texts(posted):
    return [part.content for _, message in posted for part in decode_parts(message.parts)]


async def test_of_what_is_not_here_it_is_said_so(published, start, posted):
    published.follow("p", Follow(KEY, 1))
    start(is_claimed=False)
    published.follow("p", Follow(KEY, 2))
    assert posted == [("p", Unknown(1)), ("p", Unknown(2))]


async def test_who_follows_is_told_at_once_and_then_what_comes(published, start, posted, source):
    start()
    published.follow("p", Follow(KEY, 1))
    assert [(process, message.position) for process, message in posted] == [("p", 0)]
    source.put(Text("a"))
    await eventually(lambda: texts(posted) == ["a"])


async def test_what_is_written_in_a_moment_goes_together(published, start, posted, source, monkeypatch):
    monkeypatch.setattr(module, "WRITE_SECONDS", 0.5)
    turn = start()
    published.follow("p", Follow(KEY, 1))
    source.put(Text("a"), Text("b"))
    await eventually(lambda: turn.text == "ab")
    source.put(Text("c"))
    await eventually(lambda: texts(posted))
    assert texts(posted) == ["abc"]


async def test_an_end_goes_at_once(published, start, posted, source, monkeypatch):
    monkeypatch.setattr(module, "WRITE_SECONDS", 1_000)
    turn = start()
    published.follow("p", Follow(KEY, 1))
    source.put(Text("a"), None)
    await turn.wait_ended()
    assert (texts(posted), posted[-1][1].ending.status) == (["a"], Status.DONE)
    assert (published._followed, published._listeners) == ({}, {})


async def test_who_is_followed_no_longer_is_not_listened_to(published, start, posted, source):
    turn = start()
    published.follow("p", Follow(KEY, 1))
    published.unfollow("p", 1)
    assert (turn._subscribers, turn.has_no_listeners, published._followed) == ((), True, {})


async def test_a_second_follow_is_not_undone_by_the_unfollow_of_the_first(published, start):
    turn = start()
    published.follow("p", Follow(KEY, 1))
    published.follow("p", Follow(KEY, 2))
    published.unfollow("p", 1)
    assert (turn._orphan_timer, turn.has_no_listeners) == (None, False)


async def test_the_followers_of_a_lost_process_are_lost(published, start):
    turn = start()
    for process in "pq":
        published.follow(process, Follow(KEY, 1))
    published.lose_followers(lambda process: process == "p")
    assert not turn.has_no_listeners
    published.lose_followers(lambda _: True)
    assert (turn.has_no_listeners, published._followed) == (True, {})


async def test_a_stop_reaches_its_turn_and_one_of_all_reaches_its_owner_s(published, start):
    one, two, other = start("t"), start("u"), start("t", owner_of("f" * 32))
    now = time.monotonic()
    published.stop(KEY, one.started_at - 1)  # before it began
    assert one.status is None
    published.stop(KEY, now)
    published.stop("nobody's:t", now)
    assert (one.reason, two.status, other.status) == ("client_stopped", None, None)
    published.stop_all(OWNER.key, two.started_at - 1)
    assert two.status is None
    published.stop_all(OWNER.key, now)
    assert (two.reason, other.status) == ("client_stopped", None)


async def test_what_runs_and_is_claimed_is_due(published, start):
    for turn in (start("t"), start("u", is_claimed=False)):
        turn.identity = Identity("dify")
    assert [each.key for each in published.due(1_000_000.0)] == [KEY]
    assert published.end(KEY) is published.get(KEY)
    assert published.due(1_000_000.0) == []


async def test_what_is_kept_no_longer_is_not_here_any_more_and_not_followed(published, start):
    turn = start()
    published.follow("p", Follow(KEY, 1))
    assert [each.key for each in published] == [KEY]
    removed = published.remove(KEY)
    assert (removed.turn, list(published), turn.has_no_listeners, turn._subscribers) == (turn, [], True, ())
    assert (published.remove(KEY), published.end(KEY), published.get(KEY)) == (None, None, None)


async def test_what_is_told_are_updates(published, start, posted):
    start()
    published.follow("p", Follow(KEY, 1))
    assert [type(message) for _, message in posted] == [Updates]


async def test_of_what_is_removed_while_it_runs_no_snapshot_is_due(published, start):
    start().identity = Identity("dify")
    published.remove(KEY)
    assert published.due(1_000_000.0) == []


async def test_what_its_asker_wants_to_be_forgotten_ends_unless_it_has_begun_since(published, start):
    turn, other = start(), start("u", owner_of("f" * 32))
    published.forget_all(OWNER.key, turn.started_at - 1)
    assert turn.status is None
    published.forget_all(OWNER.key, turn.started_at)
    assert (turn.reason, other.status) == ("client_stopped", None)
