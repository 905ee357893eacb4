"""Answers that another process may be writing already."""

import asyncio

import pytest

from service.answers.base import AnswerError, AnswerStopped, BrokenAnswer, Identity, Replacement, Summary, Text
from service.answers.pauses import Pause
from service.chat.failures import WRITER_LOST
from service.chat.turn_status import Status
from service.cluster.remote_answer import ClaimedAnswer, RemoteAnswer
from service.cluster.wire_format import End
from tests.conftest import eventually
from tests.scripted import Scripted


class Link:
    """The way to the other processes: `claimed` is what they say to a claim."""

    def __init__(self):
        self.claimed = asyncio.get_running_loop().create_future()
        self.told = []
        self.healing = None
        self.broken = []

    async def claim(self, key, user, checksum):
        self.told.append(("claim", key, checksum))
        return await self.claimed

    def follow(self, remote):
        self.told.append(("follow", remote.key))

    def unfollow(self, remote):
        self.told.append(("unfollow", remote.key))

    def stop(self, key):
        self.told.append(("stop", key))

    def heal(self, broken):
        self.broken.append(broken)
        return self.healing


@pytest.fixture
async def link():
    return Link()


def reading(answer):
    """The parts that an answer has, and the task that reads them."""
    parts = []
    return parts, asyncio.create_task(answer.stream(parts.append))


@pytest.fixture
def remote(link):
    return RemoteAnswer(link, "k", "someone", "elsewhere", 7)


async def test_what_another_process_writes_is_read_to_its_end(link, remote):
    parts, task = reading(remote)
    assert (remote.is_read, remote.last_id) == (False, "0")
    remote.put("1-0", [Text("a")])
    await eventually(lambda: parts == [Text("a")])
    assert (remote.is_read, remote.last_id, link.told) == (True, "1-0", [("follow", "k")])
    remote.put("2-0", [Text("b"), End(Status.DONE, None, Summary({"total_tokens": 3}))])
    await task
    assert parts == [Text("a"), Text("b"), Summary({"total_tokens": 3})]
    assert link.told[-1] == ("unfollow", "k")


async def test_what_paused_there_is_paused_here(remote):
    parts, task = reading(remote)
    remote.put("1-0", [End(Status.PAUSED, None, Summary(), Pause(run_id="r"))])
    await task
    assert parts == [Summary(), Pause(run_id="r")]


async def test_what_was_stopped_there_is_stopped_here(remote):
    _, task = reading(remote)
    remote.put("1-0", [End(Status.STOPPED, None, Summary(), reason="client_left")])
    with pytest.raises(AnswerStopped, match="client_left"):
        await task


async def test_whose_writer_is_lost_breaks_off(link, remote):
    parts, task = reading(remote)
    remote.mark_lost()
    with pytest.raises(AnswerError) as lost:
        await task
    assert (lost.value.failure, parts, link.told[-1]) == (WRITER_LOST, [Summary()], ("unfollow", "k"))


DIFY = Identity("dify", "c", "m", task_id="t", run_id="r")


async def test_the_rest_of_whose_writer_is_lost_is_had_from_the_source(link):
    remote, rest = (
        RemoteAnswer(link, "k", "someone", "elsewhere", 7),
        Scripted(Text("more."), Summary({"total_tokens": 3})),
    )
    link.healing = rest.ask(None)
    parts, task = reading(remote)
    told = [Identity("dify", "c", "m"), Text("bad"), Replacement("One "), DIFY, Text("and ")]
    remote.put("1-0", told)
    remote.mark_lost()
    await task
    assert parts == [*told, Text("more."), Summary({"total_tokens": 3})]
    assert link.broken == [BrokenAnswer(DIFY, "someone", "One and ", WRITER_LOST)]
    assert link.told[-1] == ("unfollow", "k")


async def test_a_stop_reaches_the_rest(link, remote):
    rest = Scripted(ends=False)
    link.healing = rest.ask(None)
    _, task = reading(remote)
    remote.put("1-0", [DIFY])
    remote.mark_lost()
    await eventually(lambda: remote._healing)
    await remote.stop()
    await task
    assert (rest.stops, link.told[-1]) == (1, ("unfollow", "k"))


@pytest.mark.parametrize("told", [[], [Identity("mock", "c", "m")], [Identity("dify", None, "m")], [DIFY]])
async def test_of_what_no_source_can_tell_the_rest_there_is_none(link, remote, told):
    _, task = reading(remote)
    remote.put("1-0", told)
    remote.mark_lost()
    with pytest.raises(AnswerError):
        await task
    assert [broken.identity for broken in link.broken] == [each for each in told if each is DIFY]


async def test_who_no_longer_reads_does_not_follow(link, remote):
    _, task = reading(remote)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert link.told == [("follow", "k"), ("unfollow", "k")]


async def test_a_stop_is_sent_to_who_writes_it(link, remote):
    await remote.stop()
    assert link.told == [("stop", "k")]


@pytest.fixture
def source():
    return Scripted(Text("ours"), ends=False)


@pytest.fixture
def claimed(link, source):
    return ClaimedAnswer(link, "k", "someone", 7, lambda: source.ask("Hi"))


async def test_what_nobody_has_been_asked_is_asked_here(link, source, claimed):
    parts, task = reading(claimed)
    link.claimed.set_result(None)
    source.put(None)
    await task
    assert (parts, link.told) == ([Text("ours")], [("claim", "k", 7)])


async def test_what_another_has_been_asked_is_read_from_there(link, source, remote, claimed):
    parts, task = reading(claimed)
    link.claimed.set_result(remote)
    remote.put("1-0", [Text("theirs"), End(Status.DONE, None, Summary())])
    await task
    assert (parts[0], source.questions) == (Text("theirs"), [])


async def test_a_stop_waits_until_it_is_known_who_answers(link, source, claimed):
    _, task = reading(claimed)
    stopping = asyncio.create_task(claimed.stop())
    await asyncio.sleep(0)
    assert source.stops == 0
    link.claimed.set_result(None)
    await asyncio.gather(task, stopping)
    assert source.stops == 1


async def test_a_claim_that_fails_leaves_nothing_to_stop(link, source, claimed):
    _, task = reading(claimed)
    link.claimed.set_exception(AnswerError(WRITER_LOST))
    with pytest.raises(AnswerError):
        await task
    await claimed.stop()
    assert (source.questions, source.stops) == ([], 0)
