"""The turns of other processes that this one follows, with the others played by hand."""

import asyncio
from types import SimpleNamespace

import pytest

from service.answers.base import Text
from service.chat.turn import checksum_of
from service.chat.turn_failures import TURN_UNREACHABLE, UNKNOWN_TURN, WRITER_LOST
from service.chat.turn_status import Ending, Status
from service.cluster import followed_turns
from service.cluster.followed_turns import SILENCE_SECONDS, FollowedTurns
from service.cluster.wire_format import Follow, Snapshot, Unfollow, Updates, encode_parts
from tests.chat.followed import followed_turn

CHECKSUM = checksum_of("Hi")
DONE = Ending(Status.DONE)
AWAY = object()


@pytest.fixture
def state():
    """What the link says, and what it was told; Redis, whose snapshot of each turn is the same."""
    return SimpleNamespace(
        posted=[], others=["p", "q"], dead=set(), is_connected=True, is_settled=True, stopped=[], kept=[], snapshot=None
    )


@pytest.fixture
def followed(state):
    async def get(key):
        if state.snapshot is AWAY:
            raise ConnectionError
        return state.snapshot

    return FollowedTurns(
        outbox=SimpleNamespace(post=lambda process, message: state.posted.append((process, message))),
        members=SimpleNamespace(is_dead=lambda process: process in state.dead, others=lambda: state.others),
        redis=state,
        stored=SimpleNamespace(get=get, put_ended=lambda _, turn: state.kept.append(turn)),
        stop=state.stopped.append,
        heal=lambda _: None,
    )


@pytest.fixture
def join(followed):
    """A turn that is listened to."""
    joined = []

    def join(by="p", **known):
        turn = followed_turn(followed, by=by, **known)
        turn.join(may_resume=True)
        joined.append(turn)
        return turn

    yield join
    for turn in joined:
        turn._cancel_deadline()


def updates(number, position, *words, ending=None, checksum=CHECKSUM):
    return Updates(number, position, checksum, encode_parts(map(Text, words)), 0, ending)


def follows(state):
    return [(process, each.number) for process, each in state.posted if isinstance(each, Follow)]


async def test_the_process_that_runs_it_is_asked_for_what_comes_after_its_place(join, followed, state):
    turn = join()
    assert state.posted == [("p", Follow(turn.key, 1))]
    followed.receive("p", updates(1, 0, "a"))
    followed.receive("p", updates(1, 1, "b"))
    assert (turn.text, turn.is_current) == ("ab", True)


async def test_where_it_is_not_known_who_runs_it_all_are_asked_and_who_answers_does(join, followed, state):
    turn = join(by="", content="")
    assert sorted(follows(state)) == [("p", 1), ("q", 1)]
    followed.receive_unknown("p", 1)
    assert turn.lost_for is None
    followed.receive("q", updates(1, 0, "a"))
    assert (turn.by, turn.checksum, turn.text) == ("q", CHECKSUM, "a")


async def test_two_who_answer_do_not_mix(join, followed, state):
    turn = join(by="")
    followed.receive("p", updates(1, 0, "a"))
    followed.receive("q", updates(1, 1, "b"))
    assert (turn.text, state.posted[-1]) == ("a", ("q", Unfollow(1)))


@pytest.mark.parametrize(("is_settled", "failure"), [(True, UNKNOWN_TURN), (False, TURN_UNREACHABLE)])
async def test_what_nobody_knows_is_lost_and_right_after_redis_was_away_it_can_be_asked_for_again(
    join, followed, state, is_settled, failure
):
    state.is_settled = is_settled
    turn = join(by="")
    followed.receive_unknown("p", 1)
    followed.receive_unknown("q", 1)
    assert turn.lost_for is failure


async def test_where_there_is_nobody_to_ask_it_is_not_known(join, state):
    state.others = []
    assert join(by="").lost_for is UNKNOWN_TURN


async def test_while_redis_is_lost_it_cannot_be_reached(join, state):
    state.is_connected = False
    assert (join().lost_for, state.posted) == (TURN_UNREACHABLE, [])


async def test_the_turn_of_a_dead_process_ends_with_what_is_known(join, state):
    state.dead.add("p")
    turn = join(stored=([Text("half")], 0))
    assert (turn.status, turn.failure, turn.text, state.kept) == (Status.INCOMPLETE, WRITER_LOST, "half", [turn])


async def test_a_process_that_dies_meanwhile_is_noticed(join, followed, state):
    turn, other = join(), join(by="q")
    followed.receive("p", updates(1, 0, "half"))
    followed.look_after()
    assert turn.status is None
    state.dead.add("p")
    followed.look_after()
    assert (turn.status, turn.text, other.is_over) == (Status.INCOMPLETE, "half", False)


async def test_of_a_process_that_says_nothing_for_long_it_is_asked_whether_it_knows_who_follows(join, followed, state):
    turn = join()
    followed.receive("p", updates(1, 0, "half"))
    followed.look_after()
    assert follows(state) == [("p", 1)]
    turn.heard_at -= SILENCE_SECONDS + 1
    followed.look_after()
    assert follows(state) == [("p", 1), ("p", 2)]


