"""The WebSocket's document: it has each frame, and its examples are frames."""

import asyncio
import re
import typing

import msgspec
import pytest
from jsonschema import Draft202012Validator

from service.admission.subprotocols import BEARER, DIFY_LIVE
from service.chat import close_codes
from service.chat.client_messages import ClientMessage
from service.chat.server_messages import ServerMessage
from service.web.asyncapi import asyncapi
from tests.conftest import ROOT
from tests.page.browser import NODE


def test_it_has_each_frame_in_its_direction():
    for action, union in (("receive", ClientMessage), ("send", ServerMessage)):
        names = {kind.__name__ for kind in typing.get_args(union)}
        operations = [each for each in asyncapi()["operations"].values() if each["action"] == action]
        assert len(operations) == 2
        assert all({it["$ref"].rpartition("/")[2] for it in each["messages"]} == names for each in operations)


def test_each_field_says_what_it_means():
    messages = asyncapi()["components"]["messages"]
    for name in messages:
        fields = asyncapi()["components"]["schemas"][name]["properties"]
        assert [field for field, schema in fields.items() if field != "type" and not schema.get("description")] == []


@pytest.mark.parametrize("name", sorted(asyncapi()["components"]["messages"]))
def test_an_example_fits_its_schema(name):
    (example,) = asyncapi()["components"]["messages"][name]["examples"]
    schema = {"$ref": f"#/components/schemas/{name}", "components": asyncapi()["components"]}
    assert list(Draft202012Validator(schema).iter_errors(example["payload"])) == []


def test_it_says_after_which_close_codes_not_to_come_back():
    words = asyncapi()["info"]["description"].partition("\n")[0]
    assert words.endswith(f"from {close_codes.DO_NOT_RECONNECT_FROM} on, and after 1008, do not come back by yourself:")
    final = [closing.code for closing in close_codes.ADVICE if not closing.may_reconnect]
    assert min(final) == 1008
    assert all(code >= close_codes.DO_NOT_RECONNECT_FROM for code in final if code != 1008)


def test_it_says_where_the_service_is_and_how_users_prove_who_they_are():
    schemes = asyncapi()["components"]["securitySchemes"]
    assert {scheme["type"] for scheme in schemes.values()} == {"http", "httpApiKey"}
    for server in asyncapi()["servers"].values():
        assert {it["$ref"].rpartition("/")[2] for it in server["security"]} == {*schemes}
        assert set(re.findall(r"{(\w+)}", server["host"] + server["pathname"])) == {*server["variables"]}
        assert "auth frame" in server["description"]
    assert f'["{DIFY_LIVE}", "{BEARER}" + jwt]' in schemes["subprotocol"]["description"]


def test_it_can_be_written_as_json():
    assert msgspec.json.decode(msgspec.json.encode(asyncapi())) == asyncapi()


@pytest.mark.slow
async def test_the_official_validator_takes_it():
    folder = ROOT / "tests/asyncapi"
    if NODE is None or not (folder / "node_modules").exists():
        pytest.skip("no Node.js, or npm did not bring @asyncapi/parser")
    for document, faults in ((asyncapi(), 0), (asyncapi() | {"channels": {"chat": {"address": 7}}}, 1)):
        process = await asyncio.create_subprocess_exec(NODE, folder / "validate.mjs", stdin=-1, stdout=-1, stderr=-1)
        out, errors = await process.communicate(msgspec.json.encode(document))
        process._transport.close()
        assert (process.returncode, errors.decode()) == (0, "")
        assert min(1, len(out.splitlines())) == faults, out.decode()
