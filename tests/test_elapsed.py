"""Durations for the log."""

from types import SimpleNamespace

from service import elapsed


def test_a_duration_is_whole_milliseconds(monkeypatch):
    monkeypatch.setattr(elapsed, "time", SimpleNamespace(monotonic=lambda: 102.5006))
    assert (elapsed.ms_since(100), elapsed.ms_since(102.5006)) == (2501, 0)
