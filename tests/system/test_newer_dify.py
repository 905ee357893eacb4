"""What Dify 1.13 and 1.14 do otherwise than Dify 1.12 did, over real sockets."""

import asyncio
import time
import tracemalloc

import pytest

from tests import fake_dify, fake_workflows
from tests.conftest import eventually
from tests.fake_workflows import asking_human, failing, moderated, refusing, saying, saying_until

HELD_SECONDS = 20
"""A Dify that holds its streams open for longer than a busy machine takes for anything."""


@pytest.fixture(autouse=True)
def held_for_long(monkeypatch):
    for module in (fake_dify, fake_workflows):
        monkeypatch.setattr(module, "HELD_SECONDS", HELD_SECONDS)


def logged(events, name):
    return [event for event in events if event["event"] == name]


def errors(events):
    return [event for event in events if event["log_level"] == "error"]


@pytest.fixture
def no_pauses(monkeypatch):
    monkeypatch.setattr("service.answers.resilience.retry.FIRST_PAUSE_SECONDS", 0.01)


# A person in the loop.


@pytest.mark.parametrize("words", [("Draft: ", "so far."), ()])
async def test_a_pause_is_an_end_that_nothing_follows(with_dify, dify, connect, events, words):
    dify.plays(fake_dify.flow(asking_human(*words, token="t0")))
    service = await with_dify(dify_breaker_failures=1)
    client = await connect(service)
    answer = await client.answer("Please", stream=True)
    assert (answer["status"], answer["reason"], answer["source"]) == ("paused", "waiting_for_human", "dify")
    assert answer["content"] == "".join(words)
    assert (await client.answer("Again"))["status"] == "paused"  # the circuit is closed
    await client.say({"type": "stop"})
    await client.leave()
    await service.stop()
    assert (len(dify.questions), dify.stops, errors(events)) == (2, [], [])
    assert [event["run_id"] for event in logged(events, "dify.paused")] == [run.id for run in dify.workflows.runs]


async def test_a_paused_run_goes_on_when_its_form_is_submitted(with_dify, dify, connect, http):
    dify.plays(fake_dify.flow(asking_human("Draft.", token="t0")))
    client = await connect(await with_dify())
    await client.answer("Please")
    (run,) = dify.workflows.runs
    body = {"inputs": {"comment": "good"}, "action": "approve", "user": run.user}
    headers = {"Authorization": f"Bearer {fake_dify.KEY}"}
    for status in (200, 412):
        async with http.post(f"{dify.url}/form/human_input/t0", json=body, headers=headers) as response:
            assert response.status == status
    await eventually(lambda: run.is_over)
    assert (run.status, run.answer) == ("succeeded", "Draft.Approved.")


async def test_a_form_that_goes_out_by_email_is_a_pause_too(with_dify, dify, connect):
    dify.plays(fake_dify.flow(asking_human("Draft.", form_content=None, inputs=None, actions=None)))
    client = await connect(await with_dify())
    assert (await client.answer("Please"))["status"] == "paused"


# What is not known.


async def test_an_end_that_is_not_known_keeps_its_words_and_is_never_stopped(with_dify, dify, connect, events):
    dify.plays(fake_dify.events(("message", {"answer": "Some words"}), ("workflow_handed_over", {"data": {}})))
    service = await with_dify()
    client = await connect(service)
    answer = await client.answer("Hello", stream=True)
    assert (answer["status"], answer["source"], answer["content"]) == ("incomplete", "dify", "Some words")
    await service.stop()
    assert dify.stops == []
    (failed,) = logged(events, "dify.failed")
    assert (failed["last_event"], failed["unknown_events"]) == ("workflow_handed_over", ["workflow_handed_over"])


async def test_new_events_amid_an_answer_are_named_in_the_log(with_dify, dify, connect, events):
    new = [("reasoning_started", {}), ("message", {"answer": "Hi"}), ("reasoning_started", {}), ("message_end", {})]
    dify.plays(fake_dify.events(*new))
    client = await connect(await with_dify())
    assert (await client.answer("Hello"))["status"] == "done"
    assert logged(events, "dify.answered")[0]["unknown_events"] == ["reasoning_started"]


BROKEN = [
    fake_dify.reset_after("Some ", "words"),
    fake_dify.events(("message", {"answer": "Some words"})),
    fake_dify.flow(failing("Some words")),
    fake_dify.events(("message", {"answer": "Some words"}), ("error", {"message": "No."})),
]


