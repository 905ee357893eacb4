"""Recordings on their way to speech-to-text."""

import pytest

from service.answers import recordings
from tests.answers.files import file, read, refusal


@pytest.mark.parametrize(
    ("name", "media_type", "sent"),
    [
        ("a.wav", "audio/x-wav", "audio/wav"),
        ("a.wav", "audio/wave", "audio/wav"),
        ("a.wav", "Audio/WAV ;codecs=1", "audio/wav"),
        ("a.mp3", "audio/mpeg", "audio/mp3"),
        ("a.m4a", "audio/x-m4a", "audio/m4a"),
        ("a.mp4", "audio/mp4;codecs=mp4a.40.2", "audio/m4a"),
        ("a.mp4", "audio/mp4", "audio/m4a"),
        ("a.amr", "audio/amr", "audio/amr"),
        ("a.WAV", "application/octet-stream", "audio/wav"),
        ("a.mpga", "", "audio/mp3"),
    ],
)
def test_what_browsers_record_goes_on_under_dify_s_name_for_it(name, media_type, sent):
    taken = recordings.as_recording(file(name, media_type, b"x"))
    assert (taken.name, taken.media_type, read(taken)) == (name, sent, [b"x"])


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.webm", "audio/webm;codecs=opus"),
        ("a.ogg", "audio/ogg"),
        ("a.wav", "audio/webm"),
        ("a.mp4", "audio/mp4;codecs=opus"),
        ("a.txt", "text/plain"),
        ("a.webm", "application/octet-stream"),
        ("blob", "application/octet-stream"),
    ],
)
def test_speech_that_dify_would_refuse_is_refused_here(name, media_type):
    assert refusal(recordings.as_recording, file(name, media_type)) == "unsupported_audio"


def test_speech_that_is_too_long_is_broken_off(monkeypatch):
    monkeypatch.setattr(recordings, "MAX_BYTES", 3)
    assert refusal(read, recordings.as_recording(file("a.wav", "audio/wav", b"12", b"34"))) == "too_large"
