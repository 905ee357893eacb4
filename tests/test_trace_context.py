"""traceparent, as W3C Trace Context has it: what is valid goes on, in the calls of Dify and in the log."""

import re

import pytest

from service import trace_context
from service.trace_context import Trace, outgoing_headers, trace_of
from tests.api import speech
from tests.conftest import logged

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
VALID = f"00-{TRACE}-{PARENT}-01"


def found(*values):
    return trace_of([(b"host", b"a"), *((b"traceparent", value.encode()) for value in values)])


@pytest.mark.parametrize("value", [VALID, f" {VALID}\t", f"cc-{TRACE}-{PARENT}-01", f"cc-{TRACE}-{PARENT}-01-more"])
def test_a_valid_header_is_taken_also_of_a_later_version(value):
    assert found(value) == Trace(TRACE, "01")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "no trace",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01-more",
        f"cc-{TRACE}-{PARENT}-01.more",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        VALID.upper(),
        f"{VALID}\n",
        f"00-{TRACE[1:]}-{PARENT}-01",
    ],
)
def test_what_is_not_valid_is_none(value):
    assert found(value) is None


def test_without_a_header_or_with_two_there_is_no_trace():
    assert (found(), found(VALID, VALID)) == (None, None)


def test_each_call_has_the_same_trace_and_a_parent_id_of_its_own():
    token = trace_context.current.set(Trace(TRACE, "01"))
    calls = [outgoing_headers()["traceparent"] for _ in range(2)]
    trace_context.current.reset(token)
    assert all(re.fullmatch(rf"00-{TRACE}-[0-9a-f]{{16}}-01", call) for call in calls)
    assert len({PARENT, *(call.split("-")[2] for call in calls)}) == 3


def test_without_a_trace_nothing_is_sent():
    assert outgoing_headers() == {}


async def test_the_trace_of_a_connection_goes_on_to_dify_and_into_the_log(with_dify, connect, dify, events):
    client = await connect(await with_dify(), headers={"traceparent": VALID})
    assert (await client.answer("Hello"))["status"] == "done"
    (sent,) = dify.traces
    assert sent.startswith(f"00-{TRACE}-")
    assert PARENT not in sent
    (finished,) = logged(events, "turn.finished")
    assert finished["trace_id"] == TRACE


async def test_the_trace_of_a_call_goes_on_to_dify(with_dify, call, dify, events):
    headers = {"traceparent": VALID}
    status, _ = await call(await with_dify(), "POST", "/api/audio-to-text", data=speech(), headers=headers)
    assert status == 200
    assert {trace.split("-")[1] for trace in dify.traces} == {TRACE}
    assert [event["trace_id"] for event in logged(events, "dify.called") if "trace_id" in event] == [TRACE]
