"""An Answerer that says what a test wants, when the test wants it."""

import asyncio

from service.answers.base import AnswerError
from service.answers.failures import BROKEN_OFF


class Scripted:
    """Each answer tells what is put here, before or after it was asked for; an exception is raised, None ends it."""

    def __init__(self, *parts, ends=True):
        self.questions = []
        self.stops = 0
        self.ignores_stops = False
        self._parts = [*parts, *([None] if ends else [])]
        self._answers = []

    def put(self, *parts):
        self._parts += parts
        for answer in self._answers:
            answer.put(*parts)

    def fail(self, failure=BROKEN_OFF):
        self.put(AnswerError(failure))

    def ask(self, question):
        self.questions.append(question)
        answer = _Answer(self)
        answer.put(*self._parts)
        self._answers.append(answer)
        return answer


class _Answer:
    def __init__(self, source):
        self._source = source
        self._queue = asyncio.Queue()

    def put(self, *parts):
        for part in parts:
            self._queue.put_nowait(part)

    async def stream(self, on_part):
        while (part := await self._queue.get()) is not None:
            if isinstance(part, Exception):
                raise part
            on_part(part)

    async def stop(self):
        self._source.stops += 1
        if not self._source.ignores_stops:
            self.put(None)