@pytest.mark.parametrize("scene", BROKEN)
async def test_what_breaks_by_itself_is_not_stopped(with_dify, dify, connect, scene):
    dify.plays(scene)
    service = await with_dify()
    client = await connect(service)
    assert (await client.answer("Hello"))["status"] == "incomplete"
    await service.stop()
    assert dify.stops == []


# When an answer is over, it is over.


async def timed(client, **fields):
    started_at = time.monotonic()
    answer = await client.answer("Hello", **fields)
    return answer, time.monotonic() - started_at


@pytest.mark.parametrize("scene", [fake_dify.flow(moderated("Not that.")), fake_dify.replay("1.14/1s_flow_modin")])
async def test_an_answer_ends_for_the_client_though_dify_holds_its_stream_open(with_dify, dify, connect, scene):
    dify.plays(scene)
    client = await connect(await with_dify())
    answer, seconds = await timed(client)
    assert (answer["status"], answer["usage"]["total_tokens"]) == ("done", 0)
    assert seconds < HELD_SECONDS / 2
    assert dify.finished == 0


async def test_the_end_is_told_in_the_moment_in_which_dify_tells_it(with_dify, dify, connect):
    async def goes_on(stage):
        await fake_dify.say("All.")(stage)
        while not stage.dify.released.is_set():
            await stage.write(b"event: ping\n\n")
            await asyncio.sleep(0.02)

    dify.plays(goes_on)
    client = await connect(await with_dify())
    assert (await client.answer("Hello"))["content"] == "All."
    assert dify.finished == 0


def in_another_order(pause):
    async def scene(stage):
        await stage.open()
        await stage.event("workflow_started", workflow_run_id="r")
        await stage.event("message", answer="All.")
        await stage.event("workflow_finished", data={"status": "succeeded"})
        await asyncio.sleep(pause)
        await stage.end()
        await stage.held()

    return scene


async def test_usage_that_comes_late_is_waited_for_a_moment(with_dify, dify, connect):
    dify.plays(in_another_order(0.05))
    client = await connect(await with_dify())
    assert (await client.answer("Hello"))["usage"] == {"total_tokens": 3}


async def test_usage_that_does_not_come_is_not_waited_for_long(with_dify, dify, connect):
    dify.plays(in_another_order(HELD_SECONDS))
    client = await connect(await with_dify())
    answer, seconds = await timed(client)
    assert (answer["status"], answer["content"], "usage" in answer) == ("done", "All.", False)
    assert seconds < HELD_SECONDS / 2


async def test_who_asks_for_events_hears_the_last_one_in_the_order_of_1_14(with_dify, dify, connect):
    dify.plays(fake_dify.replay("1.14/1s_flow", pause=0.005))
    client = await connect(await with_dify())
    await client.ask("Hello", stream=True, events=True)
    steps = [frame["event"] for frame in await client.frames_until_end() if frame["type"] == "chat_event"]
    assert (steps[0], steps[-1]) == ("workflow_started", "workflow_finished")


async def test_a_connection_that_dify_holds_open_is_dropped(with_dify, dify, connect):
    transports = []

    async def scene(stage):
        transports.append(stage.request.transport)
        await fake_dify.say("All.")(stage)
        await stage.held()

    dify.plays(scene)
    client = await connect(await with_dify())
    await client.answer("Hello")
    await eventually(transports[0].is_closing)


def speaks(*pauses, ends=True):
    async def scene(stage):
        await fake_dify.say("All.")(stage)
        for pause in pauses:
            await asyncio.sleep(pause)
            await stage.event("tts_message", audio="SUQz")
        if ends:
            await stage.event("tts_message_end", audio="")
        await stage.held()

    return scene


@pytest.mark.parametrize(
    ("scene", "pieces", "end"), [(speaks(0.05, 0.35), 2, [(2, "")]), (speaks(0.05, ends=False), 1, [])]
)
async def test_speech_is_taken_until_its_end_or_a_silence_and_its_end_is_told(
    with_dify, dify, connect, monkeypatch, scene, pieces, end
):
    monkeypatch.setattr("service.answers.dify.answerer.SPEECH_SILENCE_SECONDS", 0.6)
    dify.plays(scene)
    dify.parameters["text_to_speech"]["autoPlay"] = "enabled"
    client = await connect(await with_dify())
    started_at = time.monotonic()
    await client.ask("Hello", stream=True, audio=True)
    frames = await client.frames_until_end()
    audio = [(frame["number"], frame["content"]) for frame in frames if frame["type"] == "chat_audio"]
    assert audio == [*((number, "SUQz") for number in range(pieces)), *end]
    assert frames[-1]["status"] == "done"
    assert time.monotonic() - started_at < HELD_SECONDS