async def test_so_it_is_after_more_than_that_time_not_sooner(join, followed, state, monkeypatch):
    turn = join()
    followed.receive("p", updates(1, 0, "half"))
    turn.heard_at = 100.0
    monkeypatch.setattr(followed_turns, "time", SimpleNamespace(monotonic=lambda: 100.0 + SILENCE_SECONDS))
    followed.look_after()
    assert follows(state) == [("p", 1)]


async def test_a_letter_that_comes_twice_changes_nothing(join, followed, state):
    turn = join()
    for position, word in ((0, "a"), (0, "a"), (1, "b"), (0, "a"), (1, "b")):
        followed.receive("p", updates(1, position, word))
    assert (turn.text, follows(state)) == ("ab", [("p", 1)])


async def test_where_a_letter_is_missing_the_turn_is_followed_anew_from_where_it_is(join, followed, state):
    turn = join()
    followed.receive("p", updates(1, 0, "a"))
    followed.receive("p", updates(1, 2, "c"))
    assert (turn.text, state.posted[1:]) == ("a", [("p", Unfollow(1)), ("p", Follow(turn.key, 2, 1))])
    followed.receive("p", updates(1, 3, "d"))
    followed.receive("p", updates(2, 0, "bcd"))
    assert turn.text == "abcd"


async def test_its_end_is_the_last_that_is_heard(join, followed, state):
    turn = join()
    followed.receive("p", updates(1, 0, "a", ending=DONE))
    assert (turn.status, turn.text, follows(state), followed._followings) == (Status.DONE, "a", [("p", 1)], {})
    assert state.posted[1:] == []  # the other forgets its follower with the end


async def test_who_leaves_last_says_so_and_what_still_comes_is_answered_with_that(join, followed, state):
    turn = join()
    turn.leave()
    assert state.posted[1:] == [("p", Unfollow(1))]
    followed.receive("p", updates(1, 0, "a"))
    assert (turn.text, state.posted[2:], followed._followings) == ("", [("p", Unfollow(1))], {})


async def test_who_leaves_before_anybody_has_answered_says_so_to_all_who_were_asked(join, followed, state):
    turn = join(by="")
    followed.receive_unknown("q", 1)
    turn.leave()
    assert state.posted[2:] == [("p", Unfollow(1))]


async def test_who_resumes_as_the_last_one_leaves_gets_a_turn_of_its_own(join, state):
    """The old one's Unfollow, and the new one's Follow, have different numbers: none undoes the other."""
    old = join()
    old.leave()
    new = join()
    assert (old.is_gone, new.is_gone, follows(state)) == (True, False, [("p", 1), ("p", 2)])


@pytest.mark.parametrize(
    ("snapshot", "status", "text", "lost_for"),
    [
        (Snapshot("p", CHECKSUM, encode_parts([Text("a")]), 0, DONE), Status.DONE, "a", None),
        (Snapshot("p", CHECKSUM, encode_parts([Text("a")])), None, "", UNKNOWN_TURN),
        (None, None, "", UNKNOWN_TURN),
        (AWAY, None, "", TURN_UNREACHABLE),
    ],
)
async def test_what_its_process_does_not_know_any_more_has_the_end_that_is_stored_or_none(
    join, followed, state, snapshot, status, text, lost_for
):
    turn = join()
    state.snapshot = snapshot
    followed.receive_unknown("p", 1)
    assert (turn.is_over, followed._followings) == (False, {})
    followed.receive_unknown("p", 1)  # twice, or much too late
    await turn.wait_ended()
    assert (turn.status, turn.text, turn.lost_for) == (status, text, lost_for)


async def test_who_does_not_know_it_after_it_was_told_of_is_of_no_interest(join, followed, state):
    turn = join()
    followed.receive("p", updates(1, 0, "a"))
    followed.receive_unknown("p", 1)
    await asyncio.sleep(0)
    assert not turn.is_over


async def test_a_stop_is_passed_on_as_anybody_else_s_is(join, state):
    turn = join()
    turn.stop("client_stopped")
    assert (state.stopped, turn.is_over) == ([turn], False)


async def test_whose_process_has_lost_its_followers_is_followed_anew(join, followed, state):
    join(), join(by="q")
    followed.refollow("p")
    assert follows(state) == [("p", 1), ("q", 2), ("p", 3)]
    followed.refollow()
    assert follows(state)[3:] == [("q", 4), ("p", 5)]


async def test_while_redis_is_away_all_of_them_have_a_deadline(join, followed):
    turn = join()
    followed.receive("p", updates(1, 0, "a"))
    assert turn._deadline is None
    followed.suspend()
    assert turn._deadline is not None


async def test_at_its_end_nothing_is_left_running(followed):
    tasks = [followed.spawn(work) for work in (asyncio.Event().wait(), asyncio.sleep(0.9))]
    await followed.close()
    assert all(task.cancelled() for task in tasks)  # nor is it waited for what would end soon
