"""Dify's own limits, as it is shipped: ten connections, one chatflow at a time. Over real sockets."""

import asyncio

import pytest

from tests import fake_dify
from tests.api import MESSAGE, form
from tests.conftest import eventually, logged
from tests.fake_app_api import parameters
from tests.fake_workflows import saying, saying_until


async def health(http, service):
    async with http.get(f"{service.url}/health") as response:
        return (await response.json())["data"]


async def ends_of(clients):
    return [(await client.frames_until_end())[-1] for client in clients]


@pytest.fixture(autouse=True)
def queued_soon(monkeypatch):
    """Who hears pings only for so long waits in Dify's own queue."""
    monkeypatch.setattr("service.answers.dify.timeouts.QUEUED_AFTER_SECONDS", 0.2)


async def test_nine_askers_get_nine_answers_and_their_stops_get_in(with_dify, dify, connect, events):
    dify.connections = 10
    release = asyncio.Event()
    dify.plays(fake_dify.flow(saying_until(release, "word ")), fake_dify.flow(saying("Here.")))
    service = await with_dify(dify_breaker_failures=1)
    clients = [await connect(service) for _ in range(10)]
    for number, client in enumerate(clients):
        await client.ask("Hello", id=f"q{number}", stream=True)
        if number == 0:
            await client.frame()
    first, *others, last = clients
    await last.say({"type": "stop"})
    await eventually(lambda: logged(events, "limiter.decreased"))
    await first.say({"type": "stop"})
    ends = await ends_of([first, *others])
    assert [end["status"] for end in ends] == ["stopped"] + ["done"] * 8
    assert {end["source"] for end in ends} == {"dify"}
    assert [task for task, _ in dify.stops] == [dify.workflows.runs[0].task_id]
    assert (logged(events, "answer.degraded"), logged(events, "circuit.opened")) == ([], [])
    assert dify.most_connections <= 8


async def test_answers_calls_and_uploads_together_leave_places_free(with_dify, dify, connect, call):
    dify.connections = 10
    release = asyncio.Event()
    dify.plays(fake_dify.until_stopped("Some "))
    dify.parameters = parameters(file_upload={"enabled": True, "allowed_file_types": ["custom"]})
    for route, recording in (("suggested", "5_suggested_enabled"), ("files/upload", "5_suggested_enabled")):
        dify.app_api.scenes[route] = fake_dify.think_until(release, fake_dify.replay(recording))
    service = await with_dify()
    clients = [await connect(service) for _ in range(12)]
    for client in clients:
        await client.ask("Hello", stream=True)
    calls = [
        *(asyncio.create_task(call(service, "GET", f"/api/messages/{MESSAGE}/suggested")) for _ in range(12)),
        *(asyncio.create_task(call(service, "POST", "/api/files", data=form())) for _ in range(12)),
    ]
    await eventually(lambda: (len(dify.questions), len(dify.app_api.calls)) == (5, 3))
    await clients[0].frame()
    await clients[0].say({"type": "stop"})
    assert (await clients[0].frame())["status"] == "stopped"
    await eventually(lambda: len(dify.stops) == 1)
    assert dify.most_connections <= 9
    release.set()
    for client in clients:
        await client.say({"type": "stop"})
    await asyncio.gather(*calls)


async def test_a_queue_at_dify_has_fewer_asked_at_once_and_health_tells(with_dify, dify, connect, http, events):
    release = asyncio.Event()
    dify.plays(fake_dify.flow(saying_until(release, "word ")), fake_dify.flow(saying("Here.")))
    service = await with_dify()
    clients = [await connect(service) for _ in range(4)]
    for client in clients:
        await client.ask("Hello")
    await eventually(lambda: logged(events, "limiter.decreased"))
    (decreased,) = logged(events, "limiter.decreased")
    assert (decreased["limit"], decreased["before"], decreased["taken"]) == (2, 5, 4)
    counts = await health(http, service)
    assert [counts[name] for name in ("answers_at_once", "answers_taken", "answers_waiting")] == [2, 4, 0]
    late = await connect(service)
    await late.ask("Hello")
    while not (counts := await health(http, service))["answers_waiting"]:
        await asyncio.sleep(0.01)
    assert (counts["answers_taken"], len(dify.questions)) == (4, 4)
    release.set()
    assert {end["source"] for end in await ends_of([*clients, late])} == {"dify"}


async def test_who_dify_refuses_for_a_while_waits_until_others_have_ended(
    with_dify, dify, connect, events, monkeypatch
):
    monkeypatch.setattr("service.answers.resilience.retry.FIRST_PAUSE_SECONDS", 0.01)
    running = 0

    async def at_most_two(stage):
        nonlocal running
        if running == 2:
            await fake_dify.replay("3e_429_too_many_streaming")(stage)
            return
        running += 1
        await fake_dify.say("Here", ".", pause=0.05)(stage)
        running -= 1

    dify.plays(at_most_two)
    service = await with_dify()
    clients = [await connect(service) for _ in range(9)]
    for client in clients:
        await client.ask("Hello")
    ends = await ends_of(clients)
    assert {(end["source"], end["content"]) for end in ends} == {("dify", "Here.")}
    assert logged(events, "limiter.decreased")


async def test_it_grows_again(with_dify, dify, connect, events, monkeypatch):
    monkeypatch.setattr("service.answers.resilience.limiter.INCREASE_SECONDS", 0)
    release = asyncio.Event()
    dify.plays(fake_dify.flow(saying_until(release, "word ")), fake_dify.flow(saying("Here.")))
    service = await with_dify()
    clients = [await connect(service) for _ in range(2)]
    for client in clients:
        await client.ask("Hello")
    await eventually(lambda: logged(events, "limiter.decreased"))
    release.set()
    await ends_of(clients)
    await clients[0].answer("Hello", id="later")
    assert [event["limit"] for event in logged(events, "limiter.increased")] == [2]


async def test_in_mock_mode_there_is_no_such_limit(start, http):
    assert "answers_at_once" not in await health(http, await start())
