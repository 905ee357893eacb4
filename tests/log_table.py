"""The table of the log's events on /docs, and what is logged held against it."""

import re
from functools import cache
from pathlib import Path

TABLE = (Path(__file__).parents[1] / "templates/docs/log_events.html").read_text()
_OF_EACH_LINE = {"event", "log_level", "turn_id", "client_id", "connection_id", "client_address", "trace_id", "worker"}
_OF_SOME_LINES = {"exc_info", "exception", "times"}


@cache
def documented():
    """By event: its levels, and its fields."""
    rows = re.findall(r"<tr id=.event-[\w.]+.><td><code>([\w.]+)</code></td><td>(.*?)</td><td>(.*)</td></tr>", TABLE)
    fields = {name: set(re.findall(r"<code>(\w+)</code>", text)) for name, _, text in rows}
    for name, _, text in rows:
        for other in re.findall(r"[Tt]he fields of <code>([\w.]+)</code>", text):
            fields[name] |= fields[other]
    return {name: (set(re.findall(r"[A-Z]{4,}", levels)), fields[name]) for name, levels, _ in rows}


def event_faults(events):
    """(event, the level or the field that the table does not have) of what was logged; a library's are left out."""
    table, faults = documented(), []
    for event in events:
        levels, fields = table.get(event["event"], (None, None))
        if levels is None:
            continue
        level = event["log_level"].upper().replace("EXCEPTION", "ERROR")
        faults += [(event["event"], level)] if level not in levels else []
        faults += [(event["event"], name) for name in sorted(set(event) - fields - _OF_EACH_LINE - _OF_SOME_LINES)]
    return faults
