"""The stored message of an answer, and what of its text follows a pause."""

import zlib
from collections.abc import Mapping
from typing import Any

from service.answers import failures
from service.answers.base import AnswerError, Identity
from service.answers.dify.client import DifyClient
from service.answers.pauses import PausedRun

MAX_PAGES = 5
MESSAGES_A_PAGE = 100


async def fetch_message(client: DifyClient, known: Identity | PausedRun, user: str) -> Mapping[str, Any]:
    """Raises AnswerError, MESSAGE_NOT_FOUND where it is not among the newest of its conversation."""
    if not known.conversation_id or not known.message_id:
        raise AnswerError(failures.MESSAGE_NOT_FOUND)
    query = {"conversation_id": known.conversation_id, "user": user, "limit": str(MESSAGES_A_PAGE)}
    for _ in range(MAX_PAGES):  # from the newest backwards, each page with its oldest first
        page = await client.get("messages", query)
        messages = page.get("data")
        if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
            raise AnswerError(failures.LOST)
        for message in messages:
            if message.get("id") == known.message_id:
                return dict(message)
        if not messages or not page.get("has_more"):
            break
        query["first_id"] = str(messages[0].get("id"))
    raise AnswerError(failures.MESSAGE_NOT_FOUND)


def text_since(answer: str, known: Identity | PausedRun) -> str:
    """What follows the text that is `known`; all of it, where that is another by now: it was replaced."""
    is_unchanged = zlib.crc32(answer[: known.length].encode(errors="replace")) == known.checksum
    return answer[known.length :] if is_unchanged else answer
