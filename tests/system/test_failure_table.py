"""Each row of the table of failures that Dify can cause, over real sockets, as a client is told."""

import asyncio

import pytest

from service.answers import failures
from tests import fake_dify

TABLE = {failure.reason: failure for failure in failures.ALL}
TIMEOUTS = {  # seconds, short only where one is to be over
    "first_event_timeout": {"dify_first_event_timeout": 0.2},
    "stalled": {"dify_idle_timeout": 0.2},
    "total_timeout": {"dify_total_timeout": 0.5},
}

pytestmark = pytest.mark.usefixtures("quick_retries")


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


@pytest.fixture
async def service(with_dify, dify, reason):
    yield await with_dify(degrade_to_mock=False, **TIMEOUTS.get(reason, {}))
    dify.released.set()


@pytest.mark.parametrize(
    ("reason", "scene"),
    [
        ("unauthorized", fake_dify.replay("3e_401_wrong_key")),
        ("switched_off", fake_dify.replay("3e_api_disabled_streaming")),
        ("conversation_not_found", fake_dify.replay("3e_cid_unknown_uuid")),
        ("invalid", fake_dify.replay("3e_form_missing_streaming")),
        ("too_large", fake_dify.raw(b"<html>Too large</html>", 413, "text/html")),
        ("unsupported_type", fake_dify.raw(b'{"code":"unsupported_file_type"}', 415, "application/json")),
        ("misconfigured", fake_dify.replay("3e_unpublished_streaming")),
        ("busy", fake_dify.replay("3e_429_too_many_streaming")),
        ("quota", fake_dify.raw(b'{"code":"provider_quota_exceeded"}', 400, "application/json")),
        ("not_dify", fake_dify.replay("3e_404_path")),
        ("not_dify", fake_dify.raw(b"<html>Please log in</html>", 200, "text/html")),
        ("not_dify", fake_dify.raw(b'{"answer":"blocking"}', 200, "application/json")),
        ("server_error", fake_dify.replay("1s_tts_autoplay_basic_nomodel")),
        ("server_error", fake_dify.raw(b'{"code":"internal_server_error"}', 503, "application/json")),
        ("bad_gateway", fake_dify.raw(b"<html>Bad gateway</html>", 502, "text/html")),
        ("bad_gateway", fake_dify.raw(b'{"message":"no upstream"}', 503, "application/json")),
        ("lost", fake_dify.reset_at_once()),
        ("first_event_timeout", silent),
        ("failed", fake_dify.replay("3e_basic_failat0_streaming")),
        ("failed", fake_dify.replay("3e_basic_auth_streaming")),
        ("broken_off", fake_dify.raw(b"event: ping\n\n")),
        ("broken_off", fake_dify.raw(b"data: " + b"x" * 2_000_000)),
        ("event_too_large", fake_dify.raw(b'data: {"event":"message","answer":"' + b"x" * 17_000_000)),
    ],
)
async def test_what_fails_before_the_first_word_ends_in_its_row_s_words(service, dify, connect, reason, scene):
    dify.plays(scene)
    client = await connect(service)
    error = await client.answer("Hello", id="q1")
    row = TABLE[reason]
    assert error == {"type": "error", "content": row.message, "code": row.code, "id": "q1", "reason": reason}
    assert len(dify.questions) == (3 if row.is_retryable else 1)


@pytest.mark.parametrize(
    ("reason", "scene"),
    [
        ("failed", fake_dify.replay("3e_basic_failat5_streaming")),
        ("failed", fake_dify.replay("3e_workflow_fail_stream")),
        ("broken_off", fake_dify.replay("8_disc_basic")),
        ("broken_off", fake_dify.reset_after("Some ", "words")),
        ("stalled", silent_after_a_word),
        ("total_timeout", drip),
    ],
)
async def test_what_fails_midway_keeps_its_text_and_is_never_tried_again(service, dify, connect, reason, scene):
    dify.plays(scene)
    client = await connect(service)
    answer = await client.answer("Hello")
    assert (answer["status"], answer["reason"]) == ("incomplete", reason)
    assert answer["content"]
    assert len(dify.questions) == 1
