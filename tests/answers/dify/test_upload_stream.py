"""A file on its way through to Dify."""

import asyncio

import pytest

from service.answers.dify.upload_stream import UploadStream
from tests.conftest import PATIENCE_SECONDS

CHUNKS = (b"one", b"two", b"three")


async def in_chunks(pulled, pause=0):
    for chunk in CHUNKS:
        await asyncio.sleep(pause)
        pulled.append(chunk)
        yield chunk


async def test_no_more_is_read_than_dify_takes():
    pulled = []
    taking = aiter(UploadStream(in_chunks(pulled), PATIENCE_SECONDS))
    for count, chunk in enumerate(CHUNKS, 1):
        assert (await anext(taking), len(pulled)) == (chunk, count)
    assert [chunk async for chunk in taking] == []


async def test_a_dify_that_takes_no_more_is_given_up():
    stream, taken = UploadStream(in_chunks([]), idle_timeout=0.01), []

    async def take_one():
        async with stream.timeout:
            async for chunk in stream:
                taken.append(chunk)
                await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await take_one()
    assert taken == [b"one"]


async def test_a_dify_that_does_not_answer_after_the_end_is_given_up():
    stream = UploadStream(in_chunks([]), idle_timeout=0.01)

    async def take_all():
        async with stream.timeout:
            assert [chunk async for chunk in stream] == list(CHUNKS)
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await take_all()


async def test_a_sender_that_takes_its_time_is_not_counted_against_dify():
    stream = UploadStream(in_chunks([], pause=0.06), idle_timeout=0.05)
    async with stream.timeout:
        assert [chunk async for chunk in stream] == list(CHUNKS)


async def test_what_reading_raises_is_kept():
    async def broken():
        yield b"one"
        raise ZeroDivisionError

    stream = UploadStream(broken(), PATIENCE_SECONDS)
    with pytest.raises(ZeroDivisionError) as raised:
        [chunk async for chunk in stream]
    assert stream.read_error is raised.value


async def test_reading_on_after_it_was_given_up_is_no_fault():
    stream = UploadStream(in_chunks([]), PATIENCE_SECONDS)
    async with stream.timeout:
        pass
    assert [chunk async for chunk in stream] == list(CHUNKS)
