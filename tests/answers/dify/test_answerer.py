"""A question through the service to Dify and back, over real sockets."""

import asyncio
import base64

import pytest

from service.answers import failures
from service.chat.client_identity import owner_of
from tests import fake_dify
from tests.clients import text_of
from tests.conftest import eventually, logged
from tests.fake_dify import KEY

pytestmark = pytest.mark.usefixtures("quick_retries")
SHORT = "Token0 Token1 Token2 Token3 Token4 Token5 Token6 Token7 Token8 Token9\nToken10 Token11 "


async def test_the_question_reaches_dify_as_it_must(with_dify, dify, connect):
    client = await connect(await with_dify(), "/ws/chat/bed-7")
    await client.answer("How are you?", inputs={"name": "Ann"})
    assert dify.questions == [
        {
            "query": "How are you?",
            "inputs": {"name": "Ann"},
            "user": owner_of(client.greeting["resume_token"]).user,
            "response_mode": "streaming",
            "auto_generate_name": False,
        }
    ]


async def test_conversation_and_files_are_handed_on(with_dify, dify, connect):
    dify.parameters |= {"file_upload": {"enabled": True}}
    client = await connect(await with_dify())
    name = "5e0d5ba0-3c0f-4b5a-8d0a-7f6a3c1f0b11"
    file = {"type": "image", "transfer_method": "local_file", "upload_file_id": name}
    await client.answer("And this?", conversation_id=name, files=[file])
    assert (dify.questions[0]["conversation_id"], dify.questions[0]["files"]) == (name, [file])


async def test_an_empty_conversation_id_starts_a_new_one(with_dify, dify, connect):
    client = await connect(await with_dify())
    await client.answer("Hi", conversation_id="")
    assert "conversation_id" not in dify.questions[0]


async def test_ids_usage_and_source_come_with_the_answer(with_dify, dify, connect):
    dify.plays(fake_dify.replay("1s_basic_short"))
    client = await connect(await with_dify())
    answer = await client.answer("Hello")
    assert (answer["content"], answer["status"], answer["source"]) == (SHORT, "done", "dify")
    assert answer["conversation_id"] == "fbb009e4-2241-4c54-a76f-9e2a4d15c0fa"
    assert answer["message_id"] == "96fc2a13-4564-436c-a852-ede12dce3d16"
    assert answer["usage"]["total_tokens"] > 0


@pytest.mark.parametrize(
    ("name", "cut"),
    [
        ("1s_basic_unicode", None),
        ("1s_basic_unicode", fake_dify.all_at_once),
        ("1s_agent_react", None),
        ("1s_agent_react", fake_dify.all_at_once),
        ("1s_llmflow_short", None),
        pytest.param("1s_echo_unicode", fake_dify.byte_by_byte, marks=pytest.mark.slow),
    ],
)
async def test_every_kind_of_app_streams_its_text_however_the_network_cuts_it(with_dify, dify, connect, name, cut):
    dify.plays(fake_dify.replay(name, cut))
    client = await connect(await with_dify())
    await client.ask("Hello", stream=True)
    *deltas, answer = await client.frames_until_end()
    assert text_of(deltas) == answer["content"] != ""
    assert answer["status"] == "done"


async def test_text_that_arrives_in_one_read_leaves_in_one_frame(with_dify, dify, connect):
    dify.plays(fake_dify.replay("1s_basic_short", fake_dify.all_at_once))
    client = await connect(await with_dify())
    await client.ask("Hello", stream=True)
    frames = await client.frames_until_end()
    assert [frame["type"] for frame in frames] == ["chat_delta", "chat"]


async def test_the_first_word_is_here_before_the_last_has_left_dify(with_dify, dify, connect):
    dify.plays(fake_dify.until_stopped("First "))
    client = await connect(await with_dify())
    await client.ask("Hello", stream=True)
    assert (await client.frame())["content"] == "First "
    assert dify.finished == 0


