"""Messages of other processes, and to whom they go."""

import time
from unittest.mock import Mock

import pytest

from service.cluster.letters import Letters
from service.cluster.wire_format import (
    ClientResumed,
    CloseClient,
    Follow,
    ForgetAll,
    Letter,
    ListConnected,
    Restarted,
    Stop,
    StopAll,
    Unfollow,
    Unknown,
    Updates,
)
from tests.conftest import logged

UPDATES, FOLLOW, RESUMED = Updates(1, 0, 7, [], 0), Follow("k", 1), ClientResumed("a", 7)


class Receivers:
    def __init__(self):
        self.members, self.published, self.followed, self.resumed, self.inquiries = (Mock() for _ in range(5))


@pytest.fixture
def receivers():
    return Receivers()


@pytest.fixture
def letters(receivers):
    return Letters(*vars(receivers).values())


@pytest.mark.parametrize(
    ("message", "receiver", "method", "heard"),
    [
        (UPDATES, "followed", "receive", ("p", UPDATES)),
        (FOLLOW, "published", "follow", ("p", FOLLOW)),
        (Unfollow(3), "published", "unfollow", ("p", 3)),
        (Unknown(3), "followed", "receive_unknown", ("p", 3)),
        (RESUMED, "resumed", "receive", ("p", RESUMED)),
        (ListConnected(3), "inquiries", "receive", ("p", ListConnected(3))),
        (CloseClient(3, "bed"), "inquiries", "receive", ("p", CloseClient(3, "bed"))),
    ],
)
def test_each_goes_to_whom_it_is_for(letters, receivers, message, receiver, method, heard):
    letters.receive(Letter("p", [message]))
    getattr(getattr(receivers, receiver), method).assert_called_once_with(*heard)
    receivers.members.hear.assert_called_once_with("p")


@pytest.mark.parametrize(
    ("stop", "method"),
    [(Stop("k", 2), "stop"), (StopAll("owner", 2), "stop_all"), (ForgetAll("owner", 2), "forget_all")],
)
def test_a_stop_is_of_when_it_was_said(letters, receivers, stop, method):
    letters.receive(Letter("p", [stop]))
    whose, said_at = getattr(receivers.published, method).call_args.args
    assert whose in {"k", "owner"}
    assert 2 <= time.monotonic() - said_at < 10


def test_who_could_not_reach_redis_is_followed_anew_and_told_who_came_back(letters, receivers):
    letters.receive(Letter("p", [Restarted()]))
    (is_lost,) = receivers.published.lose_followers.call_args.args
    assert (is_lost("p"), is_lost("q")) == (True, False)
    receivers.followed.refollow.assert_called_once_with("p")
    receivers.resumed.announce_all.assert_called_once_with("p")


async def test_what_cannot_be_read_is_counted_and_the_rest_is_not_lost(letters, receivers, events):
    letters.receive(Letter("", [], 1))
    letters.receive(Letter("p", [Unfollow(1)], 2))
    receivers.members.hear.assert_called_once_with("p")
    receivers.published.unfollow.assert_called_once_with("p", 1)
    assert len(logged(events, "cluster.unreadable")) == 1


async def test_a_message_that_breaks_something_is_logged_and_those_after_it_are_heard(letters, receivers, events):
    receivers.published.unfollow.side_effect = [ZeroDivisionError, None]
    letters.receive(Letter("p", [Unfollow(1), Unfollow(2)]))
    assert receivers.published.unfollow.call_count == 2
    (failed,) = logged(events, "cluster.message_failed")
    assert (failed["log_level"], failed["process"], failed["kind"]) == ("error", "p", "Unfollow")
