"""One call of Dify's chat-messages: what begins it, and the stop that Dify is owed."""

import asyncio
import json

import aiohttp
import pytest

from service.answers.base import Identity, Question, Text
from service.answers.dify.upstream_call import STOP_TRIES, State, UpstreamCall
from service.tasks import Tasks
from tests.conftest import PATIENCE_SECONDS, eventually, logged


def event(kind="message", **fields):
    data = {"event": kind, "task_id": "t", "message_id": "m"} | fields
    return f"data: {json.dumps(data)}\n\n".encode()


WORD = event(answer="Hi")
END = event("message_end")
PING = b"event: ping\n\n"
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


@pytest.fixture
async def tasks():
    tasks = Tasks()
    yield tasks
    await tasks.finish(within=1)


@pytest.fixture
def call(client, tasks):
    call = UpstreamCall(client, tasks, Question("Hi", "user"), PATIENCE_SECONDS)
    call.open()
    return call


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
    UpstreamCall(client, Tasks(), question, 1).open()
    assert client.asked == [("chat-messages", QUESTION | more)]


def test_the_first_event_and_the_first_text_are_timed_once(call, monkeypatch):
    times = iter((10, 20, 30, 40))
    monkeypatch.setattr("service.answers.dify.upstream_call.ms_since", lambda _: next(times))
    assert (call.state, call.first_event_ms, call.first_text_ms) == (State.OPENING, None, None)
    call.parse(PING)
    assert (call.state, call.first_event_ms, call.first_text_ms) == (State.OPENING, 10, None)
    call.parse(event("workflow_started"))
    assert (call.state, call.first_event_ms, call.first_text_ms) == (State.STREAMING, 10, None)
    assert call.parse(WORD) == [Text("Hi")]
    call.parse(WORD)
    assert (call.first_event_ms, call.first_text_ms) == (10, 30)


def test_a_text_that_replaces_counts_as_the_first_too(call):
    call.parse(event("message_replace", answer="Blocked."))
    assert call.first_text_ms is not None


async def test_a_task_that_is_told_after_the_first_words_is_known_too(call, client):
    assert call.parse(event(task_id=None, message_id=None, answer="Hi")) == [Text("Hi")]
    assert call.state is State.OPENING
    assert call.parse(WORD) == [Identity("dify", None, "m"), Text("Hi")]
    await call.stop()
    assert client.stops == [STOP]


async def test_a_stop_waits_until_the_task_is_known(call, client):
    stopping = asyncio.create_task(call.stop())
    await asyncio.sleep(0)
    assert (call.is_stop_wanted, client.stops) == (True, [])
    call.parse(WORD)
    await stopping
    assert (client.stops, call.state) == ([STOP], State.STOPPING)


async def test_a_stop_that_was_accepted_is_not_sent_again(call, client, events):
    call.parse(WORD)
    await asyncio.gather(call.stop(), call.stop())
    call.release()
    await asyncio.sleep(0)
    assert (client.stops, call.state) == ([STOP], State.STOPPING)
    assert [(event["task_id"], event["tries"], event["status"]) for event in events] == [("t", 1, 200)]


@pytest.mark.parametrize("refusal", [500, aiohttp.ClientError("lost"), TimeoutError()])
async def test_a_stop_that_fails_is_tried_once_more(call, client, events, refusal):
    client.statuses = [refusal]
    call.parse(WORD)
    await call.stop()
    assert (client.stops, call.state) == ([STOP] * 2, State.STOPPING)
    assert [(event["event"], event["log_level"]) for event in events] == [
        ("dify.stop_failed", "warning"), ("dify.stop_sent", "info"),
    ]  # fmt: skip


async def test_a_stop_that_fails_again_and_again_is_tried_anew_when_nobody_reads_on(call, client, tasks):
    client.statuses = [500] * STOP_TRIES
    call.parse(WORD)
    await call.stop()
    assert (len(client.stops), call.state) == (STOP_TRIES, State.STREAMING)
    call.release()
    await tasks.finish(within=1)
    assert (len(client.stops), call.state) == (STOP_TRIES + 1, State.STOPPING)


async def test_what_has_said_its_end_is_not_stopped(call, client, tasks):
    call.parse(WORD)
    call.parse(END)
    await call.stop()
    call.release()
    await tasks.finish(within=1)
    assert (client.stops, call.state, client.stream.is_closed) == ([], State.CLOSED, True)


async def test_what_nobody_reads_on_is_stopped(call, client, tasks):
    call.parse(WORD)
    call.release()
    await tasks.finish(within=1)
    assert (client.stops, client.stream.is_closed) == ([STOP], True)


@pytest.mark.parametrize("last", [None, aiohttp.ClientError()])
async def test_what_ended_before_its_task_was_known_cannot_be_stopped(call, client, last):
    client.stream.queue.put_nowait(last)
    await asyncio.gather(client.stream.read(), return_exceptions=True)
    stopping = asyncio.create_task(call.stop())
    await asyncio.sleep(0)
    call.release()
    await stopping
    assert (client.stops, call.state, client.stream.is_closed) == ([], State.CLOSED, True)


async def test_what_begins_when_nobody_reads_any_more_is_stopped_then(call, client, tasks, events):
    call.release()
    await asyncio.sleep(0)
    assert not client.stream.is_closed
    client.stream.queue.put_nowait(PING)
    client.stream.queue.put_nowait(WORD)
    await eventually(lambda: client.stops)
    await tasks.finish(within=1)
    assert (client.stops, client.stream.is_closed, logged(events, "dify.left_running")) == ([STOP], True, [])


@pytest.mark.parametrize("last", [None, aiohttp.ClientError()])
async def test_what_ends_without_ever_beginning_is_closed(call, client, tasks, events, last):
    call.release()
    client.stream.queue.put_nowait(last)
    await tasks.finish(within=1)
    assert (client.stops, client.stream.is_closed, call.state, events) == ([], True, State.CLOSED, [])


async def test_what_never_begins_is_left_in_the_end_and_the_log_says_so(client, tasks, events):
    call = UpstreamCall(client, tasks, Question("Hi", "user"), max_seconds=0.02)
    call.open()
    call.release()
    await tasks.finish(within=PATIENCE_SECONDS)
    assert (client.stops, client.stream.is_closed, call.state) == ([], True, State.CLOSED)
    (left,) = events
    assert (left["event"], left["total_ms"] >= 19) == ("dify.left_running", True)


async def test_the_time_to_wait_for_it_counts_from_the_question(client, tasks):
    call = UpstreamCall(client, tasks, Question("Hi", "user"), max_seconds=PATIENCE_SECONDS)
    call.started_at -= 2 * PATIENCE_SECONDS
    call.open()
    call.release()
    await asyncio.wait_for(tasks.finish(within=PATIENCE_SECONDS), PATIENCE_SECONDS / 2)
    assert call.state is State.CLOSED