async def test_a_withdrawn_answer_is_replaced_on_the_way(with_dify, dify, connect):
    dify.plays(fake_dify.replay("1s_moderated_output", pause=0.0005))
    client = await connect(await with_dify())
    await client.ask("Hello", stream=True)
    *deltas, answer = await client.frames_until_end()
    assert text_of(deltas) == answer["content"] == "Output blocked."
    assert [delta for delta in deltas if delta.get("replace")]


async def test_silence_with_keep_alives_is_waited_out(with_dify, dify, connect):
    dify.plays(fake_dify.replay("7_ping_basic_wait25", pause=0.15))
    client = await connect(await with_dify(dify_idle_timeout=1.5))
    assert (await client.answer("Hello"))["content"] == SHORT


REFUSED = [
    fake_dify.replay("3e_401_wrong_key"),
    fake_dify.replay("3e_404_path"),
    fake_dify.replay("1s_tts_autoplay_basic_nomodel"),
    fake_dify.replay("3e_basic_failat0_streaming"),
    fake_dify.raw(b"<html>Please log in</html>", content_type="text/html"),
    fake_dify.raw(b'{"answer": "blocking"}', content_type="application/json"),
    fake_dify.raw(b"Bad gateway", status=502, content_type="text/plain"),
    fake_dify.raw(b"", status=302),
    fake_dify.raw(b"data: " + b"x" * 2_000_000),
    fake_dify.raw(b'data: {"event": "message", "answer": 5}\n\n'),
    fake_dify.raw(b""),
    fake_dify.reset_at_once(),
]


@pytest.mark.parametrize("scene", REFUSED)
async def test_when_dify_fails_before_the_first_word_the_answer_is_a_mock(with_dify, dify, connect, events, scene):
    dify.plays(scene)
    client = await connect(await with_dify())
    await client.ask("Where is my room?", stream=True)
    *deltas, answer = await client.frames_until_end()
    assert (answer["source"], answer["status"]) == ("mock", "done")
    assert "mock answer" in answer["content"]
    assert "Where is my room?" in answer["content"]
    assert text_of(deltas) == answer["content"]
    assert "conversation_id" not in answer
    failed = logged(events, "dify.failed")[-1]
    assert "exc_info" not in failed
    assert [event["reason"] for event in logged(events, "answer.degraded")] == [failed["reason"]] == [answer["reason"]]


@pytest.mark.parametrize(
    ("name", "reason", "code"),
    [
        ("3e_cid_unknown_uuid", "conversation_not_found", 404),
        ("3e_cid_not_uuid", "invalid", 30000),
        ("3e_form_missing_streaming", "invalid", 30000),
    ],
)
async def test_a_caller_s_own_mistake_is_told_and_no_mock_hides_it(
    with_dify, dify, connect, events, name, reason, code
):
    dify.plays(fake_dify.replay(name))
    client = await connect(await with_dify())
    error = await client.answer("Hello")
    assert (error["type"], error["reason"], error["code"]) == ("error", reason, code)
    assert logged(events, "answer.degraded") == []
    assert [event["log_level"] for event in logged(events, "dify.failed")] == ["warning"]


async def test_a_mock_that_stands_in_says_why_in_the_failure_s_own_words(with_dify, dify, connect):
    dify.plays(fake_dify.replay("3e_unpublished_streaming"))
    client = await connect(await with_dify())
    content = (await client.answer("Hello"))["content"]
    assert content.startswith(f"This is a mock answer. {failures.MISCONFIGURED.message}")


async def test_when_nobody_listens_at_dify_s_address_the_answer_is_a_mock(start, connect, unused_tcp_port, events):
    service = await start(dify_api_url=f"http://127.0.0.1:{unused_tcp_port}/v1", dify_api_key=KEY, mock_mode=False)
    client = await connect(service)
    assert (await client.answer("Hello"))["source"] == "mock"
    assert logged(events, "dify.failed")[0]["reason"] == "unreachable"


