"""What was written in a turn, and readers of it."""

import random

import pytest

from service.answers.base import AppFile, Replacement, Speech, Step
from service.chat import answer_buffer
from service.chat.answer_buffer import STEP_CHARACTERS, AnswerBuffer, Cursor, Delta

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


LINKED, UNLINKED = AppFile("image", "a.png", "/a", "/files/a"), AppFile("image", "b.png", "/b")


def test_files_keep_their_place_and_those_that_withdrawn_text_linked_are_none_any_more():
    buffer = buffer_of("one ", LINKED, UNLINKED, STEP, "two")
    assert read(Cursor(buffer)) == ("one two", [LINKED, UNLINKED, STEP])
    assert read(Cursor(buffer, 4), "one ") == ("one two", [LINKED, UNLINKED, STEP])
    assert buffer.files == [LINKED, UNLINKED]
    buffer.replace(Replacement("ok"))
    assert buffer.files == [UNLINKED]
    buffer.add_progress(LINKED)
    assert buffer.files == [UNLINKED, LINKED]


def test_of_steps_and_speech_only_so_much_is_kept(monkeypatch):
    monkeypatch.setattr(answer_buffer, "MAX_PROGRESS_CHARACTERS", 1000)
    buffer = AnswerBuffer()
    kept = [buffer.add_progress(Step("thought_finished", "t", content="x" * 300)) for _ in range(3)]
    assert kept == [True, True, False]
    assert buffer.size == 1000
    assert not buffer.add_progress(UNLINKED)


def test_a_file_takes_what_three_steps_do_without_their_content():
    buffer = buffer_of(UNLINKED)
    assert buffer.size == 3 * STEP_CHARACTERS


def buffer_of(*entries):
    buffer = AnswerBuffer()
    for entry in entries:
        match entry:
            case str():
                buffer.write(entry)
            case Replacement():
                buffer.replace(entry)
            case _:
                assert buffer.add_progress(entry)
    return buffer


SPEECH = Speech(0, "bXAz")


@pytest.mark.parametrize(
    ("offset", "updates"),
    [
        (0, [Delta(0, "ab"), STEP, Delta(2, "cd"), SPEECH]),
        (1, [Delta(1, "b"), STEP, Delta(2, "cd"), SPEECH]),
        (2, [STEP, Delta(2, "cd"), SPEECH]),
        (3, [Delta(3, "d"), SPEECH]),
        (4, [SPEECH]),
        (5, [Delta(0, "ab", replace=True), STEP, Delta(2, "cd"), SPEECH]),  # more than there is: all of it anew
    ],
)
def test_who_comes_back_gets_what_follows_its_offset(offset, updates):
    buffer = buffer_of("a", "b", STEP, "c", "d", SPEECH)
    cursor = Cursor(buffer, offset)
    assert cursor.updates() == updates
    assert (cursor.updates(), cursor.offset) == ([], 4)


@pytest.mark.parametrize("offset", [1, 2, 3])
def test_who_was_away_while_text_was_withdrawn_gets_all_of_it_anew(offset):
    buffer = buffer_of("bad", Replacement("ok"), "!")
    assert Cursor(buffer, offset).updates() == [Delta(0, "ok!", replace=True, replacements=1)]


def test_who_got_all_of_it_anew_goes_on_from_there_also_when_it_is_compacted():
    buffer = buffer_of("a", "b")
    cursor = Cursor(buffer, 9)
    assert cursor.updates() == [Delta(0, "ab", replace=True)]
    buffer.write("c")
    buffer.compact()
    assert cursor.updates() == [Delta(2, "c")]


def test_who_says_nothing_has_nothing():
    assert Cursor(buffer_of("a", "b")).updates() == [Delta(0, "ab")]


def test_who_has_nothing_yet_is_told_of_no_more_than_the_last_replacement():
    buffer = buffer_of("bad", Replacement("worse"), "!", Replacement("ok"), "!")
    assert Cursor(buffer).updates() == [Delta(0, "ok!", replace=True, replacements=2)]


