"""What is measured: all of it once, a third in each room."""

from collections import Counter

from tests.bench.voice import plans


def items(sessions, name):
    return [(session, item) for session in sessions for item in session["items"] if item[0] == name]


def test_each_utterance_is_spoken_once_a_third_in_each_room_and_with_each_style():
    spoken = items(plans.sessions(["en", "zh"]), "utterance")
    assert len({(session["language"], item[1]) for session, item in spoken}) == len(spoken) == 400
    rooms = Counter((session["condition"], item[2]) for session, item in spoken)
    assert len(rooms) == 9
    assert max(rooms.values()) - min(rooms.values()) < 5


def test_there_are_forty_noises_none_of_them_twice():
    noises = items(plans.sessions(["en", "zh"]), "noise")
    assert len({item[1:] for _, item in noises}) == len(noises) == 40


def test_a_quick_run_has_twenty_utterances_of_each_language():
    sessions = plans.sessions(["en", "zh"], 10)
    assert Counter(session["language"] for session, _ in items(sessions, "utterance")) == {"en": 20, "zh": 20}
    assert {item[1] for _, item in items(sessions, "noise")} == set(plans.NOISES)
