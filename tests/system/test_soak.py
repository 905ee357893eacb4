"""All faults at once, at random: each turn ends in exactly one way, nothing leaks, Dify is stopped exactly when due."""

import asyncio
import os
import random
from collections import Counter

import pytest

from service.answers.dify import upstream_call
from tests import fake_dify
from tests.clients import text_of
from tests.conftest import PATIENCE_SECONDS, eventually

WORDS = [f"word{number} " for number in range(20)]


async def begins_too_late(stage):
    """When everybody has given up, and it is released; few at a time, lest a stop waits for all of them."""
    await stage.dify.released.wait()
    async with stage.dify.beginning:
        await fake_dify.until_stopped(*WORDS)(stage)


async def stalls(stage):
    await stage.open()
    await stage.event("message", answer=WORDS[0])
    await stage.dify.released.wait()


async def withdraws(stage):
    await stage.open()
    await stage.event("message", answer="bad words")
    await stage.event("message_replace", answer=WORDS[0], reason="moderation")
    await stage.end()


# What Dify does, what becomes of it, and whether Dify is due a stop: where a client or a limit of ours wants one.
SCENES = {
    "talks": (fake_dify.say(*WORDS, pause=0.002), "done", False),
    "talks at once": (fake_dify.say("".join(WORDS)), "done", False),
    "is silent about it": (fake_dify.say(), "done", False),
    "withdraws": (withdraws, "done", False),
    "never ends": (fake_dify.until_stopped(*WORDS), "stopped", True),
    "stalls": (stalls, "incomplete", True),
    "is torn away": (fake_dify.reset_after(*WORDS), "incomplete", False),
    "fails": (fake_dify.events(("message", {"answer": WORDS[0]}), ("error", {"code": "x"})), "incomplete", False),
    "breaks off": (fake_dify.events(("message", {"answer": WORDS[0]})), "incomplete", False),
    "begins too late": (begins_too_late, "error", True),
    "resets": (fake_dify.reset_at_once(), "error", False),
    "has a bad gateway": (fake_dify.raw(b"<html>", 502, "text/html"), "error", False),
    "refuses": (fake_dify.replay("3e_unpublished_streaming"), "error", False),
}


async def play(stage):
    scene, _, is_due = SCENES[(await stage.request.json())["query"]]
    if is_due:
        stage.dify.due.add(stage.task_id)
    await scene(stage)


@pytest.fixture
def seed():
    seed = int(os.environ.get("SOAK_SEED", random.SystemRandom().randrange(10**6)))
    print(f"SOAK_SEED={seed} plays the same again")  # noqa: T201 - pytest shows it where a test failed
    return seed


class Person:
    """Asks at random, and reads, stops, comes back after a lost connection, or leaves for good."""

    def __init__(self, connect, service, dice, queries):
        self.connect = connect
        self.service = service
        self.dice = dice
        self.queries = queries
        self.outcomes = Counter()
        self.asked = 0

    async def live(self):
        self.client = await self.connect(self.service)
        for query in self.queries:
            await self.ask(query)
        await self.client.say({"type": "ping", "timestamp": 7})
        assert await self.client.frame() == {"type": "pong", "timestamp": 7}  # and nothing else was under way
        await self.client.leave()

    async def ask(self, query):
        self.asked += 1
        turn_id = f"t{self.asked}"
        await self.client.ask(query, id=turn_id, stream=True)
        if query != "never ends":
            frames = await self.read(turn_id, self.dice.choice((None, 1, 3, 8)))
        elif self.dice.random() < 0.5:
            frames = [await self.client.frame() for _ in range(self.dice.randrange(2))]
            await self.client.say({"type": "stop", "id": turn_id})
            frames += await self.client.frames_until_end()
        else:
            await self.leave_for_good()
            return
        self.judge(query, frames)

    async def read(self, turn_id, lost_after):
        """All frames of the turn; the connection is lost once on the way, after so many of them."""
        frames = [await self.client.frame()]
        while frames[-1]["type"] == "chat_delta":
            if len(frames) == lost_after:
                await self.come_back(turn_id, len(text_of(frames)))
            frames.append(await self.client.frame())
        return frames

    async def come_back(self, turn_id, offset):
        token = self.client.greeting["resume_token"]
        await self.client.leave()
        self.client = await self.connect(self.service)
        self.client.greeting["resume_token"] = token
        await self.client.say({"type": "resume", "token": token, "id": turn_id, "offset": offset})

    async def leave_for_good(self):
        await self.client.frame()
        await self.client.leave()
        self.client = await self.connect(self.service)

    def judge(self, query, frames):
        *deltas, end = frames
        outcome = end.get("status", end["type"])
        assert outcome == SCENES[query][1], (query, end)
        assert end["type"] == "error" or text_of(deltas) == end["content"], query
        self.outcomes[outcome] += 1


async def nothing_running(http, service):
    """What /health says when no connection and no turn is left."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            async with http.get(f"{service.url}/health") as response:
                health = (await response.json())["data"]
            if health["connections"] == health["turns"] == 0:
                return health
            await asyncio.sleep(0.02)


@pytest.mark.usefixtures("quick_retries")
@pytest.mark.timeout(900)
@pytest.mark.slow
@pytest.mark.parametrize(("people", "rounds"), [(6, 1), (40, 6)])
async def test_whatever_happens_each_turn_ends_once_and_dify_is_stopped_exactly_when_due(
    seed, with_dify, dify, connect, http, people, rounds, monkeypatch
):
    """Each round, all of them ask for each scene, each in an order of their own."""
    monkeypatch.setattr(upstream_call, "MAX_ABANDONED", people * rounds)  # all that begins too late is stopped
    dify.due = set()
    dify.beginning = asyncio.Semaphore(10)
    dify.plays(play)
    service = await with_dify(
        degrade_to_mock=False,
        dify_max_concurrency=100,
        dify_breaker_failures=10**6,
        dify_first_event_timeout=10,
        dify_idle_timeout=10,
        orphan_grace=10,
        mock_mode=False,
    )
    dice = random.Random(seed)
    queries = [dice.sample(list(SCENES) * rounds, len(SCENES) * rounds) for _ in range(people)]
    everybody = [Person(connect, service, random.Random(dice.random()), each) for each in queries]
    await asyncio.gather(*(person.live() for person in everybody))
    dify.released.set()
    await eventually(lambda: len(dify.stops) >= len(dify.due))
    health = await nothing_running(http, service)
    assert sum(health["answers"].values()) == people * rounds * len(SCENES)
    assert sorted(task_id for task_id, _ in dify.stops) == sorted(dify.due)
    assert health["answers"]["done"] == sum(person.outcomes["done"] for person in everybody)
