"""Another source answers where the first one fails before its first word."""

import pytest

from service.answers import failures
from service.answers.base import AnswerError, Identity, Question, Text
from service.answers.pauses import Continuation, PausedRun
from service.answers.resilience.fallback import FallbackAnswerer
from tests.scripted import Scripted

QUESTION = Question("Hi", "user")
SUBSTITUTE = (Identity("mock"), Text("Instead."))


class Fallback:
    """A source and its substitute; `fell_back_for` is what the substitute was asked for."""

    def __init__(self, *parts, ends=False):
        self.source = Scripted(*parts, ends=ends)
        self.substitute = Scripted(*SUBSTITUTE)
        self.fell_back_for = []
        self.answerer = FallbackAnswerer(self.source, self._fallback_for)
        self.parts = []

    def _fallback_for(self, failure):
        self.fell_back_for.append(failure)
        return self.substitute

    async def answer(self):
        await self.answerer.ask(QUESTION).stream(self.parts.append)


def broken(failure, *, is_midway=False):
    return AnswerError(failure, is_midway=is_midway)


async def test_a_source_that_answers_needs_no_substitute(events):
    fallback = Fallback(Text("a"), ends=True)
    await fallback.answer()
    assert (fallback.parts, fallback.substitute.questions, events) == ([Text("a")], [], [])


async def test_who_fails_before_the_first_word_is_stood_in_for_and_it_is_said_why(events):
    fallback = Fallback(broken(failures.BUSY))
    await fallback.answer()
    assert fallback.parts == [Identity("mock", instead_of=failures.BUSY), Text("Instead.")]
    assert (fallback.fell_back_for, fallback.substitute.questions) == ([failures.BUSY], [QUESTION])
    assert [(event["event"], event["reason"]) for event in events] == [("answer.degraded", "busy")]


@pytest.mark.parametrize("error", [broken(failures.STALLED, is_midway=True), broken(failures.CONVERSATION_NOT_FOUND)])
async def test_what_broke_off_and_what_only_the_caller_can_mend_is_told(error):
    fallback = Fallback(error)
    with pytest.raises(AnswerError) as caught:
        await fallback.answer()
    assert (caught.value, fallback.fell_back_for) == (error, [])


async def test_after_a_stop_nobody_stands_in():
    fallback = Fallback()
    answer = fallback.answerer.ask(QUESTION)
    fallback.source.ignores_stops = True
    await answer.stop()
    fallback.source.fail(failures.BUSY)
    with pytest.raises(AnswerError):
        await answer.stream(fallback.parts.append)
    assert (fallback.source.stops, fallback.fell_back_for) == (1, [])


async def test_a_stop_reaches_the_substitute_that_answers():
    fallback = Fallback(broken(failures.BUSY))
    answer = fallback.answerer.ask(QUESTION)
    await answer.stream(fallback.parts.append)
    await answer.stop()
    assert (fallback.source.stops, fallback.substitute.stops) == (0, 1)


async def test_nobody_stands_in_for_what_goes_on_after_a_pause():
    fallback = Fallback(broken(failures.BUSY))
    with pytest.raises(AnswerError):
        await fallback.answerer.ask(Continuation(PausedRun("r"), "user")).stream(fallback.parts.append)
    assert fallback.fell_back_for == []
