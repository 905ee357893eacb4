"""Durations for the log."""

import time


def ms_since(moment: float) -> int:
    """Whole milliseconds since a time of the monotonic clock."""
    return round((time.monotonic() - moment) * 1000)
