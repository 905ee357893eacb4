"""The kinds of turns, by what is asked."""

import pytest

from service.answers.base import Question
from service.answers.pauses import Continuation, Decision, PausedRun
from service.chat.turn_status import Kind, kind_of


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        (Question("Hi", "user"), Kind.QUESTION),
        (Continuation(PausedRun("r"), "user"), Kind.LOOK),
        (Continuation(PausedRun("r"), "user", Decision("yes")), Kind.DECISION),
    ],
)
def test_what_follows_a_pause_is_a_decision_or_a_look(question, kind):
    assert kind_of(question) is kind