async def test_an_app_that_does_not_speak_is_not_waited_for(with_dify, dify, connect, monkeypatch):
    monkeypatch.setattr("service.answers.dify.answerer.SPEECH_SILENCE_SECONDS", HELD_SECONDS)
    dify.plays(speaks(ends=False))
    service = await with_dify()
    client = await connect(service)
    started_at = time.monotonic()
    await client.ask("Hello", stream=True, audio=True)
    assert (await client.frames_until_end())[-1]["status"] == "done"
    assert time.monotonic() - started_at < HELD_SECONDS / 2


# The caller's own mistakes.

MISTAKES = [
    "name is required in input form",
    "level in input form must be one of the following: ['low', 'high']",
    "(type 'text-input') name in input form must be a string",
    "city in input form must be less than 5 characters",
    "Invalid upload file",
    "Invalid upload file id format",
    "File validation failed for file: a.exe",
    "Number of files exceeds the maximum limit 3",
    "transfer_method is required in file mapping",
]


@pytest.mark.parametrize("words", MISTAKES)
async def test_a_mistake_is_told_at_once_and_counts_for_nothing(with_dify, dify, connect, events, words):
    dify.plays(fake_dify.flow(refusing(words)))
    client = await connect(await with_dify(dify_breaker_failures=1))
    for _ in range(2):
        error, seconds = await timed(client)
        assert (error["type"], error["reason"]) == ("error", "invalid")
        assert seconds < HELD_SECONDS / 2
    assert (len(dify.questions), dify.stops, errors(events)) == (2, [], [])
    assert words not in repr([event for event in events if event["log_level"] != "debug"])


async def test_what_is_no_mistake_of_the_caller_s_is_a_server_error(with_dify, dify, connect):
    dify.plays(fake_dify.flow(refusing("(psycopg2.OperationalError) server closed the connection")))
    client = await connect(await with_dify(degrade_to_mock=False))
    assert (await client.answer("Hello"))["reason"] == "server_error"


async def test_a_run_that_we_stopped_is_no_failure(with_dify, dify, connect, events):
    dify.plays(fake_dify.flow(saying(*("word " for _ in range(1000)), pause=0.01)))
    client = await connect(await with_dify())
    await client.ask("Hello", stream=True)
    await client.frame()
    await client.say({"type": "stop"})
    assert (await client.frames_until_end())[-1]["status"] == "stopped"
    await eventually(lambda: logged(events, "dify.answered"))
    assert (len(dify.stops), errors(events), dify.workflows.runs[0].status) == (1, [], "failed")


async def test_a_stop_is_tried_as_long_as_its_stream_is_read(with_dify, dify, connect, events, monkeypatch):
    monkeypatch.setattr("service.answers.dify.upstream_call.LONGEST_STOP_PAUSE_SECONDS", 0.02)
    dify.stop_statuses = [503] * 10
    dify.plays(fake_dify.until_stopped("Some "))
    client = await connect(await with_dify())
    await client.ask("Hello", stream=True)
    await client.frame()
    await client.say({"type": "stop"})
    await eventually(lambda: logged(events, "dify.answered"))
    assert [event["tries"] for event in logged(events, "dify.stop_failed")] == list(range(1, 11))
    assert [event["tries"] for event in logged(events, "dify.stop_sent")] == [11]


async def test_what_ends_by_itself_is_stopped_no_more(with_dify, dify, connect, events, monkeypatch):
    monkeypatch.setattr("service.answers.dify.upstream_call.LONGEST_STOP_PAUSE_SECONDS", 0.02)
    dify.stop_statuses = [503] * 1000
    dify.plays(fake_dify.until_stopped("Some "))
    client = await connect(await with_dify())
    await client.ask("Hello", stream=True)
    await client.frame()
    await client.say({"type": "stop"})
    await eventually(lambda: len(dify.stops) > 5)
    dify.release()
    await eventually(lambda: logged(events, "dify.answered"))
    sent = len(dify.stops)
    await asyncio.sleep(0.1)
    assert len(dify.stops) <= sent + 1


