"""Files that are kept until they are whole."""

import asyncio
from tempfile import SpooledTemporaryFile

import pytest

from service.answers.base import AnswerError
from service.answers.dify import spool as spool_module
from service.answers.dify.spool import AT_ONCE, MAX_IN_MEMORY_BYTES, Spool
from service.answers.uploads import File
from service.tally import Tally
from tests.conftest import eventually, logged


class Source:
    """A file whose pieces come when they are let go."""

    def __init__(self, *pieces):
        self.pieces = pieces
        self.has_begun = False
        self.go_on = asyncio.Event()

    async def __aiter__(self):
        self.has_begun = True
        await self.go_on.wait()
        for piece in self.pieces:
            yield piece


def ready(*pieces):
    source = Source(*pieces)
    source.go_on.set()
    return source


async def pass_through(spool, source, owner="ann"):
    async with spool.whole(File("a.txt", "text/plain", aiter(source)), owner) as file:
        return file.min_size, b"".join([chunk async for chunk in file.content])


@pytest.mark.parametrize("size", [0, 1, MAX_IN_MEMORY_BYTES, MAX_IN_MEMORY_BYTES + 1, 3_000_000])
async def test_a_file_comes_out_as_it_went_in(size):
    spool, content = Spool(), bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    pieces = [content[start : start + 50_000] for start in range(0, size, 50_000)]
    assert await pass_through(spool, ready(*pieces)) == (size, content)
    assert (spool.kept_bytes, spool.on_disk) == (0, 0)


async def test_of_one_owner_two_are_taken_in_at_once_and_others_when_these_are_through(monkeypatch):
    monkeypatch.setattr(spool_module, "MAX_WAITING", 1)
    spool, sources = Spool(), [Source(b"x") for _ in range(AT_ONCE + 1)]
    tasks = [asyncio.create_task(pass_through(spool, source)) for source in sources]
    await eventually(lambda: [source.has_begun for source in sources] == [True, True, False])
    with pytest.raises(AnswerError):
        await pass_through(spool, ready(b"x"))
    assert await pass_through(spool, ready(b"x"), "bob") == (1, b"x")
    for source in sources:
        source.go_on.set()
    assert await asyncio.gather(*tasks) == [(1, b"x")] * 3
    assert await pass_through(spool, ready(b"x")) == (1, b"x")


@pytest.mark.parametrize("limit", ["MAX_KEPT_BYTES", "MAX_ON_DISK"])
async def test_where_there_is_no_room_it_is_said(monkeypatch, events, limit):
    monkeypatch.setattr(spool_module, limit, 0)
    monkeypatch.setattr(spool_module, "refused", Tally("uploads.no_room", see="TMPDIR"))
    spool = Spool()
    with pytest.raises(AnswerError) as refused:
        await pass_through(spool, ready(b"x" * (MAX_IN_MEMORY_BYTES + 1)))
    assert refused.value.failure.reason == "overloaded"
    assert (spool.kept_bytes, spool.on_disk) == (0, 0)
    assert logged(events, "uploads.no_room")[0]["see"] == "TMPDIR"


async def test_where_there_is_no_room_for_all_who_sends_slowest_is_refused(monkeypatch):
    monkeypatch.setattr(spool_module, "MAX_ON_DISK", 3)

    async def trickle(size, never):
        yield b"x" * size
        await never.wait()

    spool, never, large = Spool(), asyncio.Event(), MAX_IN_MEMORY_BYTES + 1
    slow = [
        asyncio.create_task(pass_through(spool, trickle(large + number, never), f"{number}")) for number in range(3)
    ]
    await eventually(lambda: spool.on_disk == 3)
    assert await pass_through(spool, ready(b"x" * 1_000_000), "ann") == (1_000_000, b"x" * 1_000_000)
    await eventually(lambda: [task.done() for task in slow].count(True) == 1)
    (refused,) = [task.exception() for task in slow if task.done()]
    assert (refused.failure.reason, spool.on_disk) == ("overloaded", 2)
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)
    assert (spool.kept_bytes, spool.on_disk, spool.coming) == (0, 0, set())


async def test_a_full_disk_is_no_fault_of_the_service(monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(SpooledTemporaryFile, "write", full)
    with pytest.raises(AnswerError) as refused:
        await pass_through(Spool(), ready(b"x"))
    assert refused.value.failure.reason == "overloaded"


async def test_what_breaks_off_leaves_nothing_behind():
    async def breaking_off():
        yield b"x" * (MAX_IN_MEMORY_BYTES + 1)
        raise ConnectionResetError

    spool = Spool()
    with pytest.raises(ConnectionResetError):
        async with spool.whole(File("a.txt", "text/plain", breaking_off()), "ann"):
            pytest.fail("it is not whole")
    assert (spool.kept_bytes, spool.on_disk) == (0, 0)
