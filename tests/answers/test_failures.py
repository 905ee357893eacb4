"""Each row of the table of failures, over real sockets: what is tried again, told, and counted."""

import asyncio
import re
import ssl

import aiohttp
import pytest

from service.answers import failures
from service.answers.dify.client import _FAILURE_BY_ERROR
from service.answers.dify.error_mapping import failure_of_reply
from service.settings import Settings
from tests import fake_dify, recordings
from tests.conftest import ROOT, eventually
from tests.fake_dify import KEY


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch):
    monkeypatch.setattr("service.answers.resilience.retry.FIRST_PAUSE_SECONDS", 0.01)


def refuse(status, code):
    return fake_dify.raw(
        b'{"code":"%s","message":"","status":%d}' % (code.encode(), status), status, "application/json"
    )


async def silent(stage):
    await stage.dify.released.wait()


async def silent_after_a_word(stage):
    await stage.open()
    await stage.event("message", answer="Some words")
    await stage.dify.released.wait()


async def drip(stage):
    await stage.open()
    while not stage.dify.released.is_set():
        await stage.event("message", answer="drip ")
        await asyncio.sleep(0.02)


LONG_REFUSAL = b'{"code":"provider_quota_exceeded","message":"%s"}' % (b"x" * 5000)
BEFORE_THE_FIRST_WORD = [
    ("unauthorized", fake_dify.replay("3e_401_wrong_key")),
    ("switched_off", fake_dify.replay("3e_api_disabled_streaming")),
    ("conversation_not_found", fake_dify.replay("3e_cid_unknown_uuid")),
    ("invalid", fake_dify.replay("3e_cid_not_uuid")),
    ("invalid", fake_dify.replay("3e_form_missing_streaming")),
    ("invalid", refuse(413, "invalid_param")),
    ("too_large", fake_dify.raw(b"<html>Too large</html>", 413, "text/html")),
    ("unsupported_type", refuse(415, "unsupported_file_type")),
    ("misconfigured", fake_dify.replay("3e_unpublished_streaming")),
    ("misconfigured", fake_dify.replay("3e_noprovider_streaming")),
    ("misconfigured", fake_dify.replay("3e_workflow_app_on_chat_streaming")),
    ("misconfigured", fake_dify.replay("3e_completion_on_chat_app")),
    ("misconfigured", refuse(400, "provider_not_initialize")),
    ("misconfigured", refuse(400, "model_currently_not_support")),
    ("busy", fake_dify.replay("3e_429_too_many_streaming")),
    ("busy", refuse(429, "too_many_requests")),
    ("busy", fake_dify.raw(b"<html>slow down</html>", 429, "text/html")),
    ("busy", fake_dify.raw(b'{"message":"API rate limit exceeded"}', 429, "application/json")),
    ("quota", fake_dify.raw(LONG_REFUSAL, 400, "application/json")),
    ("quota", refuse(429, "rate_limit_error")),
    ("quota", refuse(400, "provider_quota_exceeded")),
    ("not_dify", fake_dify.replay("3e_404_path")),
    ("not_dify", fake_dify.raw(b"<html>Please log in</html>", 200, "text/html")),
    ("not_dify", fake_dify.raw(b"", 302, "text/html")),
    ("not_dify", fake_dify.raw(b'{"answer":"blocking"}', 200, "application/json")),
    ("server_error", fake_dify.replay("1s_tts_autoplay_basic_nomodel")),
    ("bad_gateway", fake_dify.raw(b"<html>Bad gateway</html>", 502, "text/html")),
    ("bad_gateway", fake_dify.raw(b"", 503, "text/plain")),
    ("bad_gateway", fake_dify.raw(b"", 504, "text/plain")),
    ("lost", fake_dify.reset_at_once()),
    ("first_event_timeout", silent),
    ("failed", fake_dify.replay("3e_basic_failat0_streaming")),
    ("failed", fake_dify.replay("3e_basic_auth_streaming")),
    ("broken_off", fake_dify.raw(b"event: ping\n\n")),
    ("event_too_large", fake_dify.raw(b"data: " + b"x" * 2_000_000)),
]
MIDWAY = [
    ("failed", fake_dify.replay("3e_basic_failat5_streaming")),
    ("failed", fake_dify.replay("3e_workflow_fail_stream")),
    ("broken_off", fake_dify.replay("8_disc_basic")),
    ("broken_off", fake_dify.reset_after("Some ", "words")),
    ("stalled", silent_after_a_word),
    ("total_timeout", drip),
]
IMPATIENT = {"dify_first_event_timeout": 0.4, "dify_idle_timeout": 0.3, "dify_total_timeout": 0.6}
TABLE = {failure.reason: failure for failure in failures.ALL}


