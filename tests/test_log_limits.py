"""What is left of a log line, and of how many."""

from enum import StrEnum

import pytest

from service import log_limits, tally
from service.log_limits import MINUTE_SECONDS, LineLimiter, sanitize
from service.result_codes import ResultCode

INFO, WARNING, ERROR = 20, 30, 40


def cut(**event):
    sanitize(event)
    return event


class Status(StrEnum):
    DONE = "done"


def test_plain_fields_stay_as_they_are():
    event = {
        "event": "turn.finished",
        "text": "é 你好 👩",
        "n": 1,
        "x": 0.5,
        "yes": True,
        "none": None,
        "code": ResultCode.NOT_FOUND,
    }
    assert cut(**event) == event
    assert cut(status=Status.DONE)["status"] is Status.DONE


@pytest.mark.parametrize(
    "wrap", [lambda text: text, lambda text: {"a": [text]}, lambda text: (text,), lambda text: {text}]
)
def test_every_string_is_cut_however_deep_it_lies(wrap):
    event = cut(path=wrap("x" * 65_000))
    assert str(event).count("x") == 199
    assert "x…" in str(event)


def test_of_lists_and_objects_so_many_items_are_told_and_so_deep():
    event = cut(many=list(range(1000)), keys={"k" * 300: 1, 2: 3}, deep=[[[[[1]]]]], error=ValueError("v" * 300))
    assert event["many"] == list(range(50))
    assert [len(key) for key in event["keys"]] == [200, 1]
    assert event["deep"] == [[[["[1]"]]]]
    assert (event["error"][:13], len(event["error"])) == ("ValueError('v", 200)


@pytest.mark.parametrize("forged", ["a\nb", "\x1b[31mred", "\x9b31m", "a\rb", "\u2028", "\u202etxt", "\ud800", "\x00"])
def test_no_control_character_reaches_a_line(forged):
    event = cut(why=forged, nested={forged: [forged]})
    assert "".join(map(str, (event["why"], *event["nested"], *event["nested"].values()))).isprintable()


def test_a_stack_keeps_its_lines_its_start_and_most_of_its_end():
    event = cut(exception="Traceback\n  File\nValueError: \x1b[31m")
    assert event["exception"] == "Traceback\n  File\nValueError: \\x1b[31m"
    long = cut(exception="start\n" + "x\n" * 50_000 + "end")["exception"]
    assert (long.startswith("start\n"), long.endswith("\nend"), len(long)) == (True, True, 10_003)


def test_what_the_operator_wrote_is_told_whole():
    settings = {"allowed_origins": ["https://a.example"] * 100, "app_name": "x" * 300}
    assert cut(settings=settings)["settings"] is settings


def line(event="connection.opened", level=INFO, address="203.0.113.7", **fields):
    address = {} if address is None else {"client_address": address}
    return level, {
        "timestamp": "t",
        "level": {20: "info", 30: "warning", 40: "error"}[level],
        "event": event,
        **address,
        **fields,
    }


@pytest.fixture
def limiter(monkeypatch):
    monkeypatch.setattr(log_limits, "LINES_PER_MINUTE", 3)
    monkeypatch.setattr(log_limits, "REFUSALS_PER_MINUTE", 1)
    return LineLimiter(now=0)


def told(entries):
    return [(level, event["event"], event.get("client_address"), event.get("times")) for level, event in entries]


def test_of_one_event_and_address_so_many_lines_pass_and_the_rest_is_told_when_the_minute_is_over(limiter):
    assert len(limiter.passed([line()] * 5, 0)) == 3
    assert len(limiter.passed([line("connection.closed"), line(address="198.51.100.7")], 1)) == 2
    assert limiter.passed([line()], MINUTE_SECONDS - 1) == []
    after = limiter.passed([line()], MINUTE_SECONDS)
    assert told(after) == [
        (INFO, "connection.opened", "203.0.113.7", 3),
        (INFO, "connection.opened", "203.0.113.7", None),
    ]
    assert after[0][1]["level"] == "info"
    assert after[0][1]["timestamp"].endswith("Z")
    assert told(limiter.passed([], 2 * MINUTE_SECONDS)) == []


@pytest.mark.parametrize("refusal", [line(level=WARNING), line(level=ERROR), line(status=404), line(status=500)])
def test_of_refusals_fewer_pass(limiter, refusal):
    assert limiter.passed([refusal] * 5, 0) == [refusal]


def test_a_reply_with_a_word_for_its_status_is_no_refusal(limiter):
    assert len(limiter.passed([line(status="done"), line(status=304), line(status="error")], 0)) == 3


def test_a_refusal_that_is_left_out_takes_no_place_of_what_went_well(limiter):
    assert (
        len(limiter.passed([*[line("http.request", status=404)] * 5, *[line("http.request", status=200)] * 5], 0)) == 4
    )


def test_what_no_stranger_causes_passes_always(limiter):
    quiet = [line("redis.lost", ERROR, None)] * 5 + [line("Started", INFO, None, logger="uvicorn.error")] * 5
    assert limiter.passed(quiet, 0) == quiet


def test_warnings_of_the_server_are_counted_too_though_they_name_no_address(limiter):
    invalid = line("Invalid HTTP request received.", WARNING, None, logger="uvicorn.error")
    assert limiter.passed([invalid] * 5, 0) == [invalid]
    assert told(limiter.left_out(1)) == [(WARNING, "Invalid HTTP request received.", None, 4)]


def test_one_site_of_ipv6_is_one_address(limiter):
    lines = [line(address=f"2001:db8::{number}") for number in range(5)]
    others = [line(address=address) for address in ("2001:db8:0:1::1", "fe80::1%eth0", "a:b")]
    assert len(limiter.passed([*lines, *others], 0)) == 6
    assert told(limiter.left_out(1)) == [(INFO, "connection.opened", "2001:db8::/64", 2)]


def test_ipv4_is_told_apart_where_the_listener_is_ipv6(limiter):
    lines = [line(address=f"::ffff:192.0.2.{number}") for number in range(5)]
    assert limiter.passed(lines, 0) == lines


def test_of_more_addresses_than_are_counted_the_others_are_one(limiter, monkeypatch):
    monkeypatch.setattr(tally, "MAX_KEYS", 2)
    lines = [line(address=f"192.0.2.{number}") for number in range(10)]
    lines += [line(f"error {number}", WARNING, None, logger="asyncio") for number in range(3)]
    assert len(limiter.passed(lines, 0)) == 2 + 3 + 1
    assert told(limiter.left_out(1)) == [(INFO, "connection.opened", "others", 5), (WARNING, "others", None, 2)]


def test_it_is_waited_for_the_end_of_the_minute_only_where_something_was_left_out(limiter):
    limiter.passed([line()] * 3, 0)
    assert limiter.seconds_left(10) is None
    limiter.passed([line()], 10)
    assert (limiter.seconds_left(20), limiter.seconds_left(2 * MINUTE_SECONDS)) == (MINUTE_SECONDS - 20, 0)
    list(limiter.left_out(MINUTE_SECONDS))
    assert limiter.seconds_left(MINUTE_SECONDS) is None
