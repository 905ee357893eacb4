"""Answers that echo the question at a human pace, for when there is no Dify, or it fails."""

import asyncio
import re
from collections.abc import AsyncGenerator

from service.answers.base import Identity, Part, Question, Text

WORDS_PER_SECOND = 25
_WORDS = re.compile(r"\S+\s*|\s+")


class MockAnswerer:
    """Echoes the question. `reason` opens each answer: a sentence that says why this is no real one."""

    def __init__(self, reason: str, words_per_second: float = WORDS_PER_SECOND) -> None:
        self._reason = reason
        self._pause = 1 / words_per_second

    def ask(self, question: Question) -> "MockAnswer":
        return MockAnswer(f"This is a mock answer: {self._reason}\n\nYou asked: {question.content}", self._pause)

    async def close(self) -> None:
        """Nothing is held open."""


class MockAnswer:
    """One echo, word by word."""

    def __init__(self, text: str, pause: float) -> None:
        self._text = text
        self._pause = pause
        self._stopped = False

    async def __aiter__(self) -> AsyncGenerator[Part, None]:
        yield Identity("mock")
        for word in _WORDS.findall(self._text):
            if self._stopped:
                return
            yield Text(word)
            await asyncio.sleep(self._pause)

    async def stop(self) -> None:
        self._stopped = True
