"""Replies that are passed on while they come, at the pace of their reader."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from starlette.responses import StreamingResponse
from starlette.types import Message, Send

from service.answers.app_api import ByteStream, SlowReader
from service.answers.base import AnswerError

SEND_TIMEOUT_SECONDS = 30


class StreamedReply(StreamingResponse):
    """Where the source breaks off, the connection is closed without an end: the client notices.

    So it is where the client does not read: it holds a slot.
    """

    def __init__(self, content: ByteStream, headers: Mapping[str, str], media_type: str | None) -> None:
        super().__init__(content.chunks, content.head.status, headers, media_type)
        self._content = content

    async def stream_response(self, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                await send(message)

        try:
            with suppress(AnswerError, SlowReader, TimeoutError):
                await super().stream_response(send_in_time)
        finally:
            await self._content.close()
