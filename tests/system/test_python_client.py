"""The client in Python that the reference shows, against the real service."""

import asyncio
import itertools
import random
import socket

import dify_live
import pytest
from aiohttp import web
from dify_live import Client, Closed, Failed

from service.chat.close_codes import CloseCode
from tests import fake_dify
from tests.conftest import eventually
from tests.fake_workflows import asking_human
from tests.system.test_survival import Forwarder
from tests.tokens import SECRET, token

WORDS = [f"{number} é👩 " for number in range(80)]
TEXT = "".join(WORDS)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(dify_live, "BACKOFF_BASE", 0.01)


async def test_an_answer_is_read_while_it_is_written(with_dify, dify):
    service = await with_dify()
    dify.plays(fake_dify.say("One ", "two ", "three", pause=0.05))
    async with Client(service.url) as client:
        answer = await client.ask("Hi", inputs={"ward": "7"})
        texts = [text async for text in answer]
        end = await answer.end()
    assert texts[-1] == end["content"] == "One two three"
    assert len(texts) > 1
    assert (end["status"], dify.questions[0]["inputs"]) == ("done", {"ward": "7"})


async def test_no_word_is_lost_or_twice_wherever_the_connection_is_cut(with_dify, dify):
    service = await with_dify()
    dify.plays(fake_dify.say(*WORDS, pause=0.01))
    router = Forwarder([service.port])
    await router.start()
    async with Client(f"http://127.0.0.1:{router.port}") as client:
        answers = [await client.ask(f"q{number}") for number in range(4)]
        async for _ in answers[0]:
            if random.random() < 0.2:
                for writer in list(router._writers):
                    writer.transport.abort()
        ends = [await answer.end() for answer in answers]
    await router.stop()
    assert [(end["status"], end["content"]) for end in ends] == [("done", TEXT)] * 4
    assert [answer.text for answer in answers] == [TEXT] * 4
    assert len(dify.questions) == 4
    assert dify.stops == []


async def test_what_is_asked_before_there_is_a_service_is_answered_when_there_is(with_dify, dify):
    service = await with_dify()
    await service.stop()
    async with Client(service.url) as client:
        answer = await client.ask("Hi")
        await asyncio.sleep(0.1)
        await service.start()
        assert (await answer.end())["status"] == "done"
    assert len(dify.questions) == 1


async def test_an_answer_that_a_restart_ended_is_told_as_far_as_it_came(with_dify, dify):
    service = await with_dify()
    dify.plays(fake_dify.until_stopped("One "))
    async with Client(service.url) as client:
        answer = await client.ask("Hi")
        async for _ in answer:
            await service.restart(lambda: asyncio.sleep(0))
        end = await answer.end()
    assert (end["status"], answer.text.startswith("One ")) == ("incomplete", True)


async def test_a_stop_ends_it_here_and_at_dify(with_dify, dify):
    service = await with_dify()
    dify.plays(fake_dify.say(*WORDS, pause=0.05))
    async with Client(service.url) as client:
        answer = await client.ask("Hi")
        async for _ in answer:
            await answer.stop()
        assert (await answer.end())["status"] == "stopped"
        await eventually(lambda: len(dify.stops) == 1)


async def test_a_stop_said_while_the_connection_is_away_is_said_after_it_is_back(with_dify, dify):
    service = await with_dify()
    dify.plays(fake_dify.until_stopped("One "))
    router = Forwarder([service.port])
    await router.start()
    async with Client(f"http://127.0.0.1:{router.port}") as client:
        answer = await client.ask("Hi")
        async for _ in answer:
            await cut(router, client)
            await answer.stop()
        assert (await answer.end())["status"] == "stopped"
        await eventually(lambda: len(dify.stops) == 1)
    await router.stop()
    assert len(dify.questions) == 1


async def cut(router, client):
    for writer in list(router._writers):
        writer.transport.abort()
    while client._socket:
        await asyncio.sleep(0)


async def test_what_was_stopped_before_it_was_asked_is_not_asked(with_dify, dify):
    service = await with_dify()
    async with Client(service.url) as client:
        answer = await client.ask("Hi")
        await answer.stop()
        assert (await answer.end())["status"] == "stopped"
        assert (await (await client.ask("And?")).end())["status"] == "done"
    assert [question["query"] for question in dify.questions] == ["And?"]