async def test_a_dify_that_stays_silent_is_given_up(with_dify, dify, connect, events):
    release = asyncio.Event()
    dify.plays(fake_dify.think_until(release, fake_dify.say("too late")))
    client = await connect(await with_dify(dify_first_event_timeout=0.1))
    assert (await client.answer("Hello"))["source"] == "mock"
    release.set()
    assert logged(events, "dify.failed")[0]["reason"] == "first_event_timeout"


BROKEN_OFF = [
    fake_dify.replay("3e_basic_failat5_streaming"),
    fake_dify.replay("3e_workflow_fail_stream"),
    fake_dify.replay("8_disc_basic"),
    fake_dify.reset_after("Some ", "words"),
    fake_dify.events(("message", {"answer": "Some words"})),
]


@pytest.mark.parametrize("scene", BROKEN_OFF)
async def test_when_dify_fails_midway_the_text_so_far_is_kept(with_dify, dify, connect, scene):
    dify.plays(scene)
    client = await connect(await with_dify())
    await client.ask("Hello", stream=True)
    *deltas, answer = await client.frames_until_end()
    assert (answer["status"], answer["source"]) == ("incomplete", "dify")
    assert text_of(deltas) == answer["content"] != ""


async def test_a_stall_midway_is_incomplete_and_dify_is_told_to_stop(with_dify, dify, connect):
    dify.plays(fake_dify.until_stopped("Some words"))
    client = await connect(await with_dify(dify_idle_timeout=0.1))
    answer = await client.answer("Hello", stream=True)
    assert (answer["status"], answer["content"]) == ("incomplete", "Some words")
    await eventually(lambda: len(dify.stops) == 1)


async def test_a_dify_that_is_given_up_for_a_mock_is_told_to_stop(with_dify, dify, connect):
    async def scene(stage):
        await stage.open()
        await stage.event("workflow_started")
        await stage.stopped()

    dify.plays(scene)
    client = await connect(await with_dify(dify_idle_timeout=0.1))
    assert (await client.answer("Hello"))["source"] == "mock"
    await eventually(lambda: len(dify.stops) == 1)


async def test_a_stop_waits_for_dify_s_first_event_however_long_that_takes(with_dify, dify, connect, monkeypatch):
    monkeypatch.setattr("service.chat.reading.STOP_TIMEOUT_SECONDS", 0.05)
    release = asyncio.Event()
    dify.plays(fake_dify.think_until(release, fake_dify.until_stopped("Some ")))
    client = await connect(await with_dify())
    await client.ask("Hello")
    await eventually(lambda: dify.questions)
    await client.say({"type": "stop"})
    await client.frames_until_end()
    await asyncio.sleep(0.3)  # many times the patience with a stop that was sent
    release.set()
    await eventually(lambda: len(dify.stops) == 1)


async def test_a_task_that_is_told_after_the_first_words_is_stopped_as_well(with_dify, dify, connect):
    async def scene(stage):
        await stage.open()
        await stage.event("message", answer="Some ", task_id=None, message_id=None)
        await asyncio.sleep(0.05)  # two reads of the service's, not one
        await stage.event("message", answer="words")
        await stage.stopped()
        await stage.end()

    dify.plays(scene)
    client = await connect(await with_dify())
    await client.ask("Hello", stream=True)
    while "words" not in (await client.frame())["content"]:
        pass
    await client.say({"type": "stop"})
    await eventually(lambda: len(dify.stops) == 1)


async def test_asking_and_stopping_over_and_over_does_not_flood_dify(with_dify, dify, connect):
    dify.ignores_stops = True
    dify.plays(fake_dify.until_stopped("Some "))
    client = await connect(await with_dify(dify_max_concurrency=20))
    ends = []
    for number in range(20):
        await client.ask("Hello", id=f"q{number}", stream=True)
        frame = await client.frame()
        if frame["type"] == "chat_delta":
            await client.say({"type": "stop"})
            frame = await client.frame()
        ends.append(frame)
    assert [end.get("code", end.get("status")) for end in ends] == ["stopped"] * 8 + [429] * 12
    assert len(dify.questions) == 8
    dify.release()


