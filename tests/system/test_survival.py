"""Lost connections, deploys and dead processes: the client's text is Dify's, once, and Dify is asked once."""

import asyncio
import itertools
import os
import random
import signal
from collections import Counter
from contextlib import suppress

import pytest

from tests import fake_dify
from tests.clients import text_of
from tests.conftest import eventually
from tests.fake_dify import KEY
from tests.fake_workflows import saying_in_parts
from tests.returning import Returning

ANSWERS = 20


def words(count, pause):
    """An answer of its own for each question, so that none can be taken for another."""

    async def scene(stage):
        question = (await stage.request.json())["query"]
        await fake_dify.say(*text_for(question, count), pause=pause)(stage)

    return scene


def text_for(question, count):
    return [f"{question}-{number} é👩 " for number in range(count)]


@pytest.fixture
def dice():
    seed = int(os.environ.get("CUTS_SEED", random.SystemRandom().randrange(10**6)))
    print(f"CUTS_SEED={seed} cuts the same again")  # noqa: T201 - pytest shows it where a test failed
    return random.Random(seed)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("cuts", [40, pytest.param(2000, marks=pytest.mark.slow)])
async def test_wherever_connections_are_cut_each_text_is_dify_s(with_dify, dify, http, dice, cuts):
    await cut([await with_dify()], cuts, dify, http, dice)


@pytest.mark.timeout(300)
@pytest.mark.slow
async def test_wherever_they_are_cut_and_whoever_goes_on_each_text_is_dify_s(with_dify, dify, http, dice, redis):
    await cut([await with_dify(redis_url=redis.url) for _ in range(2)], 400, dify, http, dice)


async def cut(services, cuts, dify, http, dice):
    dify.plays(words(60, pause=0.001))
    left = itertools.count(cuts, -1)

    async def ask_on(person):
        for number in itertools.count():
            if next(left) <= 0:
                return
            question = f"q{person}-{number}"
            client = Returning(http, lambda: f"{dice.choice(services).url}/ws/chat", question, lambda: hang_up(left))
            end = await client.answer()
            assert client.text == end["content"] == "".join(text_for(question, 60))
            assert end["status"] == "done"

    def hang_up(left):
        return dice.randrange(1, 12) if next(left) > 0 else None

    await asyncio.gather(*(ask_on(person) for person in range(16)))
    assert max(Counter(question["query"] for question in dify.questions).values()) == 1
    assert dify.stops == []