def test_reasons_are_unique():
    assert len(TABLE) == len(failures.ALL) >= 20


@pytest.mark.parametrize(("reason", "scene"), BEFORE_THE_FIRST_WORD)
async def test_what_fails_before_the_first_word_ends_in_its_row_s_words(with_dify, dify, connect, reason, scene):
    dify.plays(scene)
    client = await connect(await with_dify(degrade_to_mock=False, **IMPATIENT))
    error = await client.answer("Hello", id="q1")
    row = TABLE[reason]
    assert error == {"type": "error", "content": row.message, "code": row.code, "id": "q1", "reason": reason}
    assert len(dify.questions) == (3 if row.is_retryable else 1)
    dify.released.set()


@pytest.mark.parametrize(("reason", "scene"), MIDWAY)
async def test_what_fails_midway_keeps_its_text_and_is_never_tried_again(with_dify, dify, connect, reason, scene):
    dify.plays(scene)
    client = await connect(await with_dify(degrade_to_mock=False, **IMPATIENT))
    answer = await client.answer("Hello")
    assert (answer["status"], answer["reason"]) == ("incomplete", reason)
    assert answer["content"]
    assert len(dify.questions) == 1
    dify.released.set()


async def told(start, connect, url, **settings):
    settings = {"dify_api_url": url, "dify_api_key": KEY, "mock_mode": False, "degrade_to_mock": False} | settings
    client = await connect(await start(**settings))
    return (await client.answer("Hello"))["reason"]


async def test_no_way_to_the_host_is_unreachable(start, connect, unused_tcp_port):
    assert await told(start, connect, f"http://127.0.0.1:{unused_tcp_port}/v1") == "unreachable"


async def test_a_name_without_an_address_is_said_so(start, connect):
    assert await told(start, connect, "http://no-such-host.invalid/v1") == "name_not_found"


async def test_a_dify_that_speaks_no_tls_is_a_tls_error(start, connect, dify):
    assert await told(start, connect, dify.url.replace("http:", "https:")) == "tls_error"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (aiohttp.ConnectionTimeoutError(), "connect_timeout"),
        (aiohttp.ClientConnectorCertificateError(None, ssl.SSLCertVerificationError()), "tls_error"),
    ],
)
def test_what_loopback_cannot_show_has_its_row_too(error, reason):
    assert next(row for kind, row in _FAILURE_BY_ERROR.items() if isinstance(error, kind)).reason == reason


def test_recorded_refusals_read_the_same_without_a_socket():
    recording = recordings.load("3e_401_wrong_key")
    assert failure_of_reply(recording.status, recording.body) is failures.UNAUTHORIZED
    assert failure_of_reply(418, b"{}") is failures.NOT_DIFY


async def test_a_passing_trouble_is_tried_again_and_nobody_notices(with_dify, dify, connect, events):
    dify.plays(fake_dify.raw(b"", 502), fake_dify.reset_at_once(), fake_dify.say("Here I am."))
    client = await connect(await with_dify())
    answer = await client.answer("Hello")
    assert (answer["content"], answer["source"]) == ("Here I am.", "dify")
    assert "reason" not in answer
    assert [event["reason"] for event in events if event["event"] == "dify.retried"] == ["bad_gateway", "lost"]


async def test_no_try_begins_when_the_budget_is_spent(with_dify, dify, connect):
    dify.plays(fake_dify.raw(b"", 502))
    client = await connect(await with_dify(dify_retry_budget=0))
    assert (await client.answer("Hello"))["source"] == "mock"
    assert len(dify.questions) == 1


