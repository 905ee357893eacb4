"""The examples of routes: each is asked as it stands on the page, by a shell, and told what stands there."""

import asyncio
import json
import os
import re
import shutil

import pytest
from jsonschema import Draft202012Validator

from service.answers.mock.scripts import FILE_NAME
from service.web.examples import Example
from service.web.openapi import openapi
from service.web.operations import OPERATIONS
from service.web.route_examples import EXAMPLES, HANDSHAKE
from tests.wire_schemas import reply_faults

TOKENS = {"METRICS_TOKEN": "metrics-token-of-one", "ADMIN_TOKEN": "admin-token-of-one", "token": "0a" * 16}
COUNTS_OF_PROCESS = {"answers", "log_lines_dropped"}  # what other tests did is in them, too
NOT_READY = EXAMPLES["get /ready"].failure
needs_curl = pytest.mark.skipif(not shutil.which("curl"), reason="no curl on this machine")


@pytest.fixture
def ask(tmp_path):
    """Ask by the line of an example; returns status, media type and body, of which a file is one, too."""
    (tmp_path / "plan.txt").write_text("Ward 7 is on the third floor.\n")

    async def ask(service, example):
        line = example.curl.replace("localhost:8000", f"127.0.0.1:{service.port}")
        process = await asyncio.create_subprocess_exec(
            "bash", "-euc", f"{line} -s -w '\\n%{{http_code}} %{{content_type}}'", cwd=tmp_path,
            env={"PATH": os.environ["PATH"], **TOKENS}, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        body, _, told = (await process.communicate())[0].rpartition(b"\n")
        process._transport.close()
        if file := re.search(r" -o (\S+)", line):
            body = (tmp_path / file[1]).read_bytes()
        status, _, media = told.decode().partition(" ")
        return int(status), media.partition(";")[0], body

    return ask


def shape(value):
    if isinstance(value, dict):
        return {name: dict if name in COUNTS_OF_PROCESS else shape(each) for name, each in value.items()}
    return [shape(each) for each in value[:1]] if isinstance(value, list) else type(value)


def stable(reply):
    """What is the same each time: of an envelope the code; of a failure its words and its reason, too."""
    if reply.get("code", 200) == 200:
        return reply.get("code"), reply.get("message")
    return reply["code"], reply["message"], (reply["data"] or {}).get("reason")


def beginnings(text):
    """Of a metric's line all but its value."""
    return [line.rpartition(" ")[0] for line in text.splitlines()]


def is_as_told(example, body):
    if example.reply is None:
        return True
    if isinstance(example.reply, str):
        return set(beginnings(example.reply)) <= set(beginnings(body.decode()))
    reply = json.loads(body)
    return (shape(reply), stable(reply)) == (shape(example.reply), stable(example.reply))


def faults(name, example, status, media, body):
    method, _, path = name.partition(" ")
    path = path.replace("{client_id}", "ward-7").replace("{message_id}", "m").replace("{path}", FILE_NAME)
    asked = "DELETE" if "-X DELETE" in example.curl else method
    return reply_faults(asked.upper(), path, status, media, body)


@needs_curl
async def test_each_example_is_told_what_stands_on_the_page(start, connect, ask):
    tokens = {name.lower(): token for name, token in TOKENS.items() if name.isupper()}
    service = await start(user_questions_per_minute=60, **tokens)
    await connect(service, "/ws/chat/ward-7", origin=None)
    for name, pair in EXAMPLES.items():
        for example in pair:
            if example is not NOT_READY:
                status, media, body = await ask(service, example)
                assert (status, media) == (example.status, example.media), example.curl
                assert is_as_told(example, body), (example.curl, body)
                assert faults(name, example, status, media, body) == []
    assert is_as_told(HANDSHAKE, (await ask(service, HANDSHAKE))[2])


@needs_curl
async def test_a_service_whose_dify_cannot_be_reached_says_so(start, ask, unused_tcp_port):
    url = f"http://127.0.0.1:{unused_tcp_port}/v1"
    service = await start(dify_api_url=url, dify_api_key="app-x", mock_mode=False, degrade_to_mock=False)
    status, _, body = await ask(service, NOT_READY)
    assert (status, is_as_told(NOT_READY, body)) == (503, True)


def test_an_example_that_tells_otherwise_is_found():
    example = Example("curl", {"code": 200, "message": "Fine", "data": {"name": "", "files": []}})
    good = json.dumps(example.reply).encode()
    assert is_as_told(example, good)
    for other in (b'"name": 1', b'"name": "", "more": 1'):
        assert not is_as_told(example, good.replace(b'"name": ""', other))
    metric = Example("curl", 'up{worker="1"} 12.0', media="text/plain")
    assert is_as_told(metric, b'up{worker="1"} 0.0')
    assert not is_as_told(metric, b'up{worker="1",more=""} 12.0')


def test_each_route_has_its_examples_and_nothing_else_has():
    assert sorted(EXAMPLES) == sorted(f"{it.method} {it.path}" for it in OPERATIONS)


def test_each_example_stands_in_the_schema_and_fits_it():
    found = []
    for path in openapi()["paths"].values():
        for operation in path.values():
            parts = [*operation["responses"].values(), operation.get("requestBody", {})]
            for content in [it for part in parts for it in part.get("content", {}).values() if "examples" in it]:
                (example,) = content["examples"].values()
                schema = content.get("schema", {}) | {"components": openapi()["components"]}
                Draft202012Validator(schema).validate(example["value"])
                found.append(example["value"])
    for example in (it for pair in EXAMPLES.values() for it in pair):
        assert example.reply is None or example.reply in found
        assert example.sent is None or example.sent in found or example.status != 200
