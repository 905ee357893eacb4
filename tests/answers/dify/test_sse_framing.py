"""Bytes to events, whatever the pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.answers.dify.event_fields import is_text
from service.answers.dify.sse_framing import HEAD_BYTES, EventTooLarge, SseDecoder
from tests import recordings

STREAMS = ["1s_basic_short", "1s_echo_unicode", "7_ping_basic_wait25", "3e_basic_failat5_streaming"]
NEWER = [name for name in recordings.names("1.14") if recordings.load(name).content_type.startswith("text/event")]


def decode(*pieces):
    decoder = SseDecoder()
    return [event for piece in pieces for event in decoder.feed(piece)]


@pytest.mark.parametrize("name", STREAMS)
def test_a_recording_gives_the_same_events_wherever_it_is_cut_in_two(name):
    body = recordings.load(name).body
    whole = decode(body)
    assert len(whole) > 5
    assert all(decode(body[:cut], body[cut:]) == whole for cut in range(len(body)))


@pytest.mark.slow
@pytest.mark.parametrize("name", NEWER)
def test_a_newer_recording_gives_the_same_events_wherever_it_is_cut_in_two(name):
    body = recordings.load(name).body
    whole = decode(body)
    assert whole
    assert all(decode(body[:cut], body[cut:]) == whole for cut in range(len(body)))


@pytest.mark.parametrize("name", [*STREAMS, *NEWER, "1s_agent_react", "1s_basic_unicode", "1s_branch_long"])
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


def test_the_end_of_the_stream_completes_an_event_that_lacks_its_blank_line():
    for ending in (b"", b"\n", b"\r\n"):
        decoder = SseDecoder()
        assert decoder.feed(b'data: {"a":1}' + ending) == []
        assert decoder.finish() == [b'{"a":1}']


@pytest.mark.parametrize("stream", [b'data: {"a":', b"event: ping\n", b"", b'data: {"a":1}\n\n', b': {"a":1}'])
def test_the_end_of_the_stream_completes_nothing_else(stream):
    decoder = SseDecoder()
    decoder.feed(stream)
    assert decoder.finish() == []


def test_a_byte_order_mark_before_the_stream_is_no_part_of_it():
    stream = b"\xef\xbb\xbfdata: a\n\ndata: b\n\n"
    assert decode(stream) == decode(*(bytes([byte]) for byte in stream)) == [b"a", b"b"]


def event(kind, size):
    return b'data: {"event": "%b", "task_id": "t", "outputs": "%b"}\n\n' % (kind, b"x" * size)


def pieces_of(stream, size):
    return [stream[start : start + size] for start in range(0, len(stream), size)]


@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
def test_a_large_event_that_is_no_text_is_truncated_and_the_next_one_is_whole(size):
    decoder = SseDecoder(max_event_bytes=100, is_text=is_text)
    stream = event(b"node_finished", 300) + event(b"message", 20)
    head, text = [event for piece in pieces_of(stream, size) for event in decoder.feed(piece)]
    assert head.startswith(b'{"event": "node_finished", "task_id": "t"')
    assert text == event(b"message", 20)[6:-2]


def test_an_event_that_never_ends_is_held_in_bounded_memory():
    decoder = SseDecoder(is_text=is_text)
    decoder.feed(event(b"node_finished", 2_000_000)[:-2])
    for _ in range(100):
        decoder.feed(b"x" * 1_000_000)
        decoder.feed(b"\ndata: " + b"y" * 100_000)
    assert sum(map(len, [*decoder._line, *decoder._data])) <= HEAD_BYTES + 10
    (head,) = decoder.feed(b"\n\n")
    assert head.startswith(b'{"event": "node_finished"')
    assert decoder.feed(b"data: a\n\n") == [b"a"]


def test_a_large_comment_is_nothing():
    decoder = SseDecoder(max_event_bytes=100)
    assert decoder.feed(b": " + b"x" * 300 + b"\n\ndata: a\n\n") == [b"a"]


@pytest.mark.parametrize("size", [50, 100_000])
def test_text_may_be_as_large_as_an_answer(size):
    decoder = SseDecoder(max_event_bytes=100, is_text=is_text, max_text_bytes=10_000)
    stream = event(b"agent_message", 9_000)
    assert [event for piece in pieces_of(stream, size) for event in decoder.feed(piece)] == [stream[6:-2]]


@pytest.mark.parametrize("size", [50, 100_000])
def test_text_that_is_larger_than_any_answer_is_refused_before_it_is_complete(size):
    decoder = SseDecoder(max_event_bytes=100, is_text=is_text, max_text_bytes=10_000)
    with pytest.raises(EventTooLarge):
        [decoder.feed(piece) for piece in pieces_of(event(b"message", 20_000)[:-2], size)]


def test_the_limit_is_of_one_event_not_of_the_stream():
    decoder = SseDecoder(max_event_bytes=100)
    assert len(decoder.feed((b"data: " + b"x" * 90 + b"\n\n") * 50)) == 50


def test_an_event_of_just_the_limit_is_one():
    """Its lines count whole, without their ends."""
    decoder = SseDecoder(max_event_bytes=10, is_text=lambda _: True, max_text_bytes=100)
    assert decoder.feed(b"data: " + b"x" * 94 + b"\n\n") == [b"x" * 94]
    assert decoder.feed(b"data: " + b"x" * 50 + b"\ndata:" + b"x" * 39 + b"\n\n") == [b"x" * 50 + b"\n" + b"x" * 39]
    assert decoder.feed(b"data: " + b"x" * 94) == []
    with pytest.raises(EventTooLarge):
        decoder.feed(b"x")


def test_what_is_kept_of_one_event_counts_for_none_after_it():
    decoder = SseDecoder(max_event_bytes=100)
    for _ in range(3):
        assert decoder.feed(b"data: " + b"x" * 50 + b"\n") == []
        assert decoder.feed(b"data: " + b"x" * 50 + b"\n\n") == [b"x" * 50 + b"\n" + b"x" * 50]


def test_a_line_that_is_not_complete_is_gone_on_with():
    decoder = SseDecoder()
    assert decoder.feed(b": ") == []
    assert decoder.feed(b"data: a\n\n") == []
    assert decoder.feed(b"data: b\n\n") == [b"b"]


def test_a_bom_is_none_but_at_the_beginning():
    decoder = SseDecoder()
    assert decoder.feed(b"\xef\xbb\xbfdata: a\n\n") == [b"a"]
    assert decoder.feed(b"\xef\xbb\xbfdata: b\n\n") == []


@pytest.mark.parametrize("chunks", [[40, b"10\n", 40], [b"45\n", b"45\n"], [b"45\ndata: 45\n"]])
def test_lines_count_together_however_they_come(chunks):
    def chunk(part):
        return b"data: " + b"x" * part if isinstance(part, int) else b"data: " + part.replace(b"45", b"x" * 45)

    decoder = SseDecoder(max_event_bytes=10, is_text=lambda _: True, max_text_bytes=100)
    chunks = [b"x" * 10 + b"\n" if part == b"10\n" else chunk(part) for part in chunks]
    with pytest.raises(EventTooLarge):
        [decoder.feed(each) for each in chunks]


def test_what_an_event_is_gets_asked_only_above_the_limit():
    asked = []
    decoder = SseDecoder(max_event_bytes=100, is_text=asked.append)
    decoder.feed(b"data: " + b"x" * 94)
    assert asked == []
    decoder.feed(b"x")
    assert len(asked) == 1
    assert sum(map(len, decoder._line)) <= 2
