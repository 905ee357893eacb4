"""`python -m service check`: what it says of the voice."""

import pytest

from service.answers.speech_engine import SpeechEngine
from service.check_speech import speech_finding

ON = {"enabled": True}


@pytest.mark.parametrize(
    ("engine", "words"),
    [
        ("auto", "maker's servers, else by Dify. SPEECH=dify forbids that"),
        ("dify", "nothing goes to the browser makers' servers"),
        ("browser", "Dify is not asked for speech"),
        ("off", "no voice"),
    ],
)
@pytest.mark.parametrize("parameters", [None, {"speech_to_text": ON, "text_to_speech": ON}])
def test_each_choice_is_told_with_where_speech_goes(engine, words, parameters):
    finding = speech_finding(SpeechEngine(engine), parameters)
    assert words in finding.words
    assert (finding.fix, finding.advice) == ("", "")


@pytest.mark.parametrize(
    ("parameters", "lacks"),
    [
        ({"speech_to_text": ON}, "the app has no Text to Speech"),
        ({"text_to_speech": ON}, "the app has no Speech to Text"),
        ({"speech_to_text": {"enabled": False}}, "the app has no Speech to Text, and no Text to Speech"),
    ],
)
def test_what_the_app_lacks_is_told_where_nothing_else_may_take_its_place(parameters, lacks):
    finding = speech_finding(SpeechEngine.DIFY, parameters)
    assert finding.words.endswith(lacks)
    assert "/docs" in finding.advice
    assert speech_finding(SpeechEngine.AUTO, parameters).advice == ""