# Pings are no progress.


async def pings(stage):
    await stage.open()
    await ping_on(stage)


async def ping_on(stage):
    while not stage.dify.released.is_set():
        await stage.write(b"event: ping\n\n")
        await asyncio.sleep(0.02)


async def test_the_first_event_is_one_with_data(with_dify, dify, connect):
    dify.plays(pings)
    client = await connect(await with_dify(dify_first_event_timeout=0.3, degrade_to_mock=False))
    assert (await client.answer("Hello"))["reason"] == "first_event_timeout"
    dify.released.set()


async def test_the_time_to_the_first_event_is_measured_to_one_with_data(with_dify, dify, connect, events):
    async def scene(stage):
        await stage.open()
        await stage.write(b"event: ping\n\n")
        await asyncio.sleep(0.2)
        await stage.event("message", answer="Hi")
        await stage.end()

    dify.plays(scene)
    client = await connect(await with_dify())
    await client.answer("Hello")
    assert logged(events, "dify.answered")[0]["first_event_ms"] >= 190


async def test_a_long_silence_amid_pings_ends_an_answer_and_dify_is_told(with_dify, dify, connect):
    async def falls_silent(stage):
        await stage.open()
        await stage.event("message", answer="Some words")
        await ping_on(stage)

    dify.plays(falls_silent)
    client = await connect(await with_dify(dify_silence_timeout=0.3))
    answer = await client.answer("Hello", stream=True)
    assert (answer["status"], answer["reason"], answer["content"]) == ("incomplete", "stalled", "Some words")
    await eventually(lambda: len(dify.stops) == 1)


async def test_a_silence_amid_pings_that_is_shorter_is_waited_out(with_dify, dify, connect):
    async def thinks(stage):
        await stage.open()
        await stage.event("message", answer="Let me see. ")
        for _ in range(15):
            await stage.write(b"event: ping\n\n")
            await asyncio.sleep(0.02)
        await stage.event("message", answer="Here.")
        await stage.end()

    dify.plays(thinks)
    client = await connect(await with_dify(dify_silence_timeout=2, dify_idle_timeout=0.25))
    assert (await client.answer("Hello"))["content"] == "Let me see. Here."


# Dify's own queue.


@pytest.fixture
def queued_early(monkeypatch):
    monkeypatch.setattr("service.answers.dify.timeouts.QUEUED_AFTER_SECONDS", 0.1)


async def writing(service, dify, connect):
    """A client whose answer is being written, and what ends it; a later question waits, and is then answered."""
    release = asyncio.Event()
    dify.plays(fake_dify.flow(saying_until(release, "word ")), fake_dify.flow(saying("Here.")))
    client = await connect(service)
    await client.ask("Hello", stream=True)
    await client.frame()
    return client, release


@pytest.mark.usefixtures("queued_early")
async def test_questions_that_wait_in_dify_s_queue_are_all_answered(with_dify, dify, connect, events):
    service = await with_dify(dify_breaker_failures=1, dify_max_concurrency=10)
    first, release = await writing(service, dify, connect)
    waiting = [await connect(service) for _ in range(5)]
    for client in waiting:
        await client.ask("Hello", id="q2")
    notices = [await client.frame() for client in waiting]
    assert {(notice["type"], notice["id"]) for notice in notices} == {("system", "q2")}
    release.set()
    answers = [(await client.frames_until_end())[-1] for client in (first, *waiting)]
    assert {(answer["status"], answer["source"]) for answer in answers} == {("done", "dify")}
    assert (len(dify.questions), dify.stops, errors(events)) == (6, [], [])


@pytest.mark.usefixtures("queued_early")
async def test_a_client_that_comes_back_hears_that_its_question_waits(with_dify, dify, connect):
    service = await with_dify()
    _, release = await writing(service, dify, connect)
    second = await connect(service)
    await second.ask("Hello", id="q2")
    assert (await second.frame())["type"] == "system"
    await second.leave()
    third = await connect(service)
    await third.say({"type": "resume", "token": second.greeting["resume_token"], "id": "q2"})
    assert (await third.frame())["id"] == "q2"
    release.set()
    assert (await third.frames_until_end())[-1]["content"] == "Here."


