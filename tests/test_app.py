"""How the parts are wired."""

import pytest

from service import app as app_module
from service.app import create_app
from service.settings import Settings
from tests.conftest import eventually, logged


@pytest.mark.parametrize(
    ("key", "why"), [("", "DIFY_API_KEY is not set"), ("app-key-of-a-test", "asked for by MOCK_MODE")]
)
async def test_at_start_it_says_what_it_is_set_to_and_why_it_mocks(start, events, key, why):
    service = await start(dify_api_key=key)
    assert [event["why"] for event in logged(events, "service.mock_mode")] == [why]
    (started,) = logged(events, "service.started")
    assert (started["mode"], key in repr(started) and bool(key)) == ("mock", False)
    await service.stop()
    assert logged(events, "service.stopped")[0]["answers"] == {}


async def test_with_dify_it_says_whether_dify_answers(with_dify, events):
    await with_dify()
    await eventually(lambda: logged(events, "dify.ready"))


async def test_when_all_has_stopped_it_says_so():
    ended = []
    app = create_app(Settings(), at_end=lambda: ended.append(True))
    async with app.router.lifespan_context(app):
        assert ended == []
    assert ended == [True]


async def test_the_turns_that_still_run_at_its_end_are_counted(start, connect, events):
    service = await start(mock_tokens_per_second=0.1)
    client = await connect(service)
    await client.ask("Hello", stream=True)
    await client.frame()
    await service.stop()
    assert logged(events, "service.stopped")[0]["answers"] == {"incomplete": 1}


def test_uvicorn_finds_the_app_by_its_name_and_nothing_else(monkeypatch):
    with pytest.raises(AttributeError):
        _ = app_module.nothing
    monkeypatch.setenv("PORT", "eight")
    with pytest.raises(SystemExit) as refused:
        _ = app_module.app
    assert "PORT" in str(refused.value)


CREATE = "import sys; from service import app, settings_reader; app.create_app(settings_reader.read_settings())"


@pytest.mark.parametrize(("settings", "is_imported"), [({}, 0), ({"REDIS_URL": "unix:///nowhere/redis.sock"}, 1)])
async def test_the_client_of_redis_is_imported_only_where_it_is_used(run, settings, is_imported):
    process = await run("-c", f"{CREATE}; sys.exit('redis' in sys.modules)", **settings)
    assert await process.end() == (is_imported, "")


@pytest.mark.parametrize(("settings", "is_imported"), [({}, 0), ({"METRICS_TOKEN": "metrics-token-of-tests"}, 1)])
async def test_the_client_of_prometheus_is_imported_only_where_it_is_used(run, settings, is_imported):
    process = await run("-c", f"{CREATE}; sys.exit('prometheus_client' in sys.modules)", **settings)
    assert await process.end() == (is_imported, "")
