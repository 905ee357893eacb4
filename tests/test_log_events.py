"""The table of the log's events on /docs, held against the code: both name the same events, levels and fields."""

import ast
import json
import re

from tests.conftest import ROOT
from tests.log_table import TABLE, documented, event_faults, line_faults

METHODS = {"debug": "DEBUG", "info": "INFO", "warning": "WARNING", "error": "ERROR", "exception": "ERROR"}
OF_EACH_LINE = {"turn_id", "exc_info"}
NAME = re.compile(r"[a-z]+\.[a-z_]+")


def told():
    """(event, its levels as far as they are written there, its fields) of each call in service/ that logs."""
    for path in (ROOT / "service").rglob("*.py"):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args and (levels := levels_of(node.func)) is not None:
                fields = set().union(*(fields_of(keyword, tree) for keyword in node.keywords)) - OF_EACH_LINE
                for name in strings_in(node.args[0]):
                    if NAME.fullmatch(name):
                        yield name, levels, fields


def levels_of(function):
    """None where it logs nothing."""
    match function:
        case ast.Attribute(attr=method) if method in METHODS:
            return {METHODS[method]}
        case ast.Name(id="Tally"):
            return {"WARNING"}
        case ast.Name(id="log_event"):
            return set()
        case ast.IfExp(body=one, orelse=other) if levels_of(one) and levels_of(other):
            return set()
    return None


def fields_of(keyword, tree):
    """Of `**self._fields()`, too: the keys of the dictionaries that this method writes down."""
    match keyword:
        case ast.keyword(arg=None, value=ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr=method))):
            (function,) = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == method]
            dictionaries = [node for node in ast.walk(function) if isinstance(node, ast.Dict)]
            return {key.value for each in dictionaries for key in each.keys if isinstance(key, ast.Constant)}
        case ast.keyword(arg=None):
            return set()
    return {keyword.arg}


def strings_in(node):
    """An event may be chosen from two."""
    return [each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)]


def test_each_event_of_the_log_is_in_the_table_and_nothing_else_is():
    source = (ROOT / "service/log_records.py").read_text()
    assert '"http.request"' in source
    assert sorted({name for name, *_ in told()} | {"http.request"}) == sorted(documented())
    assert TABLE.count("<tr id=") == len(documented())


def test_the_table_has_the_levels_and_fields_of_each():
    table = documented()
    missing = [(name, levels - table[name][0], fields - table[name][1]) for name, levels, fields in told()]
    assert [each for each in missing if each[1] or each[2]] == []


def test_an_event_that_says_what_the_table_does_not_is_found():
    good = {"event": "turn.joined", "log_level": "info", "turn_id": "t"}
    assert event_faults([good, {"event": "a library's"}]) == []
    assert event_faults([good | {"log_level": "error"}, good | {"who": "me"}]) == [
        ("turn.joined", "ERROR"),
        ("turn.joined", "who"),
    ]


def test_a_process_s_line_that_says_what_the_table_does_not_is_found():
    good = {"timestamp": "2030-01-01T00:00:00Z", "level": "info", "event": "turn.joined", "turn_id": "t"}
    lines = [json.dumps(it) + "\n" for it in (good, good | {"who": "me"}, good | {"level": "error"})]
    assert line_faults(["usage: service\n", *lines, lines[1][:30]]) == [
        ("turn.joined", "who"),
        ("turn.joined", "ERROR"),
    ]
