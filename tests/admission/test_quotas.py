"""How much is one user's, one address's, and everybody's."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from service.admission import quotas
from service.admission.caller import Caller, Principal, UserLimits
from service.admission.limit_table import Limits
from service.admission.quotas import UNLIMITED, Quotas, Refusal
from tests.conftest import logged

HOME = Caller("203.0.113.7")


def of(**limits):
    return Quotas(Limits(**limits))


async def ask(given, caller=HOME, user="ann", tokens=None):
    """The reason of a refusal, or None; with `tokens` the answer is over at once."""
    admitted = await given.admit_question(caller, user)
    if isinstance(admitted, Refusal):
        return admitted.reason
    if tokens is not None:
        admitted.end(tokens)
        await given._tasks.finish(within=10)
    return None


async def test_without_limits_nothing_is_refused_and_nothing_is_kept():
    for _ in range(1000):
        assert await ask(UNLIMITED) is None
        assert not isinstance(await UNLIMITED.admit_connection(HOME.address), Refusal)
    assert not UNLIMITED.counts_calls_of(HOME.address)
    assert await UNLIMITED.check_call(HOME.address) is None
    assert (UNLIMITED._leases._held, UNLIMITED.counts()) == ({}, {"limits_hit": {}})
    assert "_counters" not in vars(UNLIMITED)


async def test_questions_of_a_user_are_counted_over_all_addresses():
    given = of(user_questions_per_minute=2)
    callers = [Caller("203.0.113.7"), Caller(None), Caller("203.0.113.8")]
    assert [await ask(given, caller) for caller in callers] == [None, None, "too_many_questions"]
    assert await ask(given, user="bob") is None


async def test_questions_of_an_address_are_counted_over_all_users_and_nobody_is_counted_without_one():
    given = of(address_questions_per_minute=2)
    assert [await ask(given, user=user) for user in "abc"] == [None, None, "address_questions"]
    assert [await ask(given, Caller(None), user) for user in "abc"] == [None] * 3


@pytest.mark.parametrize(
    ("limits", "users", "reason"),
    [({"user_max_answers": 2}, "aaa", "too_many_answers"), ({"address_max_answers": 2}, "abc", "address_answers")],
)
async def test_answers_at_once_are_those_that_have_not_ended(limits, users, reason):
    given = of(**limits)
    first, second, third = users
    running = await given.admit_question(HOME, first)
    assert [await ask(given, user=user) for user in (second, third)] == [None, reason]
    running.end(tokens=0)
    assert await ask(given, user=third) is None


async def test_a_budget_is_used_up_by_what_answers_took_until_midnight(monkeypatch):
    given = of(user_tokens_per_day=100, tokens_per_day=150)
    assert [await ask(given, tokens=99), await ask(given, tokens=20), await ask(given)] == [None, None, "daily_budget"]
    assert [await ask(given, user="bob", tokens=31), await ask(given, user="bob")] == [None, "total_budget"]
    refusal = await given.admit_question(HOME, "ann")
    assert 0 < refusal.retry_after <= 24 * 60 * 60 * 1000
    now = datetime(2026, 12, 31, 23, 59, 30, tzinfo=UTC)
    assert quotas._seconds_until_midnight(now) == 30


async def test_what_a_users_token_says_counts_instead_of_the_settings():
    given = of(user_questions_per_minute=1, user_max_answers=1, user_tokens_per_day=1)
    own = Caller(None, Principal("ann", limits=UserLimits(3, 0, 0)))
    assert [await ask(given, own, tokens=50) for _ in range(4)] == [None, None, None, "too_many_questions"]
    assert [await ask(given, Caller(None, Principal("bob")), "bob", tokens=1) for _ in range(2)] == [
        None,
        "daily_budget",
    ]
    strict = Caller(None, Principal("eve", limits=UserLimits(answers_at_once=1)))
    assert [await ask(of(), strict, "eve")] == [None]
    unlimited = of()
    assert [await ask(unlimited, strict, "eve") for _ in range(2)] == [None, "too_many_answers"]


async def test_connections_of_an_address_at_once_and_within_a_minute():
    given = of(address_max_connections=2, address_handshakes_per_minute=4)
    first, _ = [await given.admit_connection("203.0.113.7") for _ in range(2)]
    assert (await given.admit_connection("203.0.113.7")).reason == "address_connections"
    first.give_back()
    assert not isinstance(await given.admit_connection("203.0.113.7"), Refusal)
    assert (await given.admit_connection("203.0.113.7")).reason == "address_handshakes"
    for _ in range(9):
        assert not isinstance(await given.admit_connection(None), Refusal)


async def test_calls_and_their_bytes():
    given = of(address_calls_per_minute=3, address_bytes_per_minute=100)
    assert given.counts_calls_of("203.0.113.7")
    assert not given.counts_calls_of(None)
    assert [await given.check_call("203.0.113.7") for _ in range(3)] == [None] * 3
    assert (await given.check_call("203.0.113.7")).reason == "address_calls"
    await given.add_bytes("203.0.113.8", 99)
    assert await given.check_call("203.0.113.8") is None
    await given.add_bytes("203.0.113.8", 500)
    assert (await given.check_call("203.0.113.8")).reason == "address_bytes"


async def check(given, utterance, times=1, address="203.0.113.7"):
    """How many of so many calls were let in."""
    return [await given.check_call(address, utterance) for _ in range(times)].count(None)


async def test_four_recordings_of_an_utterance_are_one_call_and_the_fifth_is_another():
    given = of(address_calls_per_minute=2)
    assert await check(given, "a", 8) == 8
    assert await check(given, "a", 3) == 0
    assert await check(given, "b") == 0
    assert await check(given, "a", address="203.0.113.8") == 1
    assert given.counts() == {"limits_hit": {"address_calls_per_minute": 4}}


async def test_what_follows_a_recording_that_was_refused_is_refused_too():
    given = of(address_calls_per_minute=1)
    assert await check(given, "") == 1
    assert await check(given, "a", 3) == 0


async def test_an_utterance_is_over_after_two_minutes(monkeypatch):
    given, now = of(address_calls_per_minute=1), [1_800_000_000.0]
    for module in ("limits.aio.storage.memory", "service.admission.counters"):
        monkeypatch.setattr(f"{module}.time", SimpleNamespace(time=lambda: now[0]))
    assert await check(given, "a", 2) == 2
    assert await check(given, "b") == 0
    for seconds in (119, 2, 1):
        now[0] += seconds
        assert await check(given, "a") == 1
    assert await check(given, "b") == 0  # the minute's call went to the utterance, which had begun anew


async def test_bytes_count_whatever_is_said():
    given = of(address_calls_per_minute=9, address_bytes_per_minute=100)
    await check(given, "a")
    await given.add_bytes("203.0.113.7", 200)
    assert (await given.check_call("203.0.113.7", "a")).reason == "address_bytes"


async def test_where_calls_have_no_limit_utterances_are_not_kept():
    given = of(address_bytes_per_minute=100)
    assert await check(given, "a", 9) == 9
    assert not [name for name in given._counters._storage.storage if "utterance" in name]


async def test_a_refusal_says_when_to_try_again_as_a_frame_and_as_a_header():
    refusal = Refusal("address_calls", "…", 1001)
    assert refusal.headers == {"Retry-After": "2"}
    assert refusal.data == {"reason": "address_calls", "retry_after": 1001}


async def test_each_limit_that_is_hit_is_counted_by_its_setting_and_logged_at_most_once_a_minute(events):
    given = of(user_questions_per_minute=1, address_max_answers=5)
    for _ in range(9):
        await ask(given)
    assert given.counts() == {"limits_hit": {"user_questions_per_minute": 8, "address_max_answers": 0}}
    (told,) = logged(events, "quotas.exceeded")
    assert (told["setting"], told["log_level"]) == ("USER_QUESTIONS_PER_MINUTE", "warning")


async def test_the_log_names_the_latest_address_that_hit_a_limit_of_addresses(events):
    given = of(address_calls_per_minute=1)
    for _ in range(2):
        await given.check_call("2001:db8:1:2::/64")
    (told,) = logged(events, "quotas.exceeded")
    assert (told["setting"], told["latest_address"]) == ("ADDRESS_CALLS_PER_MINUTE", "2001:db8:1:2::/64")


async def test_tokens_that_are_being_counted_are_counted_at_the_end():
    given = of(tokens_per_day=10)
    (await given.admit_question(HOME, "ann")).end(11)
    await given.close()
    assert await ask(given) == "total_budget"


async def test_limits_is_imported_only_where_something_is_counted(run):
    code = (
        "import sys; from service.app import create_app; from service.settings import Settings\n"
        "from dataclasses import replace\n"
        "create_app(replace(Settings(), user_questions_per_minute=0, address_questions_per_minute=0,"
        " address_handshakes_per_minute=0, address_calls_per_minute=0, address_bytes_per_minute=0))\n"
        "print('limits' in sys.modules); create_app(Settings()); print('limits' in sys.modules)"
    )
    process = await run("-c", code)
    out, _ = await process.process.communicate()
    assert out.split() == [b"False", b"True"]


async def test_the_leases_run_until_they_are_cancelled():
    await of().run()
