"""The time code tells which part of the microphone's sound lies in a recording, whatever else is in it."""

import random
from array import array
from itertools import pairwise

import pytest

from tests.bench.voice import timecode

pytestmark = pytest.mark.slow

SECONDS = 5
BEGINS = 123.4567
TOLERANCE = 0.005


def room(loudness):
    """Noise without what lies above speech, as the microphone lets nothing of it through."""
    drawn = random.Random(loudness)
    samples = [drawn.gauss(0, 10 * loudness) for _ in range(SECONDS * timecode.RATE)]
    for _ in range(8):
        samples = [(before + after) / 2 for before, after in pairwise([0, *samples])]
    return samples


@pytest.fixture(scope="module", params=[0, 300], ids=["silence", "noise"])
def sound(request):
    return timecode.coded(room(request.param), BEGINS)


def seconds(samples):
    return samples / timecode.RATE


def test_six_symbols_in_a_row_stand_in_the_sequence_once():
    symbols = timecode.symbols()
    assert len(symbols) == len({(symbols * 2)[at : at + timecode.ORDER] for at in range(len(symbols))})


@pytest.mark.parametrize(("first", "last"), [(0, 80_000), (777, 3_500), (5_123, 60_001), (40_001, 79_999)])
def test_a_recording_is_found_to_the_millisecond_wherever_it_was_cut(sound, first, last):
    (piece,) = timecode.pieces(sound[first:last])
    assert piece.begins == pytest.approx(BEGINS + seconds(first), abs=TOLERANCE)
    assert piece.ends == pytest.approx(BEGINS + seconds(last), abs=TOLERANCE)


def test_two_cuts_put_together_are_two_pieces(sound):
    before, after = timecode.pieces(sound[10_000:30_000] + sound[50_000:70_123])
    told = (before.begins, before.ends, after.begins, after.ends)
    assert told == pytest.approx([BEGINS + seconds(at) for at in (10_000, 30_000, 50_000, 70_123)], abs=0.06)


def test_other_sounds_have_no_time():
    assert timecode.pieces(array("h", map(round, room(300)))) == []


def test_a_recording_too_short_to_tell_has_no_time(sound):
    assert timecode.pieces(sound[: 4 * timecode.SYMBOL]) == []
