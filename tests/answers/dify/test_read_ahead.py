"""What Dify sends, read before its reader wants it."""

from contextlib import AsyncExitStack

import pytest

from service.answers.app_api import SlowReader
from service.answers.base import AnswerError
from service.answers.dify import read_ahead
from service.answers.dify.read_ahead import Ahead, paced
from service.answers.failures import STALLED
from tests.conftest import eventually


class Stream:
    """Pieces that can be read at once; then its end, or a failure."""

    def __init__(self, *pieces, failure=None):
        self.pieces = list(pieces)
        self.failure = failure

    async def read(self):
        if not self.pieces and self.failure:
            raise AnswerError(self.failure)
        return self.pieces.pop(0) if self.pieces else b""


class Held:
    is_over = False

    def __init__(self):
        self.stack = AsyncExitStack()
        self.stack.callback(self._end)

    def _end(self):
        self.is_over = True


async def test_all_of_it_comes_in_order_and_what_was_held_is_free_before_it_is_read():
    held, ahead = Held(), Ahead()
    chunks, cleanup = ahead.read(b"a", Stream(b"b", b"c"), held.stack)
    assert await anext(chunks) == b"a"
    await eventually(lambda: held.is_over)
    assert ahead.kept_bytes == 2
    assert [chunk async for chunk in chunks] == [b"b", b"c"]
    assert ahead.kept_bytes == 0
    await cleanup.aclose()


@pytest.mark.parametrize("limit", ["MAX_AHEAD_BYTES", "MAX_KEPT_BYTES"])
async def test_no_more_is_read_ahead_than_is_allowed(monkeypatch, limit):
    monkeypatch.setattr(read_ahead, limit, 3)
    held, stream = Held(), Stream(*[b"xx"] * 10)
    chunks, cleanup = Ahead().read(b"xx", stream, held.stack)
    assert await anext(chunks) == b"xx"
    await eventually(lambda: len(stream.pieces) == 8)
    assert len([chunk async for chunk in chunks]) == 10
    assert held.is_over
    await cleanup.aclose()


async def test_a_failure_comes_after_what_was_read_before_it():
    held = Held()
    chunks, cleanup = Ahead().read(b"a", Stream(b"b", failure=STALLED), held.stack)
    assert [await anext(chunks), await anext(chunks)] == [b"a", b"b"]
    with pytest.raises(AnswerError):
        await anext(chunks)
    assert held.is_over
    await cleanup.aclose()


@pytest.mark.parametrize("reads", [0, 1])
async def test_a_reader_that_leaves_frees_what_was_held(monkeypatch, reads):
    monkeypatch.setattr(read_ahead, "MAX_AHEAD_BYTES", 1)
    held, ahead = Held(), Ahead()
    chunks, cleanup = ahead.read(b"aa", Stream(*[b"bb"] * 9), held.stack)
    for _ in range(reads):
        await anext(chunks)
    await cleanup.aclose()
    assert (held.is_over, ahead.kept_bytes) == (True, 0)


async def test_a_slow_reader_is_cut_off_and_a_quick_one_is_not(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(read_ahead.time, "monotonic", lambda: now[0])

    async def pieces():
        for _ in range(9):
            yield b"x" * 100

    for seconds, count in ((1, 9), (20, 2)):
        read = []
        try:
            async for chunk in paced(pieces(), slow_after=30, bytes_per_second=10):
                read.append(chunk)
                now[0] += seconds
        except SlowReader:
            assert seconds == 20
        assert len(read) == count
