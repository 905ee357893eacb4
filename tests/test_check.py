"""`python -m service check`: a line for each thing, and a fix for what is wrong."""

import asyncio
from dataclasses import replace

import pytest

from service.check import check
from service.settings import Settings
from tests import fake_dify
from tests.fake_dify import KEY
from tests.fake_proxy import buffering_proxy
from tests.fake_workflows import asking_human, saying, saying_until
from tests.forward_proxy import ForwardProxy


@pytest.fixture
async def run(dify, tmp_path, capsys):
    """Whether all is well, and the lines that were printed."""

    async def run(load=0, **changes):
        good = {
            "dify_api_url": dify.url,
            "dify_api_key": KEY,
            "mock_mode": False,
            "log_dir": str(tmp_path / "logs"),
            "port": 0,
        }
        is_well = await check(replace(Settings(), **(good | changes)), load)
        return is_well, capsys.readouterr().out

    return run


async def test_when_all_is_well_each_line_says_what_was_found(run, dify):
    dify.plays(fake_dify.say("One ", "two ", "three.", pause=0.02))
    is_well, out = await run()
    assert is_well
    assert [line[:6] for line in out.splitlines()] == ["ok    "] * 16
    assert '"Ward 7", basic chat' in out
    assert "Set ALLOWED_HOSTS" in out
    assert "speech to text on, text to speech on, upload off" in out
    assert "3 pieces" in out
    assert f"address: {dify.url}, asked without a proxy" in out
    assert KEY not in out


async def test_the_way_through_a_proxy_is_told_without_its_password(run, dify, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "localhost")
    monkeypatch.setenv("HTTPS_PROXY", "http://me:password-of-it@127.0.0.1:1")
    is_well, out = await run(dify_api_url="https://dify.example.com/v1")
    assert not is_well
    assert "https://dify.example.com/v1, through the proxy http://***@127.0.0.1:1 (HTTPS_PROXY)" in out
    _, out = await run(dify_proxy="http://127.0.0.1:1")
    assert "through the proxy http://127.0.0.1:1 (DIFY_PROXY)" in out
    assert "password-of-it" not in out


async def test_a_proxy_that_refuses_is_told_in_its_own_words(run, dify):
    proxy = ForwardProxy(1, b"407 Proxy Authentication Required")
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    _, out = await run(dify_api_url="https://dify.example.com/v1", dify_proxy=address)
    assert "FAIL  dify: unreachable: the proxy replied 407 Proxy Authentication Required" in out
    assert "Does the proxy let this machine through" in out
    server.close()
    await server.wait_closed()


async def test_the_folder_of_the_logs_is_told_as_it_is(run, dify, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, out = await run(mock_mode=True, log_dir="")
    assert f"logs: info.log, error.log in {tmp_path}, and the console" in out
    assert list(tmp_path.iterdir()) == []


async def test_a_log_file_that_cannot_be_written_is_told_where_its_folder_can(run, dify, tmp_path):
    (tmp_path / "error.log").mkdir()
    is_well, out = await run(mock_mode=True, log_dir=str(tmp_path))
    assert not is_well
    assert f"no files can be written in {tmp_path}: " in out
    assert "the log goes to the console only" in out


async def test_another_program_s_variable_is_no_failure(run, dify, monkeypatch):
    monkeypatch.setenv("LOG_LEVELS", "1")
    is_well, out = await run(mock_mode=True)
    assert is_well
    assert "warn  settings: LOG_LEVELS is no setting of this service\n      → Is LOG_LEVEL meant?" in out


async def test_in_mock_mode_dify_is_not_asked(run, dify):
    is_well, out = await run(mock_mode=True)
    assert is_well
    assert "mock mode" in out
    assert dify.checks == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dify_api_key": "app-wrong"}, "Copy the app's key"),
        ({"dify_api_url": "http://no-such-host.invalid/v1"}, "Is the host name in DIFY_API_URL right"),
        ({"log_dir": "/dev/null/logs"}, "Set LOG_DIR"),
    ],
)
async def test_what_is_wrong_comes_with_its_fix(run, changes, words):
    is_well, out = await run(**changes)
    assert not is_well
    assert "FAIL" in out
    assert words in out


async def test_redis_is_asked_where_it_is_set(run, dify, redis):
    is_well, out = await run(mock_mode=True, redis_url=redis.url)
    assert is_well
    assert "ok    redis: joins the processes" in out


async def test_redis_that_is_away_is_said_so_without_its_password(run, dify):
    is_well, out = await run(mock_mode=True, redis_url="unix://:secret@/nowhere/redis.sock")
    assert not is_well
    assert "FAIL  redis: " in out
    assert "Does a Redis 6.2 or newer run at REDIS_URL" in out
    assert "secret" not in out


async def test_a_wrong_path_is_no_dify(run, dify):
    is_well, out = await run(dify_api_url=dify.url.removesuffix("/v1"))
    assert not is_well
    assert "with /v1" in out


async def test_json_that_is_none_is_no_reply(run, dify):
    dify.info = fake_dify.raw(b"[1]", 200, "application/json")
    is_well, out = await run()
    assert not is_well
    assert "lost" in out


@pytest.mark.parametrize(("mode", "words"), [("workflow", "runs once"), ("completion", "writes one text")])
async def test_an_app_that_does_not_chat_is_the_wrong_one_and_is_not_asked(run, dify, mode, words):
    dify.mode = mode
    is_well, out = await run()
    assert not is_well
    assert f"is of kind {mode}: it {words}" in out
    assert (out.count("FAIL"), dify.questions) == (1, [])


