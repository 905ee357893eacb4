"""A turn of this process, as other processes see it."""

import pytest

from service.answers import failures
from service.answers.base import Identity, Queued, Replacement, Step, Summary, Text
from service.answers.pauses import Pause
from service.chat.turn_status import Ending, Status
from service.cluster.published_turn import STORE_SECONDS, STORED_CHARACTERS_PER_SECOND, PublishedTurn, snapshot_of
from service.cluster.wire_format import Follow, decode_parts
from tests.cluster.turns import OWNER, QUESTION, registry_of
from tests.conftest import eventually
from tests.scripted import Scripted

STEP = Step("node_started", "n", "LLM")


@pytest.fixture
async def source():
    return Scripted(ends=False)


@pytest.fixture
async def published(source):
    turns = registry_of(source)
    yield PublishedTurn("k", turns.start(OWNER, "t", QUESTION))
    await turns.close()


async def put(source, published, *parts):
    """Let the turn have these parts, and a full stop."""
    written = published.turn.buffer.total_written
    source.put(*parts, Text("."))
    await eventually(lambda: published.turn.buffer.total_written > written and published.turn.text.endswith("."))


def told(published):
    return [
        (process, each.number, each.position, decode_parts(each.parts), each.ending)
        for process, each in published.updates()
    ]


async def test_who_follows_is_told_at_once_where_the_turn_stands_even_if_there_is_nothing(published):
    published.follow("p", Follow("k", 1))
    assert told(published) == [("p", 1, 0, [], None)]
    assert told(published) == []


async def test_each_follower_is_told_each_bit_once_and_counts_its_own_updates(published, source):
    published.follow("p", Follow("k", 1))
    await put(source, published, Identity("mock"), Text("a"), STEP)
    assert told(published) == [("p", 1, 0, [Identity("mock"), Text("a"), STEP, Text(".")], None)]
    published.follow("q", Follow("k", 1, 1, 0, 0))
    await put(source, published, Text("b"))
    assert told(published) == [
        ("p", 1, 1, [Text("b.")], None),
        ("q", 1, 0, [Identity("mock"), STEP, Text(".b.")], None),
    ]


async def test_a_mock_that_stands_in_says_so_before_its_first_words(published, source):
    identity = Identity("mock", instead_of=failures.BUSY)
    await put(source, published, identity)
    published.follow("p", Follow("k", 1))
    assert told(published)[0][3] == [identity, Text(".")]


async def test_the_identity_is_told_anew_when_more_of_it_is_known(published, source):
    first, second = Identity("dify", "c", "m"), Identity("dify", "c", "m", run_id="r")
    published.follow("p", Follow("k", 1))
    await put(source, published, first)
    assert told(published)[0][3] == [first, Text(".")]
    await put(source, published, second)
    assert told(published)[0][3] == [second, Text(".")]


@pytest.mark.parametrize(
    ("follow", "parts"),
    [
        (Follow("k", 1), [Replacement("ok.")]),
        (Follow("k", 1, 3, 0), [Replacement("ok.")]),
        (Follow("k", 1, 9, 0), [Replacement("ok.")]),
        (Follow("k", 1, 2, 1), [Text(".")]),
        (Follow("k", 1, 3, 1), []),
    ],
)
async def test_who_had_withdrawn_text_gets_what_replaced_it_and_others_what_they_miss(published, source, follow, parts):
    await put(source, published, Text("bad"), Replacement("ok"))
    published.follow("p", follow)
    [(_, updates)] = published.updates()
    assert (decode_parts(updates.parts), updates.replacements, updates.checksum) == (parts, 1, published.turn.checksum)


async def test_that_the_question_waits_is_told_once(published, source):
    published.follow("p", Follow("k", 1))
    source.put(Queued())
    await eventually(lambda: published.turn.is_queued)
    assert [each[3] for each in told(published)] == [[Queued()]]
    assert told(published) == []


async def test_its_end_is_the_last_that_a_follower_is_told(published, source):
    published.follow("p", Follow("k", 1))
    source.put(Text("a"), Summary({"total_tokens": 3}))
    source.fail(failures.STALLED)
    await published.turn.wait_ended()
    ending = Ending(Status.INCOMPLETE, "stalled", failures.STALLED, Summary({"total_tokens": 3}))
    assert told(published) == [("p", 1, 0, [Text("a")], ending)]
    assert (told(published), published.is_followed, published.turn.has_no_listeners) == ([], False, True)


async def test_who_follows_after_the_end_is_told_all_of_it(published, source):
    source.put(Text("a"), Pause(run_id="r"), None)
    await published.turn.wait_ended()
    published.follow("p", Follow("k", 1))
    ending = Ending(Status.PAUSED, "waiting_for_human", pause=Pause(run_id="r"))
    assert told(published) == [("p", 1, 0, [Text("a")], ending)]


async def test_a_second_follow_before_the_first_unfollow_keeps_the_turn_listened_to(published):
    published.follow("p", Follow("k", 1))
    published.follow("p", Follow("k", 2))
    published.unfollow("p", 1)
    assert (published.is_followed, published.turn.has_no_listeners, published.turn._orphan_timer) == (True, False, None)
    published.unfollow("p", 2)
    assert (published.is_followed, published.turn.has_no_listeners) == (False, True)


async def test_a_follow_or_an_unfollow_that_comes_twice_changes_nothing(published):
    for _ in range(2):
        published.follow("p", Follow("k", 1))
        assert len(told(published)) == (0 if _ else 1)
    published.unfollow("q", 1)
    assert not published.turn.has_no_listeners
    for _ in range(2):
        published.unfollow("p", 1)
    assert published.turn._listeners == 0


async def test_the_followers_of_some_processes_are_lost(published):
    for process in "pqr":
        published.follow(process, Follow("k", 1))
    published.lose_followers(lambda process: process == "p")
    assert [process for process, *_ in told(published)] == ["q", "r"]
    published.lose_followers()
    assert (published.is_followed, published.turn.has_no_listeners) == (False, True)


async def test_who_follows_can_come_back(published):
    """The others there know the turn's id: it is not stopped at once."""
    published.follow("p", Follow("k", 1))
    published.turn.join(may_resume=False)
    published.unfollow("p", 1)
    published.turn.leave(for_good=True)
    assert published.turn.status is None


async def test_a_snapshot_makes_the_turn_as_it_stands(published, source):
    await put(source, published, Identity("mock"), Text("bad"), STEP, Replacement("ok"))
    snapshot = snapshot_of(published.turn, "me")
    assert (snapshot.by, snapshot.checksum, snapshot.replacements) == ("me", published.turn.checksum, 1)
    assert (decode_parts(snapshot.parts), snapshot.ending) == ([Identity("mock"), STEP, Replacement("ok.")], None)
    published.turn.stop("client_left")
    assert snapshot_of(published.turn, "me").ending == Ending(Status.STOPPED, "client_left")


async def test_a_snapshot_is_due_when_there_is_more_and_the_last_is_some_time_ago(published, source):
    assert not published.is_due(100)  # nobody knows yet who writes
    await put(source, published, Identity("dify", "c", "m"))
    assert published.is_due(100)
    published.snapshot("me", 100)
    assert not published.is_due(1_000)
    await put(source, published)
    assert (published.is_due(100 + STORE_SECONDS - 0.01), published.is_due(100 + STORE_SECONDS)) == (False, True)


async def test_of_a_long_answer_snapshots_are_made_less_often(published, source):
    published.snapshot("me", 100)
    await put(source, published, Text("x" * STORED_CHARACTERS_PER_SECOND))
    assert (published.is_due(100.9), published.is_due(101.1)) == (False, True)
