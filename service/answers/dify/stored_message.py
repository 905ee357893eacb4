"""The stored message of an answer, and what of its text follows a pause."""

import zlib
from collections.abc import Mapping
from typing import Any

from service.answers import failures
from service.answers.base import AnswerError
from service.answers.dify.client import DifyClient

MAX_PAGES = 5
MESSAGES_A_PAGE = 100


async def fetch_message(
    client: DifyClient, conversation_id: str | None, message_id: str | None, user: str
) -> Mapping[str, Any]:
    """Raises AnswerError, MESSAGE_NOT_FOUND where it is not among the newest of its conversation."""
    if not conversation_id or not message_id:
        raise AnswerError(failures.MESSAGE_NOT_FOUND)
    query = {"conversation_id": conversation_id, "user": user, "limit": str(MESSAGES_A_PAGE)}
    for _ in range(MAX_PAGES):  # from the newest backwards, each page with its oldest first
        page = await client.get("messages", query)
        messages = page.get("data")
        if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
            raise AnswerError(failures.LOST)
        for message in messages:
            if message.get("id") == message_id:
                return dict(message)
        if not messages or not page.get("has_more"):
            break
        query["first_id"] = str(messages[0].get("id"))
    raise AnswerError(failures.MESSAGE_NOT_FOUND)


def text_since(answer: str, length: int, checksum: int) -> str:
    """What follows the first `length` code points; all of it, where these are others by now: they were replaced."""
    is_known = zlib.crc32(answer[:length].encode(errors="replace")) == checksum
    return answer[length:] if is_known else answer
