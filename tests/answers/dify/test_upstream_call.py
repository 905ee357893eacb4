"""One call of Dify's chat-messages: what begins it, and the stop that Dify is owed."""

import asyncio
import json

import aiohttp
import pytest

from service.answers.base import BrokenAnswer, Identity, Question, Text
from service.answers.dify import upstream_call
from service.answers.dify.upstream_call import MAX_ABANDONED, TRIES_AFTER_LEAVING, State, Upstream, UpstreamCall
from service.answers.failures import BROKEN_OFF
from tests.conftest import PATIENCE_SECONDS, eventually, logged


def event(kind="message", **fields):
    data = {"event": kind, "task_id": "t", "message_id": "m"} | fields
    return f"data: {json.dumps(data)}\n\n".encode()


WORD = event(answer="Hi")
END = event("message_end")
PING = b"event: ping\n\n"
IDENTITY = Identity("dify", None, "m", task_id="t")
STOP = ("chat-messages/t/stop", {"user": "user"})


class Events:
    """What Dify writes; None is its end, and an exception is raised."""

    def __init__(self):
        self.queue = asyncio.Queue()
        self.is_open = True
        self.is_closed = False

    async def read(self):
        chunk = await self.queue.get()
        if chunk is None or isinstance(chunk, Exception):
            self.is_open = False
        if isinstance(chunk, Exception):
            raise chunk
        return chunk or b""

    def close(self):
        self.is_closed = True
        self.is_open = False


class Client:
    """`asked` is what was posted; `statuses` are of the replies to the next stops, or what they raise."""

    def __init__(self):
        self.stream = Events()
        self.asked = []
        self.stops = []
        self.statuses = []

    def events(self, path, body):
        self.asked.append((path, body))
        return self.stream

    async def post_status(self, path, body, timeout):
        self.stops.append((path, body))
        status = self.statuses.pop(0) if self.statuses else 200
        if isinstance(status, Exception):
            raise status
        return status


