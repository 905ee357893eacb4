"""Files that are read, and what is refused of them."""

import asyncio

import pytest

from service.answers.base import AnswerError
from service.answers.uploads import File


async def in_chunks(*chunks):
    for chunk in chunks:
        yield chunk


def file(name="notes.txt", media_type="text/plain", *chunks, min_size=0):
    return File(name, media_type, in_chunks(*chunks), min_size)


def read(taken):
    async def read_all():
        return [chunk async for chunk in taken.content]

    return asyncio.run(read_all())


def refusal(function, *arguments):
    with pytest.raises(AnswerError) as refused:
        function(*arguments)
    return refused.value.failure.reason