async def test_a_stopped_chatflow_is_no_failure_in_the_log(with_dify, dify, connect, events):
    async def scene(stage):
        await stage.open()
        await stage.event("message", answer="Some ")
        await stage.stopped()
        await stage.event("workflow_finished", data={"status": "stopped"})

    dify.plays(scene)
    client = await connect(await with_dify())
    await client.ask("Hello", stream=True)
    await client.frame()
    await client.say({"type": "stop"})
    await eventually(lambda: logged(events, "dify.answered"))
    assert logged(events, "dify.failed") == []


async def test_a_chatflow_that_others_stopped_is_incomplete(with_dify, dify, connect):
    dify.plays(fake_dify.replay("4_stop_llmflow"))
    client = await connect(await with_dify())
    answer = await client.answer("Hello")
    assert (answer["status"], answer["reason"]) == ("incomplete", "failed")


async def test_a_connection_that_breaks_after_the_end_does_not_spoil_the_answer(with_dify, dify, connect):
    async def scene(stage):
        await fake_dify.say("All.")(stage)
        stage.request.transport.abort()

    dify.plays(scene)
    client = await connect(await with_dify())
    answer = await client.answer("Hello")
    assert (answer["status"], answer["content"]) == ("done", "All.")


@pytest.mark.parametrize("scene", [*REFUSED, *BROKEN_OFF])
async def test_what_dify_says_of_its_troubles_never_reaches_a_client(with_dify, dify, connect, scene):
    dify.plays(scene)
    client = await connect(await with_dify())
    await client.ask("Hello", stream=True)
    said = repr(await client.frames_until_end())
    for word in ("access token", "html", "PluginInvokeError", "stand-in", "bad gateway", "api.dify", KEY, "127.0.0.1"):
        assert word.lower() not in said.lower()


async def test_a_stop_reaches_dify_for_the_same_user_and_the_stream_is_read_to_its_end(
    with_dify, dify, connect, events
):
    dify.plays(fake_dify.until_stopped("Some ", "words"))
    client = await connect(await with_dify(), "/ws/chat/bed-7")
    await client.ask("Hello", id="q1", stream=True)
    await client.frame()
    await client.say({"type": "stop", "id": "q1"})
    assert (await client.frames_until_end())[-1]["status"] == "stopped"
    await eventually(lambda: dify.finished == 1)
    assert [user for _, user in dify.stops] == [owner_of(client.greeting["resume_token"]).user]
    assert dify.hung_up == 0
    await eventually(lambda: logged(events, "dify.answered"))


async def test_a_client_that_leaves_for_good_stops_its_answer_at_dify(with_dify, dify, connect):
    dify.plays(fake_dify.until_stopped("Some "))
    client = await connect(await with_dify(orphan_grace=0.05))
    await client.ask("Hello", stream=True)
    await client.frame()
    await client.leave()
    await eventually(lambda: dify.finished == 1)
    assert len(dify.stops) == 1


async def test_a_client_that_comes_back_finds_its_answer_whole_and_asked_once(with_dify, dify, connect):
    dify.plays(fake_dify.until_stopped("Some ", "words"))
    service = await with_dify()
    first = await connect(service)
    await first.ask("Hello", id="q1", stream=True)
    offset = len((await first.frame())["content"])
    await first.leave()
    second = await connect(service)
    await second.say({"type": "resume", "token": first.greeting["resume_token"], "id": "q1", "offset": offset})
    dify.release()
    frames = await second.frames_until_end()
    assert "".join(frame["content"] for frame in frames[:-1]) == "Some words"[offset:]
    assert (frames[-1]["content"], frames[-1]["status"]) == ("Some words", "done")
    assert (len(dify.questions), dify.stops) == (1, [])


