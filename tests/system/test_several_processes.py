"""Several processes, one Redis: a client may come back to any of them."""

import asyncio

import pytest
from redis.asyncio import Redis

from service.chat import ended_turns
from service.cluster import multi_process, published_turns
from tests import fake_dify
from tests.clients import text_of
from tests.conftest import PATIENCE_SECONDS, eventually, logged
from tests.fake_workflows import asking_human, saying, saying_until

YES = {"action": "approve", "inputs": {"comment": "good"}}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(multi_process, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(published_turns, "WRITE_SECONDS", 0.01)


@pytest.fixture
async def pair(with_dify, dify, redis):
    """Two services that ask the same Dify and share a Redis."""
    dify.plays(fake_dify.until_stopped("Some ", "words"))
    first = await with_dify(redis_url=redis.url, dify_max_concurrency=100)
    second = await with_dify(redis_url=redis.url, dify_max_concurrency=100)
    return first, second


async def ask(client, **fields):
    """Ask, and read all that Dify says before it waits."""
    await client.ask("Hello", id="q1", stream=True, **fields)
    text = ""
    while text != "Some words":
        text += (await client.frame())["content"]


async def come_back(client, token, offset=0):
    await client.say({"type": "resume", "token": token, "id": "q1", "offset": offset})


def token_of(client):
    return client.greeting["resume_token"]


async def test_an_answer_goes_on_through_another_process(pair, connect, dify):
    first = await connect(pair[0])
    await ask(first)
    await first.leave()
    second = await connect(pair[1])
    await come_back(second, token_of(first), 5)
    assert (await second.frame())["content"] == "words"
    dify.release()
    end = (await second.frames_until_end())[-1]
    assert (end["status"], end["content"], end["source"]) == ("done", "Some words", "dify")
    assert end["usage"]["total_tokens"] == 3
    assert (len(dify.questions), dify.stops) == (1, [])


@pytest.mark.parametrize("is_over", [False, True])
async def test_a_spoken_question_that_another_process_answers_is_measured(pair, connect, dify, events, is_over):
    first = await connect(pair[0])
    await ask(first)
    await first.leave()
    second = await connect(pair[1])
    await come_back(second, token_of(first), 5)
    await second.frame()
    if is_over:
        dify.release()
        await second.frames_until_end()
    for _ in range(2):
        await second.say({"type": "voice_latency", "id": "q1", "first_audio_ms": 1300})
    await second.say({"type": "ping"})
    assert (await second.frame())["type"] == "pong"
    (measured,) = logged(events, "voice.measured")
    assert (measured["turn_id"], measured["first_audio_ms"], "connection_id" in measured) == ("q1", 1300, True)
    dify.release()


async def test_a_pause_is_a_pause_through_another_process_too(pair, connect, dify):
    dify.plays(fake_dify.flow(asking_human("Some words", token="t0")))
    first = await connect(pair[0])
    await ask(first)
    await first.frames_until_end()
    second = await connect(pair[1])
    await come_back(second, token_of(first))
    end = (await second.frames_until_end())[-1]
    assert (end["status"], end["reason"], end["content"]) == ("paused", "waiting_for_human", "Some words")
    assert dify.stops == []


async def test_files_are_had_through_another_process_too(pair, connect, dify, http):
    dify.files["/files/a.png"] = ("image/png", b"PNG")
    dify.plays(fake_dify.say("![x](/files/a.png)"))
    first = await connect(pair[0])
    await first.ask("Draw", id="q1", stream=True)
    *_, told, end = await first.frames_until_end()
    second = await connect(pair[1])
    await come_back(second, token_of(first))
    *_, again, same_end = await second.frames_until_end()
    assert (again, same_end["files"]) == (told, end["files"])
    async with http.get(pair[1].url + again["url"]) as response:
        assert await response.read() == b"PNG"


async def test_a_form_is_filled_in_through_another_process(pair, connect, dify):
    dify.plays(fake_dify.flow(asking_human("Some words", token="t0")))
    first = await connect(pair[0])
    await ask(first)
    told = (await first.frames_until_end())[-1]
    second = await connect(pair[1])
    await second.say({"type": "resume", "token": token_of(first)})
    await second.frame()
    await second.say({"type": "form", "id": "q1", "turn_id": "q2", **YES})
    assert (await second.frame())["content"] == "Approved."
    await first.say({"type": "resume", "token": token_of(first), "id": "q2"})
    assert (await first.frames_until_end())[-1]["content"] == "Approved."
    await first.say({"type": "form", **YES, "continuation": told["continuation"]})
    assert (await first.frame())["reason"] == "form_submitted"
    assert len(dify.workflows.submissions) == 1


async def test_that_a_question_waits_is_told_through_another_process_too(with_dify, redis, connect, dify, monkeypatch):
    monkeypatch.setattr("service.answers.dify.timeouts.QUEUED_AFTER_SECONDS", 0.1)
    release = asyncio.Event()
    dify.plays(fake_dify.flow(saying_until(release, "word ")), fake_dify.flow(saying("Here.")))
    first, second = await with_dify(redis_url=redis.url), await with_dify(redis_url=redis.url)
    writing, waiting = await connect(first), await connect(first)
    await writing.ask("Hello", stream=True)
    await writing.frame()
    await waiting.ask("Hello", id="q1")
    assert (await waiting.frame())["type"] == "system"
    other = await connect(second)
    await come_back(other, token_of(waiting))
    assert (await other.frame())["id"] == "q1"
    release.set()
    assert (await other.frames_until_end())[-1]["content"] == "Here."


async def test_an_answer_that_is_over_is_had_through_another_process(pair, connect, dify):
    first = await connect(pair[0])
    await ask(first)
    dify.release()
    await first.frames_until_end()
    second = await connect(pair[1])
    await come_back(second, token_of(first))
    frames = await second.frames_until_end()
    assert text_of(frames[:-1]) == frames[-1]["content"] == "Some words"


async def test_the_same_question_to_another_process_is_not_asked_again(pair, connect, dify):
    first = await connect(pair[0])
    await ask(first)
    second = await connect(pair[1])
    await second.say({"type": "resume", "token": token_of(first)})
    await second.frame()
    await ask(second)
    dify.release()
    assert (await second.frames_until_end())[-1]["content"] == "Some words"
    assert len(dify.questions) == 1


async def test_another_question_under_an_id_in_use_elsewhere_is_refused(pair, connect, dify):
    first = await connect(pair[0])
    await ask(first)
    second = await connect(pair[1])
    await second.say({"type": "resume", "token": token_of(first)})
    await second.frame()
    refusal = await second.answer("Something else", id="q1")
    assert (refusal["code"], refusal["reason"]) == (10000, "id_taken")
    assert len(dify.questions) == 1


async def test_what_is_another_s_is_not_found_through_any_process(pair, connect):
    first = await connect(pair[0])
    await ask(first)
    second = await connect(pair[1])
    await come_back(second, token_of(second))
    assert (await second.frame())["code"] == 404


async def test_a_stop_reaches_the_process_that_asks(pair, connect, dify):
    first = await connect(pair[0])
    await ask(first)
    second = await connect(pair[1])
    await come_back(second, token_of(first))
    await second.frame()
    await second.say({"type": "stop", "id": "q1"})
    for client in (first, second):
        assert (await client.frames_until_end())[-1]["status"] == "stopped"
    await eventually(lambda: len(dify.stops) == 1)


async def test_who_listens_through_another_process_keeps_the_turn_and_who_leaves_it_ends_it(
    with_dify, dify, redis, connect
):
    dify.plays(fake_dify.until_stopped("Some ", "words"))
    one, two = [await with_dify(redis_url=redis.url, orphan_grace=1) for _ in range(2)]
    first = await connect(one)
    await ask(first)
    second = await connect(two)
    await come_back(second, token_of(first))
    await second.frame()
    await first.leave()
    await asyncio.sleep(1.5)  # more than the grace
    assert dify.stops == []
    await second.leave()
    await eventually(lambda: len(dify.stops) == 1)


async def test_a_process_that_ends_leaves_alone_what_another_writes(pair, connect, dify):
    first = await connect(pair[0])
    await ask(first)
    second = await connect(pair[1])
    await come_back(second, token_of(first))
    await second.frame()
    await first.leave()
    _, code = await asyncio.gather(pair[1].stop(), second.close_code())
    assert code == 1012
    assert dify.stops == []
    third = await connect(pair[0])
    await come_back(third, token_of(first), 5)
    dify.release()
    *deltas, end = await third.frames_until_end()
    assert ([delta["content"] for delta in deltas], end["content"], end["status"]) == (["words"], "Some words", "done")


async def test_the_same_client_is_connected_once_and_the_newest_wins(pair, connect):
    old = await connect(pair[0], "/ws/chat/bed-7")
    stranger = await connect(pair[0], "/ws/chat/bed-7")
    new = await connect(pair[1], "/ws/chat/bed-7")
    await new.say({"type": "resume", "token": token_of(old)})
    assert await old.close_code() == 4500
    newest = await connect(pair[0], "/ws/chat/bed-7")
    await newest.say({"type": "resume", "token": token_of(old)})
    assert await stranger.answer("x" * 20_000)
    assert await new.close_code() == 4500
    assert await newest.answer("x" * 20_000)  # an error, but an answer


async def until_counted(http, services, connections):
    """Until each process knows of all."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        for service in services:
            while await counts(http, service) != (len(services), connections):
                await asyncio.sleep(0.02)


async def counts(http, service):
    async with http.get(f"{service.url}/health") as response:
        data = (await response.json())["data"]
        return data["processes"], data["connections_of_all"]


async def test_processes_count_each_other_s_connections(pair, connect, http):
    clients = [await connect(service) for service in pair]
    await until_counted(http, pair, len(clients))


async def test_the_places_at_dify_are_divided_among_the_processes(with_dify, dify, redis, connect, http):
    dify.plays(fake_dify.until_stopped("Some ", "words"))
    services = [await with_dify(redis_url=redis.url, dify_max_concurrency=2) for _ in range(2)]
    await until_counted(http, services, connections=0)
    for service in services:
        client = await connect(service)
        for number in range(2):
            await client.ask("Hello", id=f"q{number}", stream=True)
        await client.frame()
    assert len(dify.questions) == 2
    dify.release()
    await eventually(lambda: len(dify.questions) == 4)
    dify.release()


async def test_without_redis_at_the_start_it_serves_and_says_what_is_missing(with_dify, dify, connect, events):
    service = await with_dify(redis_url="unix:///nowhere/redis.sock")
    client = await connect(service)
    assert (await client.answer("Hello"))["status"] == "done"
    assert [event["event"] for event in events].count("redis.lost") == 1


async def test_redis_may_go_and_come_back_and_nothing_is_lost(pair, connect, dify, redis, events):
    first = await connect(pair[0])
    await ask(first)
    await redis.stop()
    await eventually(lambda: [event["event"] for event in events].count("redis.lost") == 2)
    other = await connect(pair[0])
    await other.ask("Hello", id="q2", stream=True)
    assert (await other.frame())["content"].startswith("Some")
    await redis.start()
    await eventually(lambda: [event["event"] for event in events].count("redis.back") == 2)
    second = await connect(pair[1])
    async with asyncio.timeout(PATIENCE_SECONDS):
        await come_back(second, token_of(first))
        frame = await second.frame()
    assert frame["content"] == "Some words"
    dify.release()
    for client in (first, second, other):
        assert (await client.frames_until_end())[-1]["content"] == "Some words"
    assert len(dify.questions) == 2


async def test_who_listens_elsewhere_goes_on_when_redis_has_forgotten_everything(pair, connect, dify, redis, events):
    first = await connect(pair[0])
    await ask(first)
    second = await connect(pair[1])
    await come_back(second, token_of(first))
    frames = [await second.frame()]
    await redis.stop()
    await eventually(lambda: [event["event"] for event in events].count("redis.lost") == 2)
    await redis.start()
    await eventually(lambda: [event["event"] for event in events].count("redis.back") == 2)
    dify.release()
    frames += await second.frames_until_end()
    assert text_of(frames[:-1]) == frames[-1]["content"] == "Some words"
    assert frames[-1]["status"] == "done"


@pytest.mark.slow
async def test_redis_stops_and_starts_under_load_and_no_connection_and_no_answer_is_lost(pair, connect, dify, redis):
    words = [f"word{number} " for number in range(40)]
    dify.plays(fake_dify.say(*words, pause=0.01))
    clients = [await connect(service) for service in pair for _ in range(15)]

    async def ask_on(client):
        for number in range(3):
            await client.ask("Hello", id=f"q{number}", stream=True)
            *deltas, end = await client.frames_until_end()
            assert (end["status"], text_of(deltas), end["content"]) == ("done", "".join(words), "".join(words))

    asking = asyncio.gather(*(ask_on(client) for client in clients))
    while not asking.done():
        await redis.stop()
        await asyncio.sleep(0.1)
        await redis.start()
        await asyncio.sleep(0.1)
    await asking
    assert len(dify.questions) == len(clients) * 3
    assert dify.stops == []


async def test_what_a_process_keeps_no_longer_is_gone_from_redis_and_the_rest_can_be_resumed(
    pair, connect, dify, redis, monkeypatch
):
    monkeypatch.setattr(ended_turns, "MAX_TURNS_PER_OWNER", 2)
    dify.plays(*[fake_dify.say(f"Answer {number}.") for number in range(4)])
    first, second = await connect(pair[0]), await connect(pair[1])
    for number in range(4):
        await first.answer(f"Question {number}", id=f"q{number}")
    await first.leave()
    async with Redis.from_url(redis.url) as keys:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(await keys.keys("*:turn:*")) != 2:
                await asyncio.sleep(0.02)
    for number, outcome in ((0, "unknown_turn"), (3, "Answer 3.")):
        await second.say({"type": "resume", "token": token_of(first), "id": f"q{number}"})
        end = (await second.frames_until_end())[-1]
        assert outcome in (end["content"], end.get("reason"))


@pytest.mark.slow
async def test_all_who_come_back_at_once_are_served_though_redis_takes_few_connections(pair, connect, dify, redis):
    async with Redis.from_url(redis.url) as keys:
        await keys.config_set("maxclients", 20)
    clients = await asyncio.gather(*(connect(pair[0]) for _ in range(45)))
    await asyncio.gather(*(ask(client) for client in clients))
    returned = await asyncio.gather(*(connect(pair[1]) for _ in clients))
    for client, old in zip(returned, clients, strict=True):
        await come_back(client, token_of(old), 5)
    assert [(await client.frame())["content"] for client in returned] == ["words"] * len(clients)
    dify.release()
    for client in (*clients, *returned):
        assert (await client.frames_until_end())[-1]["content"] == "Some words"
    assert (len(dify.questions), dify.stops) == (len(clients), [])
    async with Redis.from_url(redis.url) as keys:
        assert (await keys.info("stats"))["rejected_connections"] == 0


async def test_who_was_away_while_text_was_withdrawn_never_sees_it_again_through_another_process(pair, connect, dify):
    async def withdraws(stage):
        await stage.open()
        await stage.event("message", answer="bad words")
        await stage.event("message_replace", answer="ok", reason="moderation")
        await stage.dify.released.wait()
        await stage.end()

    dify.plays(withdraws)
    first = await connect(pair[0])
    await first.ask("Hello", id="q1", stream=True)
    frames = []
    while not frames or not frames[-1].get("replace"):
        frames.append(await first.frame())
    assert frames[-1]["replacements"] == 1
    for offset, replacements, told in ((4, 0, ("ok", True)), (1, 1, ("k", None)), (9, 1, ("ok", True))):
        second = await connect(pair[1])
        seen = {"token": token_of(first), "id": "q1", "offset": offset, "replacements": replacements}
        await second.say({"type": "resume", **seen})
        delta = await second.frame()
        assert (delta["content"], delta.get("replace")) == told
    dify.released.set()
    assert (await first.frames_until_end())[-1]["content"] == "ok"
