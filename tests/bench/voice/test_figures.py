"""What outcomes come to, and how it is told."""

import pytest

from tests.bench.voice import figures, report

SAID = "Where is it, please?"


def asked(at, text=SAID, name="a"):
    return {"kind": "asked", "at": at, "id": name, "text": text}


def sound(at, ends):
    return {"kind": "sound", "at": at, "ends": ends}


def delta(at, name="a"):
    return {"kind": "delta", "at": at, "id": name}


def utterance(*events, **fields):
    usual = {"item": "utterance", "key": "en-1", "kind": "pauses", "style": "written", "text": SAID}
    usual |= {"language": "en", "condition": "room", "has_pause": True, "pauses": [], "is_whole": True}
    return usual | {"heard": [SAID], "stalls": 0, "attempts": 1, "begins": -1_000, "events": list(events)} | fields


def interruption(*events, **fields):
    return utterance(*events, **{"item": "interruption", "is_stopped": False} | fields)


def value(name, *outcomes):
    return next(row["all"] for row in report.rows(list(outcomes)) if row["name"].startswith(name))


def test_times_are_those_of_the_first_question_after_the_end_of_speech():
    outcome = utterance(sound(-900, -800), asked(-500), asked(700, name="b"), delta(1_100, "b"), sound(1_500, 1_900))
    assert figures.asked_at(outcome) == 700
    assert figures.sounded_at(outcome) == 1_500
    assert figures.spoken_after(outcome) == pytest.approx(200)


def test_what_was_asked_before_the_end_was_cut_off():
    assert value("cut off", utterance(asked(-1), asked(700)), utterance(asked(700))) == 50
    assert value("cut off", utterance(asked(-1), kind="several"), utterance(asked(700))) == 0
    assert value("asked in a pause between two", utterance(asked(-1), kind="several"), utterance(asked(700))) == 1


@pytest.mark.parametrize(
    ("questions", "wrong"),
    [
        ([SAID], (0, 0)),
        (["where is it please"], (0, 0)),
        (["Where is", "it, please?"], (0, 0)),
        (["Where is", "Where is it, please?"], (0, 0)),
        (["Where is", "please?"], (1, 0)),
        (["Where is is it, please?"], (0, 1)),
        ([], (4, 0)),
    ],
)
def test_words_that_were_lost_or_doubled_are_counted(questions, wrong):
    outcome = utterance(*(asked(at, text) for at, text in enumerate(questions)))
    assert figures.wrong_words(outcome) == wrong
    assert figures.is_verbatim(outcome) == (wrong == (0, 0))


def test_gaps_are_between_the_sounds_of_an_answer_that_is_heard_to_its_end():
    events = asked(700), sound(1_500, 1_900), sound(2_050, 2_500), sound(2_651, 3_000)
    assert figures.gaps(utterance(*events)) == [150, 151]
    assert figures.gaps(utterance(*events, is_whole=False)) == []
    assert value("gaps", utterance(*events)) == 1


def test_an_interruption_is_timed_from_its_first_sound_to_the_last_of_the_page():
    outcome = interruption(sound(-3_000, -1_500), sound(-1_400, -850), asked(700), sound(1_500, 1_700))
    assert figures.stopped_after(outcome) == 150
    assert value("speech to silence of the page, p90", outcome) == 150


def test_words_lost_at_the_beginning_of_an_interruption_are_counted():
    assert value("words lost at the beginning", interruption(asked(700, "is it, please?"))) == 1
    assert value("words lost at the beginning", interruption(asked(700))) == 0


def test_a_bar_is_met_or_not_and_a_figure_without_a_value_is_neither():
    table = report.table([utterance(asked(700), sound(1_700, 1_800))])
    assert "| end of speech to question, p50 | 700 ms | 700 ms | ≤ 800 ms | met |" in table
    assert "first sound of the answer, p50 | 1,700 ms | 1,700 ms | ≤ 1,600 ms | not met |" in table
    assert "| noises asked as a question | – | – | ≤ 0 |  |" in table


def test_the_worst_are_those_with_wrong_words_then_cut_off_then_slow():
    slow, cut, wrong = utterance(asked(5_000)), utterance(asked(-1), asked(700)), utterance(asked(700, "Where?"))
    told = report.worst([utterance(asked(600)), slow, cut, wrong]).splitlines()
    assert ["not word for word" in told[0], "cut off" in told[1], "slow" in told[2]] == [True] * 3


@pytest.mark.parametrize(("share", "expected"), [(0, 1), (0.5, 3), (0.9, 5), (1, 5)])
def test_a_percentile_is_a_value_that_was_measured(share, expected):
    assert figures.percentile([5, None, 1, 3, 2, 4], share) == expected
