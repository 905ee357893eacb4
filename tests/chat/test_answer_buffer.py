"""What was written in a turn, and readers of it."""

import random

import pytest

from service.answers.base import Replacement, Speech, Step
from service.chat import answer_buffer
from service.chat.answer_buffer import AnswerBuffer, Cursor, Delta

STEP = Step("node_started", "n")


def read(cursor, text=""):
    """What a client makes of it: its text, and the rest."""
    extras = []
    for update in cursor.updates():
        if not isinstance(update, Delta):
            extras.append(update)
            continue
        text = "" if update.replace else text
        assert update.offset == len(text)
        text += update.content
    return text, extras


def test_what_is_withdrawn_is_kept_nowhere():
    buffer = AnswerBuffer()
    for _ in range(1000):
        buffer.write("bad words")
        buffer.replace(Replacement("ok"))
    assert (buffer.entries, buffer.length, buffer.size) == ([Replacement("ok")], 2, 2)
    assert buffer.total_written == 11_000


def test_a_reader_loses_no_step_when_text_is_withdrawn():
    buffer = AnswerBuffer()
    cursor = Cursor(buffer)
    buffer.add_progress(STEP)
    buffer.write("bad")
    assert read(cursor) == ("bad", [STEP])
    speech = Speech(0, "bXAz")
    buffer.add_progress(speech)
    buffer.replace(Replacement("ok"))
    assert read(cursor, "bad") == ("ok", [speech])


def test_a_reader_goes_on_where_it_was_when_the_record_is_compacted():
    buffer = AnswerBuffer()
    cursor = Cursor(buffer)
    buffer.write("one ")
    buffer.add_progress(STEP)
    buffer.write("two ")
    assert read(cursor) == ("one two ", [STEP])
    buffer.write("three")
    buffer.compact()
    assert read(cursor, "one two ") == ("one two three", [])
    assert cursor.updates() == []


def test_of_steps_and_speech_only_so_much_is_kept(monkeypatch):
    monkeypatch.setattr(answer_buffer, "MAX_PROGRESS_CHARACTERS", 1000)
    buffer = AnswerBuffer()
    kept = [buffer.add_progress(Step("thought_finished", "t", content="x" * 300)) for _ in range(3)]
    assert kept == [True, True, False]
    assert buffer.size == 1000


@pytest.mark.parametrize("seed", range(200))
def test_whatever_is_written_and_whenever_it_is_read_all_readers_agree(seed):
    dice, buffer = random.Random(seed), AnswerBuffer()
    readers = [[Cursor(buffer), "", []] for _ in range(3)]
    written = 0
    for _ in range(dice.randrange(1, 40)):
        match dice.randrange(6):
            case 0 | 1 | 2:
                buffer.write("abc"[: dice.randrange(4)])
            case 3:
                written += buffer.add_progress(Speech(written, "x"))
            case 4:
                buffer.replace(Replacement("new"))
            case 5:
                buffer.compact()
        reader = dice.choice(readers)
        reader[1], extras = read(reader[0], reader[1])
        reader[2] += extras
        if dice.random() < 0.1:  # comes back with what it has; of the extras some may come twice
            reader[0] = Cursor(buffer, len(reader[1]))
    for cursor, had, extras in readers:
        text, more = read(cursor, had)
        assert text == buffer.text
        assert {speech.number for speech in extras + more} == set(range(written))