async def test_steps_of_a_chatflow_come_as_frames_to_who_asks_for_them(with_dify, dify, connect):
    dify.plays(fake_dify.replay("1s_llmflow_short"))
    client = await connect(await with_dify())
    await client.ask("Hello", stream=True, events=True)
    steps = [frame for frame in await client.frames_until_end() if frame["type"] == "chat_event"]
    assert [(step["event"], step.get("name")) for step in steps] == [
        ("workflow_started", None),
        ("node_started", "Start"),
        ("node_finished", "Start"),
        ("node_started", "LLM"),
        ("node_finished", "LLM"),
        ("node_started", "answer"),
        ("node_finished", "answer"),
        ("workflow_finished", None),
    ]
    assert all(set(step) <= {"type", "id", "event", "step", "name", "kind", "status", "duration_ms"} for step in steps)


async def test_who_does_not_ask_for_speech_does_not_wait_for_it(with_dify, dify, connect):
    async def speaks_by_itself(stage):
        await stage.open()
        await stage.event("message", answer="All of it.")
        await stage.event("message_end", metadata={"usage": {"total_tokens": 3}})
        await stage.event("workflow_finished", data={"status": "succeeded"})
        await stage.event("tts_message", audio="SUQz")
        await stage.dify.released.wait()

    dify.plays(speaks_by_itself)
    client = await connect(await with_dify())
    answer = await client.answer("Hello")
    assert (answer["status"], answer["content"], answer["usage"]) == ("done", "All of it.", {"total_tokens": 3})
    assert dify.stops == []


async def test_the_voice_of_an_app_that_speaks_by_itself_comes_as_frames_before_the_end(with_dify, dify, connect):
    dify.plays(fake_dify.replay("1s_tts_autoplay_basic"))
    client = await connect(await with_dify())
    await client.ask("Hello", stream=True, audio=True)
    audio = [frame for frame in await client.frames_until_end() if frame["type"] == "chat_audio"]
    assert [frame["number"] for frame in audio] == list(range(len(audio)))
    assert audio
    assert base64.b64decode(audio[0]["content"]).startswith(b"\xff\xfb")  # an MP3 frame's first bytes


async def test_a_stop_that_comes_before_the_task_is_known_is_sent_as_soon_as_it_is(with_dify, dify, connect):
    release = asyncio.Event()
    dify.plays(fake_dify.think_until(release, fake_dify.until_stopped("Some ")))
    client = await connect(await with_dify())
    await client.ask("Hello", stream=True)
    await eventually(lambda: dify.questions)
    await client.say({"type": "stop"})
    answer = (await client.frames_until_end())[-1]
    assert (answer["status"], answer["content"]) == ("stopped", "")
    assert dify.stops == []
    release.set()
    await eventually(lambda: dify.finished == 1)
    assert len(dify.stops) == 1


async def test_a_dify_that_does_not_heed_the_stop_is_left_in_the_end(with_dify, dify, connect, events, monkeypatch):
    monkeypatch.setattr("service.chat.reading.STOP_TIMEOUT_SECONDS", 0.1)
    dify.ignores_stops = True
    dify.plays(fake_dify.until_stopped("Some "))
    client = await connect(await with_dify())
    await client.ask("Hello", stream=True)
    await client.frame()
    await client.say({"type": "stop"})
    await eventually(lambda: logged(events, "turn.stop_unproven"))
    dify.release()


async def test_a_stop_that_cannot_be_sent_is_logged(with_dify, dify, connect, events, monkeypatch):
    monkeypatch.setattr("service.answers.dify.upstream_call.STOP_TIMEOUT_SECONDS", 0.05)
    dify.may_answer_stops.clear()
    dify.plays(fake_dify.until_stopped("Some "))
    client = await connect(await with_dify())
    await client.ask("Hello", stream=True)
    await client.frame()
    await client.say({"type": "stop"})
    await eventually(lambda: logged(events, "dify.stop_failed"))
    dify.may_answer_stops.set()
    dify.release()


