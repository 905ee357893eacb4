"""/metrics, as Prometheus meets it: over real sockets, of one process and of two."""

import asyncio
import os
import signal
import threading
from collections import Counter

import pytest
from prometheus_client.parser import text_string_to_metric_families

from service import counts
from tests import fake_dify
from tests.conftest import eventually, logged
from tests.fake_dify import KEY

TOKEN = "metrics-token-of-the-tests"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(autouse=True)
def from_nothing(monkeypatch):
    for name in ("dify_errors", "dify_tries", "closes"):
        monkeypatch.setattr(counts, name, Counter())


async def scrape(http, service):
    """The values by name and labels; `worker` is added up."""
    async with http.get(f"{service.url}/metrics", headers=BEARER | {"Connection": "close"}) as response:
        assert (response.status, response.headers["Cache-Control"]) == (200, "no-store")
        assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        text = await response.text()
    values = Counter()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(value for name, value in sample.labels.items() if name != "worker")
            values[f"{sample.name.removeprefix('dify_live_')} {labels}".strip()] += sample.value
    return values


@pytest.mark.parametrize("headers", [{}, BEARER])
async def test_without_the_setting_there_are_no_metrics(start, http, headers):
    async with http.get(f"{(await start()).url}/metrics", headers=headers) as response:
        assert (response.status, (await response.json())["code"]) == (404, 404)


