"""Paused runs of the fake Dify, without the rest of the service."""

import pytest

from service.answers.dify.answerer import DifyAnswerer
from service.answers.dify.client import DifyClient
from service.answers.dify.timeouts import Timeouts
from tests import fake_dify
from tests.conftest import PATIENCE_SECONDS
from tests.fake_dify import KEY


@pytest.fixture
async def answerer(dify):
    timeouts = Timeouts(PATIENCE_SECONDS, PATIENCE_SECONDS, PATIENCE_SECONDS, PATIENCE_SECONDS)
    answerer = DifyAnswerer(DifyClient(dify.url, KEY, PATIENCE_SECONDS, PATIENCE_SECONDS), timeouts)
    yield answerer
    await answerer.close()


@pytest.fixture
def begin(dify, http):
    """Ask a question; returns the run, once it is paused or over."""

    async def begin(program, conversation_id=None):
        dify.plays(fake_dify.flow(program))
        question = {"query": "Hi", "user": "user", "inputs": {}, "response_mode": "streaming"}
        question |= {"conversation_id": conversation_id} if conversation_id else {}
        headers = {"Authorization": f"Bearer {KEY}"}
        async with http.post(f"{dify.url}/chat-messages", json=question, headers=headers) as reply:
            await reply.read()
        return dify.workflows.runs[-1]

    return begin
