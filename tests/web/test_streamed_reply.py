"""What is passed on while it comes."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from service.answers import failures
from service.answers.app_api import ByteStream, Head
from service.answers.base import AnswerError
from service.web.streamed_reply import StreamedReply

SCOPE = {"type": "http", "method": "GET", "asgi": {"spec_version": "2.4"}}


@pytest.fixture
def streamed():
    """A reply of these chunks, and what happened to what it came from."""
    given_back = []

    def streamed(*chunks, failure=None):
        async def content():
            for chunk in chunks:
                yield chunk
            if failure is not None:
                raise AnswerError(failure)

        cleanup = AsyncExitStack()
        cleanup.callback(given_back.append, True)
        head = Head("audio/mpeg", 206, {"Content-Length": "3"})
        return StreamedReply(ByteStream(head, content(), cleanup), head.headers, head.media_type), given_back

    return streamed


async def send_to(messages, reply):
    async def send(message):
        messages.append(message)

    await reply(SCOPE, None, send)


async def test_all_of_it_is_passed_on(streamed):
    reply, given_back = streamed(b"one", b"two")
    messages = []
    await send_to(messages, reply)
    assert [message.get("body") for message in messages] == [None, b"one", b"two", b""]
    assert (messages[0]["status"], (b"content-type", b"audio/mpeg") in messages[0]["headers"]) == (206, True)
    assert given_back == [True]


async def test_where_it_breaks_off_there_is_no_end(streamed):
    reply, given_back = streamed(b"one", failure=failures.BROKEN_OFF)
    messages = []
    await send_to(messages, reply)
    assert messages[-1]["more_body"]
    assert given_back == [True]


async def test_who_does_not_read_holds_it_no_longer(streamed, monkeypatch):
    monkeypatch.setattr("service.web.streamed_reply.SEND_TIMEOUT_SECONDS", 0.01)
    reply, given_back = streamed(b"one", b"two")

    async def send(message):
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    await reply(SCOPE, None, send)
    assert given_back == [True]
