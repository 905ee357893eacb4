"""Which process has a turn, with Redis and the others played by hand."""

from types import SimpleNamespace

import pytest

from service.answers.base import Text
from service.chat.followed_turn import State
from service.chat.turn import checksum_of
from service.chat.turn_failures import TURN_UNREACHABLE
from service.chat.turn_status import Ending, Status
from service.cluster.turn_finder import TurnFinder
from service.cluster.wire_format import Snapshot, encode_parts
from tests.chat.followed import OWNER, Writer

PARTS = encode_parts([Text("a")])
RUNNING = Snapshot("p", checksum_of("Hi"), PARTS)
ENDED = Snapshot("p", checksum_of("Hi"), PARTS, 0, Ending(Status.DONE))


class Cluster(SimpleNamespace):
    """What is stored, and who is there."""

    def __init__(self):
        super().__init__(snapshot=None, processes=["p"], knows_us=True, is_settled=True, claimed=[])

    async def claim(self, key, checksum):
        self.claimed.append((key, checksum))
        return self.snapshot

    async def get(self, key):
        return self.snapshot

    async def is_known(self):
        return self.knows_us

    def others(self):
        return self.processes


@pytest.fixture
def cluster():
    return Cluster()


@pytest.fixture
def finder(cluster):
    return TurnFinder(cluster, cluster, cluster, Writer())


async def test_an_id_that_nobody_has_is_one_s_own(finder, cluster):
    assert await finder.claim(OWNER, "t", "Hi") is None
    assert cluster.claimed == [(f"{OWNER.key}:t", checksum_of("Hi"))]


@pytest.mark.parametrize("ask", [lambda finder: finder.claim(OWNER, "t", "Hi"), lambda finder: finder.find(OWNER, "t")])
async def test_what_another_runs_is_to_be_followed_from_there(finder, cluster, ask):
    cluster.snapshot = RUNNING
    turn = await ask(finder)
    assert (turn.by, turn.state, turn.stored, turn.is_same_question("Hi")) == (
        "p",
        State.CATCHING_UP,
        ([Text("a")], 0),
        True,
    )
    assert not turn.is_same_question("Ho")


async def test_what_has_ended_is_had_from_what_is_stored(finder, cluster):
    cluster.snapshot = ENDED
    turn = await finder.find(OWNER, "t")
    assert (turn.is_gone, turn.status, turn.text) == (True, Status.DONE, "a")


async def test_what_is_not_stored_is_looked_for_at_the_others(finder):
    turn = await finder.find(OWNER, "t")
    assert (turn.by, turn.is_found, turn.lost_for) == ("", False, None)


async def test_where_there_are_no_others_it_is_nowhere(finder, cluster):
    cluster.processes = []
    assert await finder.find(OWNER, "t") is None
    cluster.is_settled = False  # others may be about to come back
    assert await finder.find(OWNER, "t") is not None


async def test_where_redis_has_forgotten_this_process_too_it_is_to_be_asked_for_again(finder, cluster):
    cluster.knows_us = False
    assert (await finder.find(OWNER, "t")).lost_for is TURN_UNREACHABLE
    assert finder.unreachable(OWNER, "t").lost_for is TURN_UNREACHABLE