def test_who_has_all_and_then_more_of_each_kind_comes():
    buffer = buffer_of("a")
    cursor = Cursor(buffer, 1)
    assert cursor.updates() == []
    buffer.write("b")
    assert cursor.updates() == [Delta(1, "b")]
    buffer.add_progress(STEP)
    assert cursor.updates() == [STEP]
    buffer.write("c")
    buffer.write("d")
    assert cursor.updates() == [Delta(2, "cd")]
    buffer.replace(Replacement(""))
    assert cursor.updates() == [Delta(0, "", replace=True, replacements=1)]
    buffer.write("e")
    assert cursor.updates() == [Delta(0, "e")]


def test_texts_that_were_not_read_before_they_were_withdrawn_are_never_read():
    buffer = buffer_of("a")
    cursor = Cursor(buffer)
    cursor.updates()
    for entry in ("b", STEP):
        buffer.write(entry) if isinstance(entry, str) else buffer.add_progress(entry)
    buffer.replace(Replacement("ok"))
    buffer.write("!")
    assert cursor.updates() == [STEP, Delta(0, "ok!", replace=True, replacements=1)]


def test_a_compacted_buffer_holds_each_run_of_text_as_one():
    buffer = buffer_of("a", "b", STEP, "c", "d", SPEECH, SPEECH)
    buffer.compact()
    assert (buffer.entries, buffer.text, buffer.length) == (["ab", STEP, "cd", SPEECH, SPEECH], "abcd", 4)
    buffer = buffer_of("bad", STEP, Replacement("o"), "k")
    buffer.compact()
    assert buffer.entries == [STEP, Replacement("ok")]


def test_lengths_and_sizes_are_of_what_is_kept_and_of_all_that_was_written():
    buffer = buffer_of("é👩", STEP, Step("thought_finished", "t", content="hmm"), Replacement("ok"))
    assert (buffer.length, buffer.total_written) == (2, 2 + 2)
    assert buffer.size == 2 + answer_buffer.STEP_CHARACTERS + answer_buffer.STEP_CHARACTERS + 3


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


@pytest.mark.parametrize(
    ("offset", "replacements", "updates"),
    [
        (2, 1, [Delta(2, "!")]),
        (3, 1, []),
        (0, 1, [Delta(0, "ok!", replace=True, replacements=1)]),
        (2, 0, [Delta(0, "ok!", replace=True, replacements=1)]),
        (2, 2, [Delta(0, "ok!", replace=True, replacements=1)]),
        (2, None, [Delta(0, "ok!", replace=True, replacements=1)]),
        (0, None, [Delta(0, "ok!", replace=True, replacements=1)]),
        (9, 1, [Delta(0, "ok!", replace=True, replacements=1)]),
    ],
)
def test_who_says_how_often_its_text_was_replaced_gets_no_more_than_it_misses(offset, replacements, updates):
    buffer = buffer_of("bad", Replacement("ok"), "!")
    assert Cursor(buffer, offset, replacements).updates() == updates


def test_who_has_more_than_there_is_is_told_at_once_though_nothing_was_written_yet():
    assert Cursor(AnswerBuffer(), 5).updates() == [Delta(0, "", replace=True)]


@pytest.mark.parametrize(("progress", "updates"), [(0, [STEP, SPEECH]), (1, [SPEECH]), (2, [])])
def test_who_says_how_many_entries_it_has_gets_the_others(progress, updates):
    buffer = buffer_of(STEP, "ab", SPEECH)
    assert Cursor(buffer, 2, 0, progress).updates() == updates


def test_entries_that_it_has_do_not_come_again_with_a_replacement():
    buffer = buffer_of(STEP, "bad", Replacement("ok"), SPEECH)
    assert Cursor(buffer, 3, 0, 1).updates() == [Delta(0, "ok", replace=True, replacements=1), SPEECH]


def test_what_is_no_text_is_counted():
    buffer = AnswerBuffer()
    assert buffer.progress_count == 0
    for step in (STEP, STEP, SPEECH):
        buffer.write("a")
        buffer.add_progress(step)
    buffer.replace(Replacement(""))
    assert buffer.progress_count == 3
