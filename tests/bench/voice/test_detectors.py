"""When a detector noticed speech and silence, and that the page's own hears a voice of the bench and its end."""

import shutil
from array import array
from itertools import pairwise

import pytest

from tests.bench.voice import corpus, detectors, noises, sounds
from tests.bench.voice.detectors import Moment, Track

TRACK = Track(array("h"), begins=4_000, ends=6_000)


def moments(*told):
    return [Moment(ms, quiet_ms == 0, quiet_ms) for ms, quiet_ms in told]


def test_speech_is_noticed_so_long_after_it_began_or_never():
    assert detectors.noticed_after(TRACK, moments((3_900, 0), (4_050, 100), (4_100, 0))) == 100
    assert detectors.noticed_after(TRACK, moments((4_100, 900), (6_100, 0))) is None


def test_silence_is_noticed_later_than_it_ends_a_sentence_or_never():
    assert detectors.ended_after(TRACK, moments((5_000, 500), (6_440, 440), (6_480, 480))) == 30
    assert detectors.ended_after(TRACK, moments((5_000, 500), (7_900, 100))) is None


def test_a_room_or_a_noise_is_taken_for_speech_once_the_room_is_known():
    noise = TRACK._replace(ends=float("inf"))
    assert not detectors.starts(TRACK, moments((1_000, 0), (3_000, 500), (4_100, 0)))
    assert detectors.starts(TRACK, moments((3_000, 0)))
    assert detectors.starts(noise, moments((4_100, 0)))
    assert not detectors.starts(noise, moments((4_100, 300)))


def test_sounds_keep_their_pitch_and_length_at_another_rate():
    wave = detectors.resampled(sounds.hum(1))
    rises = sum(left < 0 <= right for left, right in pairwise(wave))
    assert len(wave) == pytest.approx(detectors.SILERO_RATE, abs=2)
    assert rises == pytest.approx(298, abs=2)


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node.js on this machine")
def test_the_page_s_own_detector_hears_a_voice_over_a_room_and_its_end():
    syllables = (sounds.hum(0.2) + sounds.silence(0.05)) * 4 + sounds.hum(0.2)
    voice, room = sounds.at_level(syllables, corpus.SPEECH_DB), noises.quiet_room("en")
    track = detectors.spoken_in(room, corpus.Spoken(voice, [], []))
    (heard,) = detectors.by_level([track])
    assert not detectors.starts(track, heard)
    assert 0 < detectors.noticed_after(track, heard) < 300
    assert -50 < detectors.ended_after(track, heard) < 300
