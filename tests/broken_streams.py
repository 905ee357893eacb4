"""Answers of the fake Dify whose streams break off while it writes on."""

import asyncio

from service.answers.dify import request_retry, rest_of_answer, run_follower
from tests import fake_dify
from tests.clients import text_of
from tests.conftest import eventually
from tests.fake_workflows import saying_in_parts


def hurry(monkeypatch):
    for name, seconds in (("FIRST_PAUSE_SECONDS", 0.01), ("LONGEST_PAUSE_SECONDS", 0.05)):
        monkeypatch.setattr(run_follower, name, seconds)
    monkeypatch.setattr(rest_of_answer, "STORED_SECONDS", 1)
    monkeypatch.setattr(request_retry, "PAUSE_SECONDS", 0.01)


class Break:
    """A chatflow that says `before`, is cut off, and says `after` when it may."""

    def __init__(self, dify, before, after=(), program=None, cleanly=False):
        self.dify = dify
        self.cut, self.may_go_on = asyncio.Event(), asyncio.Event()
        self.program = program or saying_in_parts(before, after, self.may_go_on)
        dify.plays(
            fake_dify.cut(fake_dify.flow(self.program), self.cut, cleanly=cleanly), fake_dify.say("Asked again!")
        )

    @property
    def run(self):
        return self.dify.workflows.runs[0]

    async def taken_up(self):
        await eventually(lambda: not self.run._subscribers)
        await eventually(lambda: self.run._subscribers)


async def ask(client, **fields):
    """Until the first words have come."""
    await client.ask("Hello", id="q1", stream=True, **fields)
    return [await client.frame()]


async def rest(client, frames):
    frames += await client.frames_until_end()
    assert text_of([frame for frame in frames if frame["type"] == "chat_delta"]) == frames[-1].get("content", "")
    return frames[-1]