async def test_a_stop_between_two_tries_ends_them(with_dify, dify, connect, monkeypatch, events):
    monkeypatch.setattr("service.answers.resilience.retry.FIRST_PAUSE_SECONDS", 5)
    dify.plays(fake_dify.raw(b"", 502))
    service = await with_dify(dify_retry_budget=60)
    client = await connect(service)
    await client.ask("Hello")
    await eventually(lambda: [event for event in events if event["event"] == "dify.retried"])
    await client.say({"type": "stop"})
    assert (await client.frames_until_end())[-1]["status"] == "stopped"
    assert len(dify.questions) == 1
    assert dify.stops == []


async def test_an_answer_counts_once_however_often_it_was_tried(with_dify, dify, connect):
    dify.plays(fake_dify.raw(b"", 502))
    client = await connect(await with_dify(dify_breaker_failures=2, degrade_to_mock=False))
    reasons = [(await client.answer("Hello"))["reason"] for _ in range(3)]
    assert (reasons, len(dify.questions)) == (["bad_gateway", "bad_gateway", "circuit_open"], 6)


async def test_an_answer_that_a_second_try_saves_counts_for_nothing(with_dify, dify, connect):
    ill, sound = fake_dify.raw(b"", 502), fake_dify.say("Here.")
    dify.plays(ill, sound, ill, sound, ill, sound)
    client = await connect(await with_dify(dify_breaker_failures=1, degrade_to_mock=False))
    assert [(await client.answer("Hello"))["content"] for _ in range(3)] == ["Here."] * 3


async def test_a_probe_is_one_try(with_dify, dify, connect, events):
    dify.plays(fake_dify.raw(b"", 502))
    settings = {"dify_breaker_failures": 1, "dify_breaker_rest": 0.01, "degrade_to_mock": False}
    client = await connect(await with_dify(**settings))
    await client.answer("Hello")
    async with asyncio.timeout(10):
        while (await client.answer("Hello"))["reason"] == "circuit_open":
            pass
    assert len(dify.questions) == 3 + 1
    assert [event["event"] for event in events].count("circuit.opened") == 1


async def test_a_stop_during_a_try_that_then_fails_is_followed_by_no_other(with_dify, dify, connect, events):
    release = asyncio.Event()
    dify.plays(fake_dify.think_until(release, fake_dify.raw(b"", 502)))
    client = await connect(await with_dify())
    await client.ask("Hello")
    await eventually(lambda: dify.questions)
    await client.say({"type": "stop"})
    await client.frames_until_end()
    release.set()
    await eventually(lambda: [event for event in events if event["event"] == "dify.failed"])
    assert (len(dify.questions), [event for event in events if event["event"] == "dify.retried"]) == (1, [])


async def test_after_repeated_failures_dify_is_left_alone_and_one_probe_reopens_it(with_dify, dify, connect, events):
    dify.plays(fake_dify.raw(b"", 500))
    client = await connect(await with_dify(dify_breaker_failures=3, dify_breaker_rest=0.3, degrade_to_mock=False))
    for _ in range(3):
        assert (await client.answer("Hello"))["reason"] == "server_error"
    assert (await client.answer("Hello"))["reason"] == "circuit_open"
    assert len(dify.questions) == 3
    dify.plays(fake_dify.say("Back."))
    async with asyncio.timeout(10):
        while (answer := await client.answer("Hello")).get("reason") == "circuit_open":
            await asyncio.sleep(0.02)
    assert (answer["source"], len(dify.questions)) == ("dify", 4)
    story = [event["event"] for event in events if event["event"].startswith("circuit.")]
    assert story == ["circuit.opened", "circuit.probing", "circuit.closed"]


async def test_a_probe_that_writes_long_does_not_keep_the_circuit_open_later(with_dify, dify, connect):
    dify.plays(
        fake_dify.raw(b"", 500), fake_dify.until_stopped("Probe "), fake_dify.raw(b"", 500), fake_dify.say("Well.")
    )
    settings = {"dify_breaker_failures": 1, "dify_breaker_rest": 0.05, "degrade_to_mock": False}
    client = await connect(await with_dify(**settings))
    assert (await client.answer("one"))["reason"] == "server_error"
    await asyncio.sleep(0.06)
    await client.ask("two", id="probe", stream=True)
    assert (await client.frame())["content"] == "Probe "
    assert (await client.answer("three"))["reason"] == "server_error"
    await asyncio.sleep(0.06)
    assert (await client.answer("four"))["content"] == "Well."