async def test_a_stop_that_fails_is_sent_once_more(with_dify, dify, connect, events):
    dify.stop_statuses = [500]
    dify.plays(fake_dify.until_stopped("Some "))
    client = await connect(await with_dify())
    await client.ask("Hello", stream=True)
    await client.frame()
    await client.say({"type": "stop"})
    await eventually(lambda: dify.finished == 1)
    assert len(dify.stops) == 2
    assert [event["status"] for event in logged(events, "dify.stop_failed")] == [500]
    await eventually(lambda: logged(events, "dify.stop_sent"))
    assert [event["status"] for event in logged(events, "dify.stop_sent")] == [200]


async def test_a_stop_that_dify_never_took_is_sent_again_when_the_stream_is_left(
    with_dify, dify, connect, events, monkeypatch
):
    monkeypatch.setattr("service.chat.reading.STOP_TIMEOUT_SECONDS", 0.05)
    dify.stop_statuses = [500, 503]
    dify.plays(fake_dify.until_stopped("Some "))
    client = await connect(await with_dify())
    await client.ask("Hello", stream=True)
    await client.frame()
    await client.say({"type": "stop"})
    await eventually(lambda: logged(events, "dify.stop_sent"))
    assert [event["status"] for event in logged(events, "dify.stop_failed")] == [500, 503]
    assert len(dify.stops) == 3


async def test_a_stop_that_was_taken_is_not_sent_again_when_the_stream_is_left(
    with_dify, dify, connect, events, monkeypatch
):
    monkeypatch.setattr("service.chat.reading.STOP_TIMEOUT_SECONDS", 0.05)
    dify.ignores_stops = True
    dify.plays(fake_dify.until_stopped("Some "))
    service = await with_dify()
    client = await connect(service)
    await client.ask("Hello", stream=True)
    await client.frame()
    await client.say({"type": "stop"})
    await eventually(lambda: logged(events, "turn.stop_unproven"))
    await service.stop()
    assert len(dify.stops) == 1
    dify.release()


async def test_a_dify_that_begins_when_nobody_waits_any_more_is_stopped_then(with_dify, dify, connect):
    release = asyncio.Event()
    dify.plays(fake_dify.think_until(release, fake_dify.until_stopped("Late.")))
    client = await connect(await with_dify(dify_first_event_timeout=0.1, degrade_to_mock=False))
    assert (await client.answer("Hello"))["reason"] == "first_event_timeout"
    assert (dify.stops, dify.finished) == ([], 0)
    release.set()
    await eventually(lambda: len(dify.stops) == 1)
    assert [user for _, user in dify.stops] == [owner_of(client.greeting["resume_token"]).user]


async def test_pings_alone_do_not_hide_what_is_to_be_stopped(with_dify, dify, connect):
    release = asyncio.Event()

    async def pings_and_begins_late(stage):
        await stage.open()
        await stage.write(b"event: ping\n\n")
        await release.wait()
        await stage.event("message", answer="Late.")
        await stage.stopped()

    dify.plays(pings_and_begins_late)
    client = await connect(await with_dify(dify_idle_timeout=0.1, degrade_to_mock=False))
    assert (await client.answer("Hello"))["reason"] == "stalled"
    release.set()
    await eventually(lambda: len(dify.stops) == 1)


async def test_a_dify_that_never_begins_is_left_in_the_end_and_the_log_says_so(with_dify, dify, connect, events):
    dify.plays(fake_dify.think_until(dify.released, fake_dify.say("Too late.")))
    settings = {"dify_first_event_timeout": 0.1, "dify_total_timeout": 0.3, "degrade_to_mock": False}
    client = await connect(await with_dify(**settings))
    assert (await client.answer("Hello"))["reason"] == "first_event_timeout"
    await eventually(lambda: logged(events, "dify.left_running"))
    assert dify.stops == []
    dify.released.set()


