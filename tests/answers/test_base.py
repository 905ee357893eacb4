"""What an answer is made of."""

from service.answers.base import AnswerError
from service.answers.failures import BUSY


def test_an_error_tells_its_reason_and_whether_words_came_before():
    error = AnswerError(BUSY)
    assert (str(error), error.failure, error.is_midway) == ("busy", BUSY, False)
    assert AnswerError(BUSY, is_midway=True).is_midway
