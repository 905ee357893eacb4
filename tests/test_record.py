"""What was written in a turn, and readers of it."""

import random

import pytest

from service.answers.base import Replacement, Speech, Step
from service.chat import record as record_module
from service.chat.record import Cursor, Delta, Record

STEP = Step("node_started", "n")


def read(cursor, text=""):
    """What a client makes of it: its text, and the rest."""
    extras = []
    for news in cursor.news():
        if not isinstance(news, Delta):
            extras.append(news)
            continue
        text = "" if news.replace else text
        assert news.offset == len(text)
        text += news.content
    return text, extras


def test_what_is_withdrawn_is_kept_nowhere():
    record = Record()
    for _ in range(1000):
        record.write("bad words")
        record.replace(Replacement("ok"))
    assert (record.entries, record.length, record.size) == ([Replacement("ok")], 2, 2)
    assert record.taken == 11_000


def test_a_reader_loses_no_step_when_text_is_withdrawn():
    record = Record()
    cursor = Cursor(record)
    record.add(STEP)
    record.write("bad")
    assert read(cursor) == ("bad", [STEP])
    speech = Speech(0, "bXAz")
    record.add(speech)
    record.replace(Replacement("ok"))
    assert read(cursor, "bad") == ("ok", [speech])


def test_a_reader_goes_on_where_it_was_when_the_record_is_compacted():
    record = Record()
    cursor = Cursor(record)
    record.write("one ")
    record.add(STEP)
    record.write("two ")
    assert read(cursor) == ("one two ", [STEP])
    record.write("three")
    record.compact()
    assert read(cursor, "one two ") == ("one two three", [])
    assert cursor.is_at_end


def test_of_steps_and_speech_only_so_much_is_kept(monkeypatch):
    monkeypatch.setattr(record_module, "MAX_EXTRAS_CHARACTERS", 1000)
    record = Record()
    kept = [record.add(Step("thought_finished", "t", content="x" * 300)) for _ in range(3)]
    assert kept == [True, True, False]
    assert record.size == 1000


@pytest.mark.parametrize("seed", range(200))
def test_whatever_is_written_and_whenever_it_is_read_all_readers_agree(seed):
    dice, record = random.Random(seed), Record()
    readers = [[Cursor(record), "", []] for _ in range(3)]
    written = 0
    for _ in range(dice.randrange(1, 40)):
        match dice.randrange(6):
            case 0 | 1 | 2:
                record.write("abc"[: dice.randrange(4)])
            case 3:
                written += record.add(Speech(written, "x"))
            case 4:
                record.replace(Replacement("new"))
            case 5:
                record.compact()
        reader = dice.choice(readers)
        reader[1], extras = read(reader[0], reader[1])
        reader[2] += extras
        if dice.random() < 0.1:  # comes back with what it has; of the extras some may come twice
            reader[0] = Cursor(record, len(reader[1]))
    for cursor, had, extras in readers:
        text, more = read(cursor, had)
        assert text == record.text
        assert {speech.number for speech in extras + more} == set(range(written))