@pytest.mark.usefixtures("queued_early")
async def test_a_stop_ends_the_wait_in_dify_s_queue(with_dify, dify, connect):
    service = await with_dify()
    _, release = await writing(service, dify, connect)
    dify.plays(fake_dify.flow(saying_until(asyncio.Event(), "word ")))
    second = await connect(service)
    await second.ask("Hello", id="q2")
    await second.frame()
    await second.say({"type": "stop"})
    assert (await second.frames_until_end())[-1]["status"] == "stopped"
    assert dify.stops == []
    release.set()
    await eventually(lambda: [task for task, _ in dify.stops] == [dify.workflows.runs[1].task_id])


async def test_when_nothing_goes_on_any_more_the_waiting_are_silent_and_the_circuit_opens(
    with_dify, dify, connect, events
):
    async def dies(stage):
        await stage.open()
        await stage.event("message", answer="Some words")
        await ping_on(stage)

    dify.plays(dies, pings)
    settings = {"dify_first_event_timeout": 0.5, "dify_silence_timeout": 2, "dify_breaker_failures": 2}
    service = await with_dify(**settings, degrade_to_mock=False)
    first, *others = [await connect(service) for _ in range(3)]
    await first.ask("Hello", stream=True)
    await first.frame()
    for client in others:
        await client.ask("Hello")
    ends = [(await client.frames_until_end())[-1] for client in (first, *others)]
    assert [end["reason"] for end in ends] == ["stalled", "silent", "silent"]
    assert (await first.answer("Hello"))["reason"] == "circuit_open"
    dify.released.set()
    assert len(logged(events, "circuit.opened")) == 1


async def test_what_is_given_up_before_its_task_is_known_is_read_on_in_bounded_number(
    with_dify, dify, connect, events, monkeypatch
):
    monkeypatch.setattr("service.answers.dify.upstream_call.MAX_ABANDONED", 2)
    release = asyncio.Event()
    dify.plays(fake_dify.think_until(release, fake_dify.until_stopped("Late.")))
    service = await with_dify(dify_first_event_timeout=0.1, degrade_to_mock=False, dify_breaker_failures=9)
    client = await connect(service)
    for number in range(4):
        await client.ask("Hello", id=f"q{number}")
    ends = [await client.frame() for _ in range(4)]
    assert {end["reason"] for end in ends} == {"first_event_timeout"}
    assert len(logged(events, "dify.left_running")) == 2
    release.set()
    await eventually(lambda: len(dify.stops) == 2)


# What nobody needs never harms.


def answering(*between, ending=b"\n\n", before=b""):
    """A word, other bytes, another word, and an end whose blank line may be missing."""

    async def scene(stage):
        await stage.open()
        await stage.write(before)
        await stage.event("message", answer="One, ")
        for data in between:
            await stage.write(data)
        await stage.event("message", answer="two.")
        await stage.write(b'data: {"event":"message_end","metadata":{"usage":{"total_tokens":3}}}' + ending)

    return scene


def node_finished(size):
    return b'data: {"event":"node_finished","data":{"outputs":{"document":"%b"}}}\n\n' % (b"x" * size)