@pytest.fixture
async def client():
    return Client()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(upstream_call, "FIRST_STOP_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(upstream_call, "LATE_SECONDS", 0.05)


@pytest.fixture
async def upstream(client):
    upstream = Upstream(client, PATIENCE_SECONDS)
    yield upstream
    await upstream.tasks.finish(within=1)


@pytest.fixture
def tasks(upstream):
    return upstream.tasks


@pytest.fixture
def call(upstream):
    return opened(upstream)


def opened(upstream):
    call = UpstreamCall(upstream, Question("Hi", "user"))
    call.open()
    return call


def read(call, *chunks):
    """What the one who reads the call does with each chunk."""
    return [part for chunk in chunks for part in call.parse(call.decode(chunk))]


QUESTION = {"query": "Hi", "inputs": {}, "user": "user", "response_mode": "streaming", "auto_generate_name": False}


@pytest.mark.parametrize(
    ("question", "more"),
    [
        (Question("Hi", "user"), {}),
        (Question("Hi", "user", conversation_id="c"), {"conversation_id": "c"}),
        (Question("Hi", "user", conversation_id=""), {}),
        (Question("Hi", "user", inputs={"a": 1}, files=[{"type": "image"}]),
         {"inputs": {"a": 1}, "files": [{"type": "image"}]}),
    ],
)  # fmt: skip
def test_the_question_is_asked_as_dify_wants_it(client, question, more):
    UpstreamCall(Upstream(client, 1), question).open()
    assert client.asked == [("chat-messages", QUESTION | more)]


def test_the_first_event_and_the_first_text_are_timed_once(call, monkeypatch):
    times = iter((10, 20, 30))
    monkeypatch.setattr("service.answers.dify.upstream_call.ms_since", lambda _: next(times))
    assert (call.state, call.first_event_ms, call.first_text_ms) == (State.OPENING, None, None)
    read(call, PING)
    assert (call.state, call.first_event_ms, call.first_text_ms) == (State.OPENING, None, None)
    read(call, event("workflow_started"))
    assert (call.state, call.first_event_ms, call.first_text_ms) == (State.STREAMING, 10, None)
    assert read(call, WORD) == [Text("Hi")]
    read(call, WORD)
    assert (call.first_event_ms, call.first_text_ms) == (10, 20)


def test_a_text_that_replaces_counts_as_the_first_too(call):
    read(call, event("message_replace", answer="Blocked."))
    assert call.first_text_ms is not None


async def test_a_task_that_is_told_after_the_first_words_is_known_too(call, client):
    assert read(call, event(task_id=None, message_id=None, answer="Hi")) == [Text("Hi")]
    assert call.state is State.OPENING
    assert read(call, WORD) == [IDENTITY, Text("Hi")]
    await call.stop()
    assert client.stops == [STOP]


async def test_a_stop_waits_until_the_task_is_known(call, client):
    stopping = asyncio.create_task(call.stop())
    await asyncio.sleep(0)
    assert (call.is_stop_wanted, client.stops) == (True, [])
    read(call, WORD)
    await stopping
    assert (client.stops, call.state) == ([STOP], State.STOPPING)


async def test_a_stop_that_was_accepted_is_not_sent_again(call, client, events):
    read(call, WORD)
    await asyncio.gather(call.stop(), call.stop())
    call.release(is_abandoned=True)
    await asyncio.sleep(0)
    assert (client.stops, call.state) == ([STOP], State.STOPPING)
    assert [(event["task_id"], event["tries"], event["status"]) for event in events] == [("t", 1, 200)]


@pytest.mark.parametrize("refusal", [500, aiohttp.ClientError("lost"), TimeoutError()])
async def test_a_stop_that_fails_is_tried_once_more(call, client, events, refusal):
    client.statuses = [refusal]
    read(call, WORD)
    await call.stop()
    assert (client.stops, call.state) == ([STOP] * 2, State.STOPPING)
    assert [(event["event"], event["log_level"]) for event in events] == [
        ("dify.stop_failed", "warning"), ("dify.stop_sent", "info"),
    ]  # fmt: skip


async def test_a_stop_is_tried_as_long_as_the_answer_is_read(call, client, events):
    client.statuses = [500] * 5
    read(call, WORD)
    await call.stop()
    assert (client.stops, call.state) == ([STOP] * 6, State.STOPPING)
    assert [event["tries"] for event in events] == [1, 2, 3, 4, 5, 6]


async def test_each_pause_before_another_stop_is_twice_as_long_up_to_five_seconds(call, client, monkeypatch):
    pauses = []

    async def pause(seconds, left):
        pauses.append(seconds)
        left.close()

    monkeypatch.setattr(upstream_call, "FIRST_STOP_PAUSE_SECONDS", 0.25)
    monkeypatch.setattr(upstream_call, "wait_within", pause)
    client.statuses = [500] * 7
    read(call, WORD)
    await call.stop()
    assert pauses == [0.25, 0.5, 1, 2, 4, 5, 5]


async def test_a_stop_is_tried_no_more_when_the_answer_ends(call, client):
    client.statuses = [500] * 100
    read(call, WORD)
    stopping = asyncio.create_task(call.stop())
    await eventually(lambda: client.stops)
    read(call, END)
    await stopping
    assert (call.state, len(client.stops) < 100) == (State.STREAMING, True)


@pytest.mark.parametrize("is_abandoned", [True, False])
async def test_a_stop_that_fails_is_tried_a_few_times_more_when_nobody_reads_on(call, client, tasks, is_abandoned):
    """Also where the stream ended without an end: Dify may be writing on."""
    client.statuses = [500] * 100
    read(call, WORD)
    if not is_abandoned:
        call.is_stop_wanted = True
    call.release(is_abandoned=is_abandoned)
    await tasks.finish(within=PATIENCE_SECONDS)
    assert (client.stops, call.state) == ([STOP] * TRIES_AFTER_LEAVING, State.STREAMING)


async def test_what_has_said_its_end_is_not_stopped(call, client, tasks):
    read(call, WORD, END)
    await call.stop()
    call.release(is_abandoned=True)
    await tasks.finish(within=PATIENCE_SECONDS)
    assert (client.stops, call.state, client.stream.is_closed) == ([], State.CLOSED, True)


async def test_what_ended_without_a_word_of_it_is_stopped_by_nobody_who_did_not_ask(call, client, tasks):
    read(call, WORD)
    call.release(is_abandoned=False)
    await tasks.finish(within=1)
    assert (client.stops, client.stream.is_closed) == ([], True)


async def test_the_end_of_the_stream_is_waited_for_so_that_its_connection_serves_again(call, client, tasks):
    read(call, WORD, END)
    call.release(is_abandoned=False)
    await asyncio.sleep(0)
    assert not client.stream.is_closed
    client.stream.queue.put_nowait(event("workflow_finished"))
    client.stream.queue.put_nowait(None)
    await tasks.finish(within=PATIENCE_SECONDS)
    assert (client.stream.queue.empty(), client.stream.is_closed, call.state) == (True, True, State.CLOSED)


async def test_a_stream_that_is_held_open_after_the_end_is_left(call, client, tasks):
    read(call, WORD, END)
    call.release(is_abandoned=False)
    await tasks.finish(within=PATIENCE_SECONDS)
    assert (client.stream.is_closed, call.state) == (True, State.CLOSED)


async def test_what_is_said_last_lacks_a_blank_line_and_is_read(call):
    assert read(call, WORD, b'data: {"event":"message","answer":"!"}') == [IDENTITY, Text("Hi")]
    assert call.finish() == [Text("!")]


async def test_what_nobody_reads_on_is_stopped(call, client, tasks):
    read(call, WORD)
    call.release(is_abandoned=True)
    await tasks.finish(within=1)
    assert (client.stops, client.stream.is_closed) == ([STOP], True)


@pytest.mark.parametrize("last", [None, aiohttp.ClientError()])
async def test_what_ended_before_its_task_was_known_cannot_be_stopped(call, client, last):
    client.stream.queue.put_nowait(last)
    await asyncio.gather(client.stream.read(), return_exceptions=True)
    stopping = asyncio.create_task(call.stop())
    await asyncio.sleep(0)
    call.release(is_abandoned=True)
    await stopping
    assert (client.stops, call.state, client.stream.is_closed) == ([], State.CLOSED, True)


async def test_what_begins_when_nobody_reads_any_more_is_stopped_then(call, client, tasks, events):
    call.release(is_abandoned=True)
    await asyncio.sleep(0)
    assert not client.stream.is_closed
    client.stream.queue.put_nowait(PING)
    client.stream.queue.put_nowait(WORD)
    await eventually(lambda: client.stops)
    await tasks.finish(within=1)
    assert (client.stops, client.stream.is_closed, logged(events, "dify.left_running")) == ([STOP], True, [])


@pytest.mark.parametrize("last", [None, aiohttp.ClientError()])
async def test_what_ends_without_ever_beginning_is_closed(call, client, tasks, events, last):
    call.release(is_abandoned=True)
    client.stream.queue.put_nowait(last)
    await tasks.finish(within=1)
    assert (client.stops, client.stream.is_closed, call.state, events) == ([], True, State.CLOSED, [])


async def test_what_never_begins_is_left_in_the_end_and_the_log_says_so(client, events):
    upstream = Upstream(client, max_seconds=0.02)
    call = opened(upstream)
    call.release(is_abandoned=True)
    await upstream.tasks.finish(within=PATIENCE_SECONDS)
    assert (client.stops, client.stream.is_closed, call.state) == ([], True, State.CLOSED)
    (left,) = events
    assert (left["event"], left["total_ms"] >= 19) == ("dify.left_running", True)


async def test_the_time_to_wait_for_it_counts_from_the_question(call, tasks):
    call.started_at -= 2 * PATIENCE_SECONDS
    call.release(is_abandoned=True)
    await asyncio.wait_for(tasks.finish(within=PATIENCE_SECONDS), PATIENCE_SECONDS / 2)
    assert call.state is State.CLOSED


async def test_only_so_many_are_read_on_to_learn_what_to_stop(client, events):
    upstream = Upstream(client, PATIENCE_SECONDS)
    for _ in range(MAX_ABANDONED + 1):
        opened(upstream).release(is_abandoned=True)
    await eventually(lambda: logged(events, "dify.left_running"))
    assert client.stream.is_closed
    client.stream.queue.put_nowait(None)
    await upstream.tasks.finish(within=0)


async def test_what_is_known_of_a_broken_answer_is_known_until_it_is_over(call):
    ids = {"conversation_id": "c"}
    assert call.broken(BROKEN_OFF) is None
    read(call, event("node_started", message_id=None))
    assert call.broken(BROKEN_OFF) is None
    read(call, event(answer="One ", **ids), event("message_replace", answer="Two "), event(answer="three."))
    identity = Identity("dify", "c", "m", task_id="t")
    assert call.broken(BROKEN_OFF) == BrokenAnswer(identity, "user", "Two three.", BROKEN_OFF)
    read(call, END)
    assert call.broken(BROKEN_OFF) is None


@pytest.mark.parametrize("fields", [{}, {"conversation_id": "c"}])
async def test_of_what_is_stopped_or_has_no_conversation_nothing_is_to_be_had(call, fields):
    read(call, event(answer="One ", **fields))
    call.is_stop_wanted = bool(fields)
    assert call.broken(BROKEN_OFF) is None
