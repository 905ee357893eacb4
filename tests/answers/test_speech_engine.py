"""Whose speech services are used."""

import pytest

from service.answers.base import Question
from service.answers.pauses import Continuation, PausedRun
from service.answers.speech_engine import SpeechEngine, SpeechRules, UnspokenAnswerer

RUN = PausedRun(run_id="r", task_id="t", conversation_id="c", message_id="m")


@pytest.mark.parametrize(("engine", "uses"), [("auto", True), ("dify", True), ("browser", False), ("off", False)])
def test_dify_is_used_unless_it_is_forbidden(engine, uses):
    assert SpeechEngine(engine).uses_dify is uses


def test_without_a_setting_each_takes_the_best_and_early():
    assert SpeechRules() == SpeechRules(SpeechEngine.AUTO, speculative=True)


class Source:
    """Keeps what it was asked."""

    def __init__(self):
        self.asked = []

    def ask(self, question):
        self.asked.append(question)
        return "an answer"


@pytest.mark.parametrize(
    "question", [Question("Hi", "ann", steps=True, speech=True), Continuation(RUN, "ann", steps=True, speech=True)]
)
def test_nobody_gets_an_answer_spoken_and_all_else_stays(question):
    source = Source()
    assert UnspokenAnswerer(source).ask(question) == "an answer"
    (asked,) = source.asked
    assert (asked.speech, asked.steps, asked.user, asked.content) == (False, True, "ann", question.content)
