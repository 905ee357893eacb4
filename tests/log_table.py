"""The table of the log's events on /docs, and what is logged held against it."""

import json
import re
from functools import cache
from pathlib import Path

TABLE = (Path(__file__).parents[1] / "templates/docs/log_events.html").read_text()
_OF_EACH_LINE = {"event", "log_level", "turn_id", "client_id", "connection_id", "client_address", "trace_id", "worker"}
_OF_EACH_LINE |= {"timestamp", "level"}  # of a process's lines
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


def line_faults(lines):
    """The same of a process's console. What is no event is for people: of `check`, of a command line."""
    whole = (line for line in lines if line.startswith('{"timestamp"') and line.endswith("}\n"))
    return event_faults(map(json.loads, whole))


def event_faults(events):
    """(event, the level or the field that the table does not have) of what was logged; a library's are left out."""
    table, faults = documented(), []
    for event in events:
        levels, fields = table.get(event["event"], (None, None))
        if levels is None:
            continue
        level = (event.get("log_level") or event["level"]).upper().replace("EXCEPTION", "ERROR")
        faults += [(event["event"], level)] if level not in levels else []
        faults += [(event["event"], name) for name in sorted(set(event) - fields - _OF_EACH_LINE - _OF_SOME_LINES)]
    return faults
