"""Tones."""

from service.answers.mock import audio


def test_the_mp3_is_frames_of_one_size_each_with_its_header():
    data = audio.mp3(5)
    frames = [data[start : start + 104] for start in range(0, len(data), 104)]
    assert [frame[:4] for frame in frames] == [b"\xff\xfb\x10\xc4"] * 5  # MPEG-1 layer III, 32 kbit/s, 44.1 kHz, mono
    assert len(data) == 5 * (144 * 32_000 // 44_100)