async def test_half_of_a_surrogate_pair_goes_out_as_u_fffd(with_dify, dify):
    service = await with_dify()
    async with Client(service.url) as client:
        answer = await client.ask("\ud83d a 👩 \ude00", inputs={"ward": "\ud83d\ude00\ud83d"})
        assert (await answer.end())["status"] == "done"
    (question,) = dify.questions
    assert (question["query"], question["inputs"]["ward"]) == ("\ufffd a 👩 \ufffd", "\U0001f600\ufffd")


async def test_a_decision_that_a_restart_hid_is_not_sent_again_but_asked_about(with_dify, dify):
    """Dify has taken it; the client hears nothing of the restart, and the service knows no turn any more."""
    may_go_on = asyncio.Event()

    async def program(run):
        run.start()
        await run.ask_human(token="t0")
        await may_go_on.wait()
        await run.say("Approved.")
        run.sum_up()
        run.finish()

    service = await with_dify()
    dify.plays(fake_dify.flow(program))
    router = Forwarder([service.port])
    await router.start()
    async with Client(f"http://127.0.0.1:{router.port}") as client:
        paused = await (await client.ask("Hi")).end()
        answer = await client.decide(paused, "approve", {"comment": "good"})
        await eventually(lambda: len(dify.workflows.submissions) == 1)
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            router._ports = itertools.repeat(nobody.getsockname()[1])
            await cut(router, client)
            await service.restart(lambda: asyncio.sleep(0))
            router._ports = itertools.repeat(service.port)
        may_go_on.set()
        assert ((await answer.end())["status"], answer.text) == ("done", "Approved.")
    await router.stop()
    assert len(dify.workflows.submissions) == 1


async def test_a_person_decides_amid_an_answer(with_dify, dify):
    service = await with_dify()
    dify.plays(fake_dify.flow(asking_human("Draft. ", token="t0", after=("Approved.",))))
    async with Client(service.url) as client:
        paused = await (await client.ask("Hi")).end()
        assert paused["status"] == "paused"
        answer = await client.decide(paused, "approve", {"comment": "good"})
        assert [text async for text in answer][-1] == "Approved."
        with pytest.raises(Failed) as told:
            await (await client.decide(paused, "approve")).end()
    assert told.value.reason
    assert len(dify.workflows.submissions) == 1


async def test_a_question_that_is_refused_says_why(with_dify):
    service = await with_dify(max_content_length=3)
    async with Client(service.url) as client:
        answer = await client.ask("Hello")
        with pytest.raises(Failed) as told:
            await answer.end()
    assert told.value.frame["code"] == 10000


async def test_who_signs_in_is_served_and_renews_the_token_in_time(with_dify, dify):
    service = await with_dify(auth_jwt_secret=SECRET)
    lifetimes = iter([3, 300])
    asked = []

    async def access_token():
        asked.append(token(lifetime=next(lifetimes)))
        return asked[-1]

    async with Client(service.url, access_token) as client:
        assert (await (await client.ask("Hi")).end())["status"] == "done"
        await eventually(lambda: len(asked) == 2)
        assert (await (await client.ask("Hi")).end())["status"] == "done"


@pytest.mark.parametrize("code", [1000, 1008, 1012, 4000, 4499, 4500, 4999])
async def test_it_leaves_for_good_after_the_close_codes_that_say_so(aiohttp_server, code):
    """And comes back after any other, as /docs says."""
    visits = []

    async def close(request):
        websocket = web.WebSocketResponse()
        await websocket.prepare(request)
        visits.append(await websocket.close(code=code))
        return websocket

    app = web.Application()
    app.router.add_get("/ws/chat/{client_id}", close)
    async with Client(str((await aiohttp_server(app)).make_url("/"))) as client:
        await eventually(lambda: client._closed or len(visits) > 1)
        assert bool(client._closed) is not CloseCode(code, "").may_reconnect


async def test_who_may_not_come_is_told_once_and_for_all(with_dify):
    service = await with_dify(auth_jwt_secret=SECRET)
    async with Client(service.url) as client:
        answer = await client.ask("Hi")
        with pytest.raises(Closed, match="4401"):
            await answer.end()
        with pytest.raises(Closed):
            await client.ask("Again")
