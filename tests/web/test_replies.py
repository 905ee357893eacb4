"""The types of replies, held against what the routes say."""

import typing

import msgspec
import pytest

from service.web.replies import Checks, Connections, HealthData, ReadyData, Welcome

TOKEN = "0123456789abcdef"


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/", Welcome), ("/health", HealthData), ("/ready", ReadyData), ("/api/admin/connections", Connections)],
)
async def test_a_route_says_what_its_type_has_and_no_more(with_dify, call, path, kind):
    service = await with_dify(admin_token=TOKEN)
    _, reply = await call(service, "GET", path, token=TOKEN)
    assert msgspec.to_builtins(msgspec.convert(reply["data"], kind)) == reply["data"]
    assert set(reply["data"]) <= set(typing.get_type_hints(kind))


async def test_each_check_has_a_word(with_dify, call):
    _, reply = await call(await with_dify(), "GET", "/ready")
    assert set(reply["data"]["checks"]) == set(typing.get_type_hints(Checks))
