"""Commands of many callers, over a link that keeps what it is given."""

import asyncio

import pytest

from service import redis_queue
from service.redis_queue import RedisQueue
from tests.conftest import eventually


class Link:
    """Replies to each command with the command; `gate` is closed while a round trip is to take long."""

    def __init__(self):
        self.sent = []
        self.errors = []
        self.replies = None
        self.is_connected = True
        self.gate = asyncio.Event()
        self.gate.set()

    async def execute(self, commands):
        self.sent.append(commands)
        await self.gate.wait()
        if self.errors:
            raise self.errors.pop(0)
        return self.replies or commands

    async def disconnect(self):
        self.is_connected = False


@pytest.fixture
async def link():
    return Link()


@pytest.fixture
async def queue(link):
    queue = RedisQueue(link)
    yield queue
    await queue.close()


def get(key):
    return "GET", key


async def test_what_is_queued_at_the_same_time_goes_in_one_round_trip(queue, link):
    reply = queue.ask(get("a"))
    queue.post(get("b"))
    assert (await asyncio.gather(reply, queue.ask(get("c")))) == [get("a"), get("c")]
    assert link.sent == [[get("a"), get("b"), get("c")]]


async def test_what_is_asked_during_a_round_trip_goes_with_the_next_in_order(queue, link):
    link.gate.clear()
    queue.ask(get("a"))
    await eventually(lambda: link.sent)
    replies = [queue.ask(get(key)) for key in "bc"]
    assert len(link.sent) == 1
    link.gate.set()
    assert await asyncio.gather(*replies) == [get("b"), get("c")]
    assert link.sent == [[get("a")], [get("b"), get("c")]]


async def test_no_more_than_so_many_go_at_once_and_none_is_lost(queue, link, monkeypatch):
    monkeypatch.setattr(redis_queue, "MAX_COMMANDS", 3)
    replies = await asyncio.gather(*(queue.ask(get(number)) for number in range(7)))
    assert replies == [get(number) for number in range(7)]
    assert [len(commands) for commands in link.sent] == [3, 3, 1]


async def test_a_command_that_redis_refuses_fails_for_who_asked_and_for_no_other(queue, link):
    link.replies = [ValueError("refused"), b"value"]
    one, two = queue.ask(get("a")), queue.ask(get("b"))
    with pytest.raises(ValueError, match="refused"):
        await one
    assert await two == b"value"


@pytest.mark.parametrize("replies", [None, [ValueError("refused"), b"value"]])
async def test_who_no_longer_waits_for_its_reply_harms_no_other(queue, link, replies):
    link.replies = replies
    one, two = queue.ask(get("a")), queue.ask(get("b"))
    one.cancel()
    assert await two == (get("b") if replies is None else b"value")


async def test_where_redis_is_lost_all_of_that_round_trip_are_told_and_the_next_one_is_tried(queue, link):
    link.errors = [ConnectionError("away")]
    link.gate.clear()
    lost = [queue.ask(get(key)) for key in "ab"]
    await eventually(lambda: link.sent)
    later = queue.ask(get("c"))
    link.gate.set()
    assert [str(error) for error in await asyncio.gather(*lost, return_exceptions=True)] == ["away", "away"]
    assert await later == get("c")


async def test_what_is_cleared_is_never_sent_and_who_waits_for_it_is_told(queue, link):
    link.gate.clear()
    under_way = queue.ask(get("a"))
    await eventually(lambda: link.sent)
    waiting = queue.ask(get("b"))
    queue.clear()
    link.gate.set()
    with pytest.raises(ConnectionError):
        await waiting
    assert (await under_way, await queue.ask(get("c"))) == (get("a"), get("c"))
    assert link.sent == [[get("a")], [get("c")]]


async def test_it_is_empty_when_what_was_asked_meanwhile_is_sent_too(queue, link):
    await queue.empty()  # there is nothing to wait for
    link.gate.clear()
    queue.ask(get("a"))
    emptying = asyncio.create_task(queue.empty())
    await eventually(lambda: link.sent)
    reply = queue.ask(get("b"))
    link.gate.set()
    await emptying
    assert reply.done()


async def test_where_redis_is_lost_it_is_empty_too(queue, link):
    link.errors = [ConnectionError("away")]
    reply = queue.ask(get("a"))
    await queue.empty()
    assert isinstance(reply.exception(), ConnectionError)


async def test_an_error_of_what_nobody_waits_for_is_told_and_of_no_other(queue, link):
    errors = []
    queue.on_error = errors.append
    link.replies = [refused := ValueError("refused"), b"value"]
    queue.post(get("a"))
    queue.post(get("b"))
    await queue.empty()
    link.errors = [away := ConnectionError("away")]
    queue.post(get("a"))
    await queue.empty()
    assert errors == [refused, away]


async def test_what_nobody_waits_for_may_be_cleared_or_cut_short_too(queue, link):
    link.gate.clear()
    queue.post(get("a"))
    await eventually(lambda: link.sent)
    queue.post(get("b"))
    queue.clear()
    await queue.close()
    assert link.sent == [[get("a")]]


async def test_who_waits_when_the_process_ends_waits_no_longer(queue, link):
    link.gate.clear()
    under_way = queue.ask(get("a"))
    await eventually(lambda: link.sent)
    waiting = queue.ask(get("b"))
    await queue.close()
    assert (under_way.cancelled(), link.is_connected) == (True, False)
    with pytest.raises(ConnectionError):
        await waiting
