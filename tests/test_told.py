"""The watch over secrets finds what it is for."""

import json

import pytest

from tests.fake_dify import KEY
from tests.told import Told

TOKEN = "0123456789abcdef" * 2
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("heard", "logged", "leaks"),
    [
        ([f"the key is {KEY}!"], [], [KEY]),
        ([], [{"event": "a", "error": f"401 for {KEY}"}], [KEY]),
        ([], [{"event": "redis.lost", "error": "no pass-of-redis"}], ["pass-of-redis"]),
        ([json.dumps({"resume_token": TOKEN})], [], []),
        ([json.dumps({"resume_token": TOKEN})], [{"event": "a", "user": TOKEN}], [TOKEN]),
        ([f"who are you, {JWT}?"], [], [JWT]),
        ([], [{"event": "a", "protocols": f"dify-live, bearer.{JWT}"}], [JWT]),
        (["nothing"], [{"event": "nothing"}], []),
        (
            ["metrics-token-of-one"],
            [{"event": "a", "token": "admin-token-of-one"}],
            ["admin-token-of-one", "metrics-token-of-one"],
        ),
    ],
)
def test_a_secret_is_found_wherever_it_is_told(heard, logged, leaks):
    told = Told()
    told.keep({"METRICS_TOKEN": "metrics-token-of-one", "ADMIN_TOKEN": "admin-token-of-one"})
    told.keep({"DIFY_API_KEY": KEY, "redis_url": "redis://:pass-of-redis@h:6379", "app_name": "What anybody may know"})
    told.heard += heard
    told.log(logged)
    assert told.leaks() == leaks


async def test_nothing_secret_is_told_of_debugging(run, http, connect, tmp_path):
    """A process at DEBUG, which logs header fields and frames; the watch over each test reads them."""
    secrets = {"DIFY_API_KEY": KEY, "MOCK_MODE": "True", "DEBUG": "True"}
    process = await (await run(**secrets)).until_up(http)
    client = await connect(process, headers={"Authorization": f"Bearer {JWT}", "Cookie": "session=of-somebody"})
    token = client.greeting["resume_token"]
    await client.say({"type": "resume", "token": token})
    assert (await client.frame())["resume_token"] == token
    await client.answer("What people write")
    async with http.get(f"{process.url}/api/app?token={JWT}", headers={"Authorization": f"Bearer {token}"}) as response:
        assert response.status == 200
    await client.leave()
    await process.end(sent=15)
    lines = "".join(process.lines)
    assert "What people write" in lines
    assert "of-somebody" not in lines
    assert (tmp_path / "logs" / "info.log").exists()
