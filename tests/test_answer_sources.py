"""Where answers come from, as the settings say."""

import pytest

from service.answer_sources import Limiters, dify_proxy
from service.settings import Settings
from tests import fake_dify


@pytest.mark.parametrize(("degrades", "outcome"), [(True, ("chat", "mock")), (False, ("error", None))])
async def test_where_dify_fails_a_mock_stands_in_if_it_may(with_dify, dify, connect, degrades, outcome):
    dify.plays(fake_dify.raw(b"", 500))
    client = await connect(await with_dify(degrade_to_mock=degrades))
    answer = await client.answer("/mock help")
    assert (answer["type"], answer.get("source")) == outcome


@pytest.mark.parametrize(("engine", "speaks"), [("auto", True), ("dify", True), ("browser", False), ("off", False)])
async def test_an_answer_is_spoken_only_where_dify_may_speak(start, connect, engine, speaks):
    client = await connect(await start(speech=engine))
    await client.ask("/mock speech", stream=True, audio=True)
    kinds = [frame["type"] for frame in await client.frames_until_end()]
    assert ("chat_audio" in kinds) == speaks


def sizes(answers, processes=1):
    limiters = Limiters(Settings(dify_max_concurrency=answers))
    limiters.divide(processes)
    kinds = (limiters.answers, limiters.calls, limiters.uploads, limiters.large_files)
    return [limiter.limit for limiter in kinds]


def test_all_calls_together_leave_a_tenth_of_the_connections_of_a_dify_as_it_is_shipped():
    assert sizes(answers=5) == [5, 2, 1, 1]


def test_each_kind_of_call_has_at_least_one_slot():
    assert sizes(answers=1) == [1, 1, 1, 1]


def test_several_processes_divide_all_of_them():
    assert sizes(answers=40, processes=4) == [10, 4, 2, 2]


def test_dify_proxy_comes_before_what_the_environment_says(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://common.example.com:3128")
    monkeypatch.setenv("NO_PROXY", "localhost")
    assert dify_proxy(Settings()) == "http://common.example.com:3128"
    assert dify_proxy(Settings(dify_proxy="http://own.example.com")) == "http://own.example.com"
    assert dify_proxy(Settings(dify_api_url="http://dify.example.com/v1")) == ""
    assert dify_proxy(Settings(dify_api_url="http://api/v1", dify_proxy="http://own.example.com")) != ""
