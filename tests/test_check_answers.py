"""What the check learns by asking: of a proxy that holds words back, and of how many answers Dify writes at once."""

import asyncio

import pytest

from service import check_answers
from service.answers.dify.answerer import DifyAnswerer
from service.answers.dify.client import DifyClient
from service.answers.dify.timeouts import Timeouts
from service.check_answers import is_buffered, measure_load
from tests import fake_dify
from tests.conftest import eventually
from tests.fake_workflows import saying


@pytest.fixture
async def answerer(dify):
    source = DifyAnswerer(DifyClient(dify.url, fake_dify.KEY, 5, 60), Timeouts(30, 60, 120, 1200))
    yield source
    await source.close()


@pytest.mark.parametrize(
    "reads",
    [
        [(1.5, 60)],
        [(1.0, 13), (1.3, 13), (1.6, 13), (1.9, 4)],
        [(1.0, 13), (1.3, 12), (1.4, 1), (1.4, 1)],
    ],
)
def test_bursts_again_and_again_were_held_back(reads):
    assert is_buffered(reads)


@pytest.mark.parametrize(
    "reads",
    [
        [],
        [(0.2, 60)],
        [(1.5, 1)],
        [(0.1 * number, 1) for number in range(60)],
        [(0.010, 20), (0.015, 20), (0.020, 20)],
        [(0.1, 13), *((0.2 + 0.1 * number, 2) for number in range(60))],
        [(1.0, 13), (1.3, 3)],
    ],
)
def test_what_comes_as_it_is_written_was_not(reads):
    assert not is_buffered(reads)


async def test_of_chatflows_as_many_are_answered_at_once_as_there_are_workers(dify, answerer, monkeypatch):
    monkeypatch.setattr("service.answers.dify.timeouts.QUEUED_AFTER_SECONDS", 0.05)
    dify.workflows.worker = asyncio.Semaphore(2)
    dify.plays(fake_dify.flow(saying(*["word "] * 20, pause=0.05)))
    load = await measure_load(answerer, 6, {"name": "test"})
    assert (load.asked, load.most, load.queued, load.failed, load.left) == (6, 2, 4, {}, 0)
    assert {str(question["inputs"]) for question in dify.questions} == {"{'name': 'test'}"}


async def test_what_still_runs_when_all_have_begun_is_stopped(dify, answerer):
    dify.plays(fake_dify.until_stopped("One, "))
    load = await measure_load(answerer, 8, {})
    assert (load.most, load.left) == (8, 0)
    assert len({task for task, _ in dify.stops}) == 8


async def test_what_has_not_begun_in_time_is_given_up_and_counted(dify, answerer, monkeypatch):
    monkeypatch.setattr(check_answers, "LOAD_SECONDS", 1.5)
    monkeypatch.setattr(check_answers, "STOP_SECONDS", 0.1)
    dify.plays(fake_dify.until_stopped("One, "), fake_dify.think_until(dify.released, fake_dify.until_stopped("One, ")))
    load = await measure_load(answerer, 3, {})
    assert (load.most, load.left) == (1, 2)
    dify.released.set()
    await eventually(lambda: len(dify.stops) == 3)


async def test_refusals_are_counted_by_reason(dify, answerer):
    dify.plays(fake_dify.say("Hi"), fake_dify.replay("3e_429_too_many_streaming"))
    load = await measure_load(answerer, 3, {})
    assert (load.most, load.failed) == (1, {"busy": 2})
