"""What is said: the data files, and their words with the times at which they are spoken."""

from collections import Counter
from itertools import pairwise

import pytest

from tests.bench.voice import corpus, espeak, sounds

LANGUAGES = tuple(corpus.LANGUAGES)


@pytest.fixture(autouse=True)
def needs_espeak():
    try:
        espeak.library()
    except espeak.Missing:
        pytest.skip("no espeak-ng on this machine")


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_two_hundred_utterances_none_of_them_twice(language):
    said = corpus.utterances(language)
    assert len({each.text for each in said}) == len(said) == 200
    assert sum(each.has_pause for each in said) > 100


@pytest.mark.parametrize("language", LANGUAGES)
def test_pauses_are_of_half_a_second_to_a_second(language):
    pauses = [pause for each in corpus.utterances(language) for _, pause in each.parts[:-1]]
    assert all(0.5 <= pause <= 1 for pause in pauses)
    assert len(Counter(pauses)) > 4


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_are_those_of_the_text_one_after_the_other(language):
    for number, utterance in list(enumerate(corpus.utterances(language)))[::20]:
        words = corpus.speak(utterance, number).words
        glue = "".join(word.text + word.tail for word in words)
        assert corpus.bare(glue) == corpus.bare(utterance.text)
        assert all(word.begins < word.ends for word in words)
        assert all(before.ends <= after.begins + 1e-6 for before, after in pairwise(words))


def test_a_pause_is_silence_between_loud_samples():
    utterance = corpus.Utterance("", "en", "", (("I would like to ask", 0.8), ("when it opens.", 0.0)))
    spoken = corpus.speak(utterance)
    ((begins, ends),) = spoken.pauses
    first, last = round(begins * sounds.RATE), round(ends * sounds.RATE)
    assert ends - begins == pytest.approx(0.8)
    assert set(spoken.samples[first:last]) == {0}
    assert spoken.samples[first - 1]
    assert spoken.samples[last]
    assert [word.text for word in spoken.words if word.ends <= begins + 1e-6] == ["I", "would", "like", "to", "ask"]


def test_words_are_compared_without_marks_and_capitals():
    assert corpus.bare("I don't, at 9:30 – Dr. X-ray!") == ["i", "don't", "at", "9:30", "dr", "x-ray"]
    assert corpus.bare("是 CT 吗？") == ["是", "ct", "吗"]