@pytest.mark.parametrize(("mode", "words"), [("agent", "agent of the new kind"), ("oracle", "of kind oracle")])
async def test_a_new_kind_of_app_is_asked(run, dify, mode, words):
    dify.mode = mode
    is_well, out = await run()
    assert is_well
    assert words in out


async def test_limits_of_dify_are_named(run, dify):
    _, out = await run(dify_max_concurrency=17)
    for words in (
        "DIFY_MAX_CONCURRENCY is 17",
        "SERVER_WORKER_CONNECTIONS",
        "CELERY_WORKER_AMOUNT",
        "CELERY_MAX_WORKERS",
    ):
        assert words in out


async def test_required_inputs_are_made_up(run, dify):
    dify.parameters |= {"user_input_form": [{"text-input": {"variable": "name", "required": True}}]}
    is_well, _ = await run()
    assert is_well
    assert dify.questions[0]["inputs"] == {"name": "test"}


async def test_an_app_that_requires_a_file_is_not_asked(run, dify):
    dify.parameters |= {"user_input_form": [{"file": {"variable": "scan", "required": True}}]}
    is_well, out = await run(load=3)
    assert is_well
    assert "requires a file" in out
    assert dify.questions == []


async def test_a_proxy_that_holds_words_back_is_found(run, dify, aiohttp_server):
    dify.plays(fake_dify.say(*["word "] * 80, pause=0.01))
    proxy = await aiohttp_server(buffering_proxy(dify.url.removesuffix("/v1")))
    is_well, out = await run(dify_api_url=str(proxy.make_url("/v1")))
    assert not is_well
    assert "bursts: they are held back on the way" in out
    assert "proxy_buffering off" in out


@pytest.mark.parametrize(
    ("scene", "words"),
    [
        (fake_dify.until_stopped("One, "), "of 4 questions at once Dify answered 4 at the same time: a larger number"),
        (fake_dify.replay("3e_429_too_many_streaming"), "answered 0 at the same time; 4 failed: busy"),
    ],
)
async def test_load_is_asked_for_and_told(run, dify, scene, words):
    dify.plays(fake_dify.say("Hi"), scene)
    _, out = await run(load=4)
    assert words in out


async def test_load_says_what_to_set(run, dify, monkeypatch):
    monkeypatch.setattr("service.check_answers.LOAD_SECONDS", 0.5)
    dify.plays(fake_dify.say("Hi"), fake_dify.flow(saying(*["word "] * 20, pause=0.1)))
    is_well, out = await run(load=3)
    assert is_well
    assert "Dify answered 1 at the same time" in out
    assert "Set DIFY_MAX_CONCURRENCY to 1" in out
    assert len(dify.stops) == 3


async def test_load_is_bounded_and_nothing_without_being_asked_for(run, dify, monkeypatch):
    monkeypatch.setattr("service.check.MAX_LOAD", 2)
    await run()
    assert len(dify.questions) == 1
    await run(load=1000)
    assert len(dify.questions) == 4


@pytest.mark.parametrize(
    ("date", "words"), [("Thu, 01 Jan 1970 00:00:00 GMT", "differs"), ("Fri, 31 Dec 9999 23:59:59 GMT", "differs")]
)
async def test_a_clock_that_is_off_is_said_so(run, dify, date, words):
    dify.info_headers = {"Date": date}
    is_well, out = await run()
    assert not is_well
    assert words in out


@pytest.mark.parametrize("date", ["nonsense", ""])
async def test_a_clock_that_cannot_be_read_is_not_held_against_dify(run, dify, date):
    dify.info_headers = {"Date": date}
    is_well, out = await run()
    assert is_well
    assert "does not tell" in out


async def test_an_app_that_fails_to_answer_is_said_so(run, dify):
    dify.plays(fake_dify.replay("3e_unpublished_streaming"))
    is_well, out = await run()
    assert not is_well
    assert "Publish the app" in out


async def test_an_answer_that_comes_late_and_in_one_piece_was_held_back(run, dify, monkeypatch):
    monkeypatch.setattr("service.check_answers.BUFFERED_AFTER_SECONDS", 0.0)
    dify.plays(fake_dify.replay("1s_basic_short", fake_dify.all_at_once))
    is_well, out = await run()
    assert not is_well
    assert "proxy_buffering off" in out


async def test_an_app_that_waits_for_a_person_is_well_and_its_form_stays_open(run, dify):
    dify.plays(fake_dify.flow(asking_human("Draft.", token="t0")))
    is_well, out = await run()
    assert is_well
    assert "ok    answer: waits for a person to decide: the app asks people" in out
    (form,) = dify.workflows.forms.values()
    assert (form.submitted.done(), dify.stops) == (False, [])


async def test_an_answer_that_does_not_end_is_given_up_and_stopped(run, dify, monkeypatch):
    monkeypatch.setattr("service.check.MAX_ANSWER_SECONDS", 1)
    dify.plays(fake_dify.flow(saying_until(dify.released, "word ")))
    is_well, out = await run()
    assert not is_well
    assert "CELERY_WORKER_AMOUNT" in out
    assert len(dify.stops) == 1


async def test_an_answer_without_a_word_is_an_answer(run, dify):
    dify.plays(fake_dify.replay("1s_basic_zero_tokens"))
    is_well, out = await run()
    assert is_well
    assert "without a word" in out


async def test_the_hosts_that_are_served_are_told(run):
    assert (
        "asked under chat.example.com, *.ward.example"
        in (await run(mock_mode=True, allowed_hosts=("chat.example.com", "*.ward.example")))[1]
    )