async def test_a_refusal_that_makes_sense_shows_that_dify_is_well(with_dify, dify, connect):
    ill, sound = fake_dify.raw(b"", 500), fake_dify.replay("3e_cid_not_uuid")
    dify.plays(ill, sound, ill, sound, ill)
    client = await connect(await with_dify(dify_breaker_failures=2, degrade_to_mock=False))
    reasons = [(await client.answer("Hello"))["reason"] for _ in range(5)]
    assert reasons == ["server_error", "invalid"] * 2 + ["server_error"]


async def test_what_is_the_asker_s_own_fault_does_not_open_the_circuit(with_dify, dify, connect):
    dify.plays(fake_dify.replay("3e_cid_not_uuid"))
    client = await connect(await with_dify(dify_breaker_failures=2, degrade_to_mock=False))
    for _ in range(4):
        assert (await client.answer("Hello"))["reason"] == "invalid"


async def test_questions_wait_in_line_first_come_first_served(with_dify, dify, connect):
    dify.plays(fake_dify.until_stopped("one"), fake_dify.say("two"), fake_dify.say("three"))
    client = await connect(await with_dify(dify_max_concurrency=1))
    for name in ("q1", "q2", "q3"):
        await client.ask(name, id=name, stream=True)
    await client.frame()
    assert [question["query"] for question in dify.questions] == ["q1"]
    await client.say({"type": "stop", "id": "q1"})
    ends = [(await client.frames_until_end())[-1] for _ in range(3)]
    assert [(end["id"], end["content"]) for end in ends] == [("q1", "one"), ("q2", "two"), ("q3", "three")]


async def test_a_full_line_is_said_so_and_who_waits_too_long_too(with_dify, dify, connect):
    dify.plays(fake_dify.until_stopped("one"))
    settings = {"dify_max_concurrency": 1, "dify_max_waiting": 1, "dify_wait_timeout": 0.2, "degrade_to_mock": False}
    client = await connect(await with_dify(**settings))
    for name in ("q1", "q2", "q3"):
        await client.ask(name, id=name)
    ends = [await client.frame() for _ in range(2)]
    assert [(end["id"], end["reason"], end["code"]) for end in ends] == [
        ("q3", "overloaded", 503),
        ("q2", "waited_too_long", 503),
    ]
    await client.say({"type": "stop"})


async def test_a_stop_in_the_line_leaves_it(with_dify, dify, connect):
    dify.plays(fake_dify.until_stopped("one"), fake_dify.say("three"))
    client = await connect(await with_dify(dify_max_concurrency=1))
    for name in ("q1", "q2", "q3"):
        await client.ask(name, id=name)
    await client.say({"type": "stop", "id": "q2"})
    assert (await client.frame())["id"] == "q2"
    await client.say({"type": "stop", "id": "q1"})
    assert {(await client.frame())["id"] for _ in range(2)} == {"q1", "q3"}
    assert [question["query"] for question in dify.questions] == ["q1", "q3"]


async def test_the_docs_show_the_table(start, http):
    service = await start()
    async with http.get(f"{service.url}/docs") as response:
        body = await response.text()
    assert [reason for reason in TABLE if f"<code>{reason}</code>" not in body] == []
    rows = {reason: row for row in body.split("<tr>") for reason in TABLE if f"<code>{reason}</code></td>" in row}
    for reason, failure in TABLE.items():
        flags = (failure.is_retryable, failure.trips_breaker, not failure.is_client_error)
        assert re.findall("<td>(yes|no)</td>", rows[reason]) == ["yes" if flag else "no" for flag in flags]


def test_the_docs_name_each_event_of_the_log_that_tells_of_dify():
    source = "".join(path.read_text() for path in (ROOT / "service").rglob("*.py"))
    told = set(re.findall(r'"((?:dify|circuit|answer)\.[a-z_]+)"', source))
    docs = (ROOT / "templates/docs.html").read_text()
    assert {"dify.failed", "circuit.opened", "answer.degraded"} <= told
    assert [event for event in told if f"<td><code>{event}</code></td>" not in docs] == []


def test_the_defaults_keep_a_person_waiting_no_longer_than_they_accept():
    settings = Settings()
    assert settings.dify_retry_budget <= 10
    assert settings.dify_idle_timeout > 10  # Dify's own sign of life comes every ten seconds
