"""Bytes to events, whatever the pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.answers.dify.sse import EventTooLarge, SseDecoder
from tests import recordings

STREAMS = ["1s_basic_short", "1s_echo_unicode", "7_ping_basic_wait25", "3e_basic_failat5_streaming"]


def decode(*pieces):
    decoder = SseDecoder()
    return [event for piece in pieces for event in decoder.feed(piece)]


@pytest.mark.parametrize("name", STREAMS)
def test_a_recording_gives_the_same_events_wherever_it_is_cut_in_two(name):
    body = recordings.load(name).body
    whole = decode(body)
    assert len(whole) > 5
    assert all(decode(body[:cut], body[cut:]) == whole for cut in range(len(body)))


@pytest.mark.parametrize("name", [*STREAMS, "1s_agent_react", "1s_basic_unicode", "1s_branch_long"])
def test_a_recording_gives_the_same_events_byte_by_byte(name):
    body = recordings.load(name).body
    assert decode(*(bytes([byte]) for byte in body)) == decode(body)


@given(st.data())
def test_any_cutting_gives_the_same_events(data):
    body = recordings.load("1s_echo_unicode").body
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=40)))
    pieces = [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    assert decode(*pieces) == decode(body)


@given(st.lists(st.binary()))
def test_no_bytes_upset_the_decoder(pieces):
    for event in decode(*pieces):
        assert isinstance(event, bytes)


# The examples of WHATWG HTML, "Server-sent events": what an EventSource would dispatch.
@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: YHOO\ndata: +2\ndata: 10\n\n", [b"YHOO\n+2\n10"]),
        (b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
         [b"first event", b"second event", b" third event"]),
        (b"data\n\ndata:\ndata:\n\ndata:", [b"\n"]),
        (b"data:test\n\ndata: test\n\n", [b"test", b"test"]),
    ],
)  # fmt: skip
def test_the_examples_of_the_standard(stream, events):
    assert decode(stream) == events


def test_a_keep_alive_without_data_is_no_event():
    assert decode(b"event: ping\n\nevent: ping\n\ndata: x\n\n") == [b"x"]


def test_lines_may_end_in_carriage_return_and_line_feed():
    assert decode(b"data: a\r\n", b"\r\ndata: b\r", b"\n\r\n") == [b"a", b"b"]


def test_a_raw_line_separator_inside_the_data_ends_no_line():
    assert decode("data: a\u2028b\u0085c\n\n".encode()) == ["a\u2028b\u0085c".encode()]


def test_an_event_that_is_cut_off_by_the_end_is_no_event():
    assert decode(b"data: a\n\ndata: b\n") == [b"a"]


@pytest.mark.parametrize("pieces", [[b"data: " + b"x" * 200], [b"data: " + b"x" * 60 + b"\n"] * 2])
def test_an_event_past_the_limit_is_refused_before_it_is_whole(pieces):
    decoder = SseDecoder(max_event_bytes=100)
    with pytest.raises(EventTooLarge):
        [decoder.feed(piece) for piece in pieces]


def test_the_limit_is_of_one_event_not_of_the_stream():
    decoder = SseDecoder(max_event_bytes=100)
    assert len(decoder.feed((b"data: " + b"x" * 90 + b"\n\n") * 50)) == 50


def test_an_event_of_just_the_limit_is_one():
    decoder = SseDecoder(max_event_bytes=100)
    assert decoder.feed(b"data: " + b"x" * 100 + b"\n\n") == [b"x" * 100]
    assert decoder.feed(b"data: " + b"x" * 60 + b"\ndata:" + b"x" * 40 + b"\n\n") == [b"x" * 60 + b"\n" + b"x" * 40]
    assert decoder.feed(b"data: " + b"x" * 94) == []
    with pytest.raises(EventTooLarge):
        decoder.feed(b"x" * 6 + b"x\n")


def test_what_is_kept_of_one_event_counts_for_none_after_it():
    decoder = SseDecoder(max_event_bytes=100)
    for _ in range(3):
        assert decoder.feed(b"data: " + b"x" * 50 + b"\n") == []
        assert decoder.feed(b"data: " + b"x" * 50 + b"\n\n") == [b"x" * 50 + b"\n" + b"x" * 50]