@pytest.mark.parametrize(
    "scene",
    [
        answering(node_finished(1_200_000)),
        answering(node_finished(20_000_000)),
        answering(*[node_finished(1_200_000)] * 5),
        answering(b'data: {"event":"ping","at":NaN}\n\n'),
        answering(b'data: {"event":"agent_log","data":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001 + b"\n\n"),
        answering(b": " + b"a comment " * 200_000 + b"\n\n"),
        answering(before=b"\xef\xbb\xbf"),
        answering(ending=b""),
        answering(ending=b"\n"),
    ],
)
async def test_no_word_is_lost(with_dify, dify, connect, scene):
    dify.plays(scene)
    client = await connect(await with_dify())
    answer = await client.answer("Hello")
    assert (answer["status"], answer["content"], answer["usage"]) == ("done", "One, two.", {"total_tokens": 3})


HALF_AN_EMOJI = rb'data: {"event":"message","answer":"\ud83d|\ude00"}' + b"\n\n"


async def test_half_an_emoji_costs_no_other_letter(with_dify, dify, connect):
    dify.plays(answering(HALF_AN_EMOJI))
    client = await connect(await with_dify())
    answer = await client.answer("Hello")
    assert (answer["status"], answer["content"]) == ("done", "One, ?|?two.")


END_OF_ANY_SHAPE = [
    (b'{"usage":{"total_tokens":NaN,"latency":Infinity}}', {"total_tokens": None, "latency": None}),
    (b'{"usage":{"total_tokens":3,"note":"\\ud83d"}}', {"total_tokens": 3, "note": "?"}),
    (b'{"usage":{"total_tokens":123456789012345678901234567890}}', {"total_tokens": 123456789012345678901234567890}),
    (b'{"usage":{"total_tokens":1e999}}', {"total_tokens": None}),
    (b'{"usage":{"a":{"b":[1,{"c":null}]}},"retriever_resources":{"a":1}}', {"a": {"b": [1, {"c": None}]}}),
    (b'{"usage":[3],"retriever_resources":"none"}', None),
    (b'{"usage":"three"}', None),
    (b'{"usage":null}', None),
    (b"[5]", None),
    (b"null", None),
    (b'"text"', None),
]


@pytest.mark.parametrize(("metadata", "usage"), END_OF_ANY_SHAPE)
async def test_usage_of_any_shape_costs_no_word(with_dify, dify, connect, metadata, usage):
    async def scene(stage):
        await stage.open()
        await stage.event("message", answer="All.")
        await stage.write(b'data: {"event":"message_end","metadata":' + metadata + b"}\n\n")

    dify.plays(scene)
    client = await connect(await with_dify())
    answer = await client.answer("Hello")
    assert (answer["status"], answer["content"], answer.get("usage")) == ("done", "All.", usage)
    assert "citations" not in answer


async def test_an_event_over_the_cap_is_skipped_in_bounded_memory(with_dify, dify, connect):
    megabyte = b"x" * 1_000_000

    async def scene(stage):
        await stage.open()
        await stage.event("message", answer="One, ")
        await stage.write(b'data: {"event":"node_finished","data":{"outputs":{"document":"')
        for _ in range(40):
            await stage.write(megabyte)
        await stage.write(b'"}}}\n\n')
        await stage.event("message", answer="two.")
        await stage.end()

    dify.plays(scene)
    client = await connect(await with_dify())
    await client.answer("Hello", id="warm")
    tracemalloc.start()
    try:
        assert (await client.answer("Hello"))["content"] == "One, two."
        assert tracemalloc.get_traced_memory()[1] < 15_000_000
    finally:
        tracemalloc.stop()


async def test_an_end_that_is_very_large_is_an_end(with_dify, dify, connect):
    async def scene(stage):
        await stage.open()
        await stage.event("message", answer="All.")
        outputs = {"document": "x" * 2_000_000}
        await stage.event("workflow_finished", data={"status": "succeeded", "outputs": outputs})
        await stage.end()

    dify.plays(scene)
    client = await connect(await with_dify())
    answer = await client.answer("Hello")
    assert (answer["status"], answer["content"], answer["usage"]) == ("done", "All.", {"total_tokens": 3})


@pytest.mark.parametrize("word", ["x", "é", "🙂"])
async def test_text_of_any_size_passes(with_dify, dify, connect, word):
    dify.plays(fake_dify.say(word * 999_000, "."))
    client = await connect(await with_dify(), max_msg_size=0)
    answer = await client.answer("Hello")
    assert (answer["status"], answer["content"]) == ("done", word * 999_000 + ".")


async def test_more_text_than_an_answer_may_have_is_too_long(with_dify, dify, connect):
    dify.plays(fake_dify.say("x" * 1_100_000))
    client = await connect(await with_dify(), max_msg_size=0)
    assert (await client.answer("Hello"))["reason"] == "too_long"


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
UNREADABLE = [
    b"HTTX/1.1 banana\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\nzzz\r\n",
    HEAD + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\nd\r\nevent: ping\n\n\r\n",
]


@pytest.mark.parametrize("reply", UNREADABLE)
async def test_a_reply_that_came_but_cannot_be_read_is_not_asked_for_again(start, connect, no_pauses, reply):
    questions = []

    async def answer(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        if b"chat-messages" in head:
            questions.append(head)
            writer.write(reply)
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        service = await start(dify_api_url=url, dify_api_key="k", mock_mode=False, degrade_to_mock=False)
        client = await connect(service)
        assert (await client.answer("Hello"))["reason"] in {"unreadable", "broken_off"}
        assert len(questions) == 1