async def test_what_begins_while_the_service_ends_is_stopped_too(with_dify, dify, connect):
    release = asyncio.Event()
    dify.plays(fake_dify.think_until(release, fake_dify.until_stopped("Late.")))
    service = await with_dify(dify_first_event_timeout=0.5, degrade_to_mock=False)
    client = await connect(service)
    await client.ask("one", id="given_up")
    await client.frames_until_end()
    await client.ask("two", id="running")
    await eventually(lambda: len(dify.questions) == 2)
    ending = asyncio.create_task(service.stop())
    await client.close_code()
    release.set()
    await ending
    assert len(dify.stops) == 2


async def test_stopping_when_dify_failed_already_asks_for_nothing(with_dify, dify, connect):
    release = asyncio.Event()
    dify.plays(fake_dify.think_until(release, fake_dify.raw(b"", status=500)))
    client = await connect(await with_dify())
    await client.ask("Hello", stream=True)
    await eventually(lambda: dify.questions)
    await client.say({"type": "stop"})
    answer = (await client.frames_until_end())[-1]
    assert (answer["status"], answer["content"]) == ("stopped", "")
    release.set()
    await eventually(lambda: dify.finished == 1)
    assert dify.stops == []


async def test_a_question_tells_its_story_in_the_log_without_the_key(with_dify, dify, connect, events):
    dify.plays(fake_dify.replay("1s_basic_short"))
    client = await connect(await with_dify(), "/ws/chat/bed-7")
    answer = await client.answer("Hello", id="q1")
    (told,) = logged(events, "dify.answered")
    (opened,) = logged(events, "connection.opened")
    assert (told["turn_id"], told["client_id"]) == ("q1", "bed-7")
    assert told["connection_id"] == opened["connection_id"]
    assert (told["message_id"], told["usage"]) == (answer["message_id"], answer["usage"])
    assert 0 <= told["first_text_ms"] <= told["total_ms"]
    assert 0 < told["longest_silence_ms"] <= told["total_ms"]
    assert KEY not in repr(events)


async def test_a_failure_tells_dify_s_code_in_the_log_and_its_words_at_debug(with_dify, dify, connect, events):
    dify.plays(fake_dify.replay("3e_401_wrong_key"))
    client = await connect(await with_dify())
    await client.answer("Hello")
    (failed,) = logged(events, "dify.failed")
    assert (failed["status"], failed["code"], failed["reason"]) == (401, "unauthorized", "unauthorized")
    (said,) = logged(events, "dify.said")
    assert (said["log_level"], "Access token is invalid" in said["said"]) == ("debug", True)


QUOTING = b'{"code":"invalid_param","message":"I cannot take \'My hidden pain\'","status":400}'


@pytest.mark.parametrize(
    "scene",
    [
        fake_dify.raw(QUOTING, 400, "application/json"),
        fake_dify.raw(QUOTING, 500, "text/html"),
        fake_dify.events(("error", {"code": "invalid_param", "status": 400, "message": "'My hidden pain'?"})),
        fake_dify.events(("error", {"code": "My hidden pain", "message": "No."})),
        fake_dify.events(("workflow_finished", {"data": {"status": "failed", "error": "My hidden pain"}})),
    ],
)
async def test_what_dify_quotes_of_people_s_words_is_logged_at_debug_only(with_dify, dify, connect, events, scene):
    dify.plays(scene)
    client = await connect(await with_dify())
    await client.answer("My hidden pain")
    assert logged(events, "dify.failed")
    assert "hidden" not in repr([event for event in events if event["log_level"] != "debug"])


async def test_an_answer_without_words_is_an_answer(with_dify, dify, connect):
    dify.plays(fake_dify.replay("1s_basic_zero_tokens"))
    client = await connect(await with_dify())
    answer = await client.answer("Hello")
    assert (answer["status"], answer["source"], answer["content"]) == ("done", "dify", "")
