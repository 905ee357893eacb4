"""What an answer is made of."""

from service.answers.base import AnswerError, Continuation, Decision, PausedRun
from service.answers.failures import BUSY


def test_an_error_tells_its_reason_and_whether_words_came_before():
    error = AnswerError(BUSY)
    assert (str(error), error.failure, error.is_midway) == ("busy", BUSY, False)
    assert AnswerError(BUSY, is_midway=True).is_midway


RUN = PausedRun("r", form_token="t")


def test_the_same_continuation_is_recognized_and_no_other():
    first = Continuation(RUN, "user", Decision("yes", {"a": 1, "b": 2}))
    assert Continuation(RUN, "user", Decision("yes", {"b": 2, "a": 1}), steps=True).content == first.content
    others = [
        Continuation(RUN, "user"),
        Continuation(RUN, "user", Decision("no", {"a": 1, "b": 2})),
        Continuation(RUN, "user", Decision("yes", {"a": 1})),
        Continuation(PausedRun("r", form_token="t2"), "user", Decision("yes", {"a": 1, "b": 2})),
    ]
    assert len({each.content for each in (first, *others)}) == 5
