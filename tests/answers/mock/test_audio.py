"""Tones that can be heard."""

import io
import itertools
import wave

import pytest

from service.answers.mock import audio


def test_the_mp3_is_frames_of_one_size_each_with_its_header():
    data = audio.mp3(5)
    frames = [data[start : start + 104] for start in range(0, len(data), 104)]
    assert [frame[:4] for frame in frames] == [b"\xff\xfb\x10\xc4"] * 5  # MPEG-1 layer III, 32 kbit/s, 44.1 kHz, mono
    assert len(data) == 5 * (144 * 32_000 // 44_100)


def test_the_phase_alternates_from_frame_to_frame():
    data = audio.mp3(3)
    first, second, third = (data[start : start + 104] for start in range(0, 312, 104))
    assert first == third != second


def test_the_wav_is_a_tone_of_0_4_seconds():
    with wave.open(io.BytesIO(audio.wav())) as tone:
        assert (tone.getnchannels(), tone.getsampwidth()) == (1, 2)
        assert tone.getnframes() / tone.getframerate() == pytest.approx(0.4)
        samples = memoryview(tone.readframes(tone.getnframes())).cast("h")
    rises = sum(before < 0 <= after for before, after in itertools.pairwise(samples))
    assert rises == pytest.approx(440 * 0.4, abs=1)
    assert max(samples) == 8000