@pytest.mark.parametrize("headers", [{}, {"Authorization": f"Bearer {TOKEN}x"}, {"Authorization": f"Basic {TOKEN}"}])
async def test_without_the_token_they_are_refused(start, http, headers):
    service = await start(metrics_token=TOKEN)
    async with http.get(f"{service.url}/metrics", headers=headers) as response:
        assert (response.status, response.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert (await response.json())["code"] == 401


async def test_an_answer_is_told_by_its_end_and_source_with_its_times_and_tokens(with_dify, connect, dify, http):
    service = await with_dify(metrics_token=TOKEN)
    client = await connect(service)
    answer = await client.answer("Hi")
    await eventually(lambda: dify.finished)
    now = await scrape(http, service)
    while not now["turns_total dify,done"]:
        now = await scrape(http, service)
    assert (now["turns_total dify,done"], now["first_text_seconds_count dify"], now["answer_seconds_count dify"]) == (
        1,
        1,
        1,
    )
    assert 0 < now["first_text_seconds_sum dify"] <= now["answer_seconds_sum dify"] < 60
    assert now["tokens_total"] == answer["usage"]["total_tokens"]
    assert (now["connections"], now["turns_running"], now["sockets"] >= 2, now["sockets_max"] > 100) == (
        1,
        0,
        True,
        True,
    )


async def test_failures_of_dify_are_told_by_reason_with_the_breaker_and_the_tries(
    with_dify, connect, dify, http, quick_retries
):
    service = await with_dify(metrics_token=TOKEN, dify_breaker_failures=1, dify_retry_budget=0)
    dify.plays(*[fake_dify.reset_at_once()] * 2)
    for _ in range(2):
        await (await connect(service)).answer("Hi")
    now = await scrape(http, service)
    assert (now["dify_errors_total lost"], now["dify_tries_total first"]) == (2, 2)
    assert (now["breaker open"], now["breaker closed"]) == (1, 0)


async def test_who_waits_in_line_is_told(with_dify, connect, dify, http):
    service = await with_dify(metrics_token=TOKEN, dify_max_concurrency=1, address_max_answers=0)
    dify.plays(fake_dify.until_stopped("Some "))
    client = await connect(service)
    for _ in range(2):
        await client.ask("Hi", stream=True)
    while not (await scrape(http, service))["answers_waiting"]:
        pass
    assert (await scrape(http, service))["answers_taken"] == 1
    dify.release()


async def test_a_limit_that_is_hit_is_told_by_its_name(start, connect, http):
    service = await start(metrics_token=TOKEN, user_questions_per_minute=1)
    client = await connect(service)
    for _ in range(2):
        await client.answer("Hi")
    assert (await scrape(http, service))["limits_hit_total user_questions_per_minute"] == 1


async def test_who_was_closed_for_silence_is_told_by_the_close_code(start, connect, http):
    service = await start(metrics_token=TOKEN, websocket_heartbeat_interval=0.2, websocket_heartbeat_timeout=0.6)
    assert await (await connect(service)).close_code() == 4000
    await eventually(lambda: counts.closes)
    assert (await scrape(http, service))["closes_total 4000"] == 1


async def test_how_soon_who_spoke_was_answered_is_told_by_stage(start, connect, http):
    service = await start(metrics_token=TOKEN)
    client = await connect(service)
    await client.answer("Hi", id="spoken")
    await client.say({"type": "voice_latency", "id": "spoken", "asked_ms": 700, "first_audio_ms": 1300})
    while not (now := await scrape(http, service))["voice_latency_seconds_count asked"]:
        pass
    assert (now["voice_latency_seconds_sum asked"], now["voice_latency_seconds_sum first_audio"]) == (0.7, 1.3)
    assert (now["voice_latency_seconds_bucket 0.6,asked"], now["voice_latency_seconds_bucket 0.8,asked"]) == (0, 1)
    assert now["voice_latency_seconds_count silence"] == 0


async def test_redis_is_told_with_its_round_trip_and_when_it_is_away(start, http, redis):
    now = await scrape(http, await start(metrics_token=TOKEN, redis_url=redis.url))
    assert now["redis_up"] == 1
    assert 0 < now["redis_round_trip_seconds"] < 2
    without = await scrape(http, await start(metrics_token=TOKEN, redis_url="unix:///nowhere/redis.sock"))
    assert without["redis_up"] == 0


async def test_the_lag_of_the_event_loop_is_told(start, http):
    service = await start(metrics_token=TOKEN)
    while not (await scrape(http, service))["event_loop_lag_seconds_count"]:
        await asyncio.sleep(0.05)


async def test_a_metric_that_fails_touches_no_answer(start, connect, monkeypatch, events):
    monkeypatch.setattr("prometheus_client.Histogram.observe", None)
    client = await connect(await start(metrics_token=TOKEN))
    assert (await client.answer("Hi"))["status"] == "done"
    await eventually(lambda: logged(events, "metrics.failed"))
    assert (await client.answer("Hi"))["status"] == "done"


async def test_numbers_that_cannot_be_read_are_no_numbers(start, http, monkeypatch):
    service = await start(metrics_token=TOKEN)
    monkeypatch.setattr("service.worker_numbers.WorkerNumbers.exchange", None)
    async with http.get(f"{service.url}/metrics", headers=BEARER) as response:
        assert (response.status, (await response.json())["code"]) == (503, 503)


async def test_a_disk_that_hangs_is_no_number_and_touches_no_answer(start, http, connect, monkeypatch):
    released = threading.Event()
    monkeypatch.setattr("service.web.metrics.SCRAPE_TIMEOUT_SECONDS", 0.5)
    service = await start(metrics_token=TOKEN)
    monkeypatch.setattr("service.worker_numbers.WorkerNumbers.exchange", lambda *_: released.wait())
    for _ in range(2):
        async with http.get(f"{service.url}/metrics", headers=BEARER) as response:
            assert response.status == 503
    assert (await (await connect(service)).answer("Hi"))["status"] == "done"
    released.set()


async def test_one_process_as_an_operator_starts_it_tells_its_numbers(run, http, connect, dify):
    process = await (await run(METRICS_TOKEN=TOKEN, DIFY_API_URL=dify.url, DIFY_API_KEY=KEY)).until_up(http)
    await (await connect(process)).answer("Hi")
    while not (await scrape(http, process))["turns_total dify,done"]:
        pass


@pytest.mark.slow
async def test_any_of_two_workers_tells_of_both_and_no_counter_falls_when_one_dies(run, http, connect, redis):
    process = await run(METRICS_TOKEN=TOKEN, WEB_CONCURRENCY="2", REDIS_URL=redis.url, MOCK_TOKENS_PER_SECOND="2000")
    await process.until_up(http)
    for _ in range(2):
        await process.until_said("service.started")
    clients = [await connect(process) for _ in range(6)]
    for client in clients:
        await client.answer("Hi")
    for _ in range(6):
        now = await scrape(http, process)
        while now["turns_total mock,done"] < 6 or now["connections"] < 6:
            now = await scrape(http, process)
    async with http.get(f"{process.url}/health", headers={"Connection": "close"}) as response:
        data = (await response.json())["data"]
    os.kill(data["pid"], signal.SIGKILL)
    await process.until_said("worker.ended")
    assert (process.events()[-1]["worker"], process.events()[-1]["pid"]) == (data["worker"], data["pid"])
    now = await scrape(http, process)
    assert (now["turns_total mock,done"], now["connections"]) == (6, 6 - data["connections"])
    await process.until_said("service.started")
    await (await connect(process)).answer("Hi")
    while (now := await scrape(http, process))["turns_total mock,done"] < 7:
        assert now["turns_total mock,done"] >= 6
    assert await process.end(signal.SIGTERM) == (0, "")