class Forwarder:
    """A router: each connection goes to the next process that takes it."""

    def __init__(self, ports):
        self._ports = itertools.cycle(ports)
        self._writers = set()

    async def start(self):
        self._server = await asyncio.start_server(self._forward, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self):
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _forward(self, reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", next(self._ports))
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, far_writer}
        with suppress(OSError):
            await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))

    async def _pump(self, reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        finally:
            writer.transport.abort() if reader.at_eof() is False else writer.close()


@pytest.fixture
async def two_processes(run, http, dify, redis):
    """Two real processes behind a router, and ANSWERS answers that take two seconds."""
    dify.plays(words(40, pause=0.05))
    settings = {"DIFY_API_URL": dify.url, "DIFY_API_KEY": KEY, "REDIS_URL": redis.url, "DIFY_MAX_CONCURRENCY": "100"}
    processes = [await (await run(**settings)).until_up(http) for _ in range(2)]
    forwarder = Forwarder([int(process.url.rpartition(":")[2]) for process in processes])
    await forwarder.start()
    clients = [Returning(http, lambda: f"http://127.0.0.1:{forwarder.port}/ws/chat", f"q{i}") for i in range(ANSWERS)]
    answers = [asyncio.create_task(client.answer()) for client in clients]
    async with asyncio.timeout(20):
        while min(client.text.count(" ") for client in clients) < 16:  # eight words
            await asyncio.sleep(0.01)
    yield processes, clients, answers
    await forwarder.stop()


@pytest.mark.slow
async def test_a_deploy_loses_and_doubles_nothing(two_processes, dify):
    processes, clients, answers = two_processes
    processes[0].process.send_signal(signal.SIGTERM)
    ends = await asyncio.gather(*answers)
    assert {end["status"] for end in ends} == {"done"}
    for client, end in zip(clients, ends, strict=True):
        assert client.text == end["content"] == "".join(text_for(client._content, 40))
    assert Counter(question["query"] for question in dify.questions) == {client._content: 1 for client in clients}
    assert (await processes[0].end())[0] == 0


@pytest.mark.slow
async def test_what_a_dead_process_was_writing_ends_in_words_within_its_lease(two_processes, dify):
    processes, clients, answers = two_processes
    processes[0].process.kill()
    async with asyncio.timeout(20):
        ends = await asyncio.gather(*answers)
    assert Counter(end.get("reason") for end in ends)["owner_lost"] == ANSWERS // 2
    for client, end in zip(clients, ends, strict=True):
        whole = "".join(text_for(client._content, 40))
        assert end["status"] == ("incomplete" if end.get("reason") else "done")
        assert client.text == end["content"]
        assert whole.startswith(client.text)
    assert any(client.text for client, end in zip(clients, ends, strict=True) if end.get("reason"))
    assert len(dify.questions) == ANSWERS


@pytest.fixture
async def left_behind(run, http, dify, redis, connect):
    """A chatflow, half written, whose process is killed; what lets it go on; who came back through another process."""
    may_go_on = asyncio.Event()
    dify.plays(fake_dify.flow(saying_in_parts(["Once upon ", "a "], ["time."], may_go_on)))
    settings = {"DIFY_API_URL": dify.url, "DIFY_API_KEY": KEY, "REDIS_URL": redis.url}
    first, second = [await (await run(**settings)).until_up(http) for _ in range(2)]
    client, other = await connect(first), await connect(second)
    await client.ask("Hello", id="q1", stream=True)
    await client.frame()
    await other.say({"type": "resume", "token": client.greeting["resume_token"], "id": "q1"})
    frames = []
    while text_of(frames) != "Once upon a ":
        frames.append(await other.frame())
    first.process.kill()
    (flow,) = dify.workflows.runs
    return flow, may_go_on, other, frames


@pytest.mark.slow
async def test_what_a_dead_process_was_writing_goes_on_where_dify_writes_on(left_behind, dify):
    flow, may_go_on, client, frames = left_behind
    may_go_on.set()
    *deltas, end = await client.frames_until_end()
    assert (end["status"], end["content"], end["conversation_id"]) == (
        "done",
        "Once upon a time.",
        flow.conversation_id,
    )
    assert text_of(frames + deltas) == end["content"]
    assert (len(dify.questions), dify.stops) == (1, [])


@pytest.mark.slow
async def test_a_stop_for_what_a_dead_process_was_writing_reaches_dify(left_behind, dify):
    flow, _, client, _ = left_behind
    await eventually(lambda: not flow._subscribers)
    async with asyncio.timeout(20):
        while not flow._subscribers:  # looked for by the other process, when the lease of the first is over
            await asyncio.sleep(0.01)
    await client.say({"type": "stop", "id": "q1"})
    end = (await client.frames_until_end())[-1]
    assert (end["status"], end["content"]) == ("stopped", "Once upon a ")
    await eventually(lambda: [task for task, _ in dify.stops] == [flow.task_id])
    await eventually(lambda: flow.status == "failed")


def pausing_twice(before, may_go_on):
    async def program(run):
        run.start()
        await run.say("Draft. ")
        await run.ask_human(token="t0")
        await run.say(*before)
        await may_go_on.wait()
        await run.say("two.")
        await run.ask_human(token="t1")
        await run.say("Three.")
        run.sum_up()
        run.finish()

    return program


@pytest.mark.slow
@pytest.mark.parametrize("before", [["One "], []])
async def test_what_follows_a_form_goes_on_after_its_process_died_and_nothing_from_before_is_told(
    run, http, dify, redis, connect, before
):
    may_go_on = asyncio.Event()
    dify.plays(fake_dify.flow(pausing_twice(before, may_go_on)))
    settings = {"DIFY_API_URL": dify.url, "DIFY_API_KEY": KEY, "REDIS_URL": redis.url}
    first, second = [await (await run(**settings)).until_up(http) for _ in range(2)]
    client, other = await connect(first), await connect(second)
    paused = await client.answer("Hello", id="q1", stream=True)
    if not before:
        await dify.workflows.worker.acquire()  # so that it is told to wait, and what is known of it is published
    form = {"type": "form", "stream": True, "action": "approve", "inputs": {"comment": "good"}}
    await client.say({**form, "continuation": paused["continuation"], "turn_id": "q2"})
    await other.say({"type": "resume", "token": client.greeting["resume_token"]})
    await other.frame()
    await eventually(lambda: dify.workflows.submissions)
    await other.say({"type": "resume", "token": client.greeting["resume_token"], "id": "q2"})
    frames = [await other.frame()]
    first.process.kill()
    may_go_on.set()
    if not before:
        assert frames.pop()["type"] == "system"
        dify.workflows.worker.release()
    *deltas, end = await other.frames_until_end()
    assert (end["status"], end["content"]) == ("paused", "".join([*before, "two."]))
    assert text_of(frames + deltas) == end["content"]
    await other.say({**form, "continuation": end["continuation"]})
    assert (await other.frames_until_end())[-1]["content"] == "Three."
    await other.say({"type": "resume", "token": client.greeting["resume_token"], "continuation": end["continuation"]})
    assert (await other.frames_until_end())[-1]["content"] == "Three."
