"""A source while it is read, and how it is stopped."""

import asyncio

import pytest

from service.answers.base import Text
from service.answers.demand import Demand
from service.chat import reading as reading_module
from service.chat.reading import Reading
from service.tasks import Tasks
from tests.conftest import PATIENCE_SECONDS
from tests.scripted import Scripted


@pytest.fixture
async def read():
    """Begin to read what a script says."""
    tasks = Tasks()

    def read(source):
        answer = source.ask("question")
        return Reading(answer, Demand(), tasks, answer.stream(lambda _: None))

    yield read
    await tasks.finish(within=PATIENCE_SECONDS)


@pytest.mark.parametrize("ignores_stops", [False, True])
async def test_only_the_end_of_the_stream_proves_a_stop_and_what_does_not_end_is_dropped(
    read, events, monkeypatch, ignores_stops
):
    monkeypatch.setattr(reading_module, "STOP_TIMEOUT_SECONDS", 0.02 if ignores_stops else PATIENCE_SECONDS)
    source = Scripted(Text("half"), ends=False)
    source.ignores_stops = ignores_stops
    reading = read(source)
    reading.stop("t")
    await asyncio.wait([reading.task])
    assert (source.stops, reading.task.cancelled()) == (1, ignores_stops)
    assert [(event["event"], event["turn_id"]) for event in events] == [("turn.stop_unproven", "t")] * ignores_stops


async def test_a_source_may_be_left_alone(read):
    source = Scripted(ends=False)
    reading = read(source)
    reading.cancel()
    await asyncio.wait([reading.task])
    assert source.stops == 0


async def test_the_turn_may_end_before_its_source_and_its_demand_knows(read):
    source = Scripted(ends=False)
    reading = read(source)
    reading.end()
    assert (reading.demand.is_ending, reading.task.done()) == (True, False)
    source.put(None)
