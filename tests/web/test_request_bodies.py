"""Forms with a file, as they come: what is wrong with them, and senders that are too slow."""

import asyncio

import pytest
from starlette.requests import Request

from service.web.request_bodies import open_file
from tests.fake_app_api import parameters
from tests.uploads import ALL_KINDS, BOUNDARY, CHUNK, FORM_HEADERS, TAIL, Sender, head


@pytest.fixture
async def service(with_dify, dify):
    dify.parameters = parameters(file_upload=ALL_KINDS)
    return await with_dify()


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        ("C:\\\\Users\\\\Ann\\\\plan.txt", "plan.txt"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("检查结果 ✓.pdf", "检查结果 ✓.pdf"),
        ('a\\"b.txt', "a%22b.txt"),
        ("", "file"),
        ("...", "file"),
        (f"{'x' * 300}.txt", f"{'x' * 196}.txt"),
    ],
)
async def test_a_name_is_the_last_part_of_it(service, dify, http, sent, received):
    await Sender(1, sent, "text/plain").send(http, service)
    assert dify.app_api.called("files/upload")[0]["file"]["filename"] == received


async def test_a_sender_that_falls_silent_is_given_up(service, dify, http, monkeypatch):
    monkeypatch.setattr("service.web.request_bodies.IDLE_TIMEOUT_SECONDS", 0.2)
    stuck = asyncio.Event()

    async def falling_silent():
        yield head()
        yield CHUNK
        await stuck.wait()

    async with http.post(f"{service.url}/api/files", data=falling_silent(), headers=FORM_HEADERS) as response:
        reply = await response.json()
    assert (response.status, reply["message"]) == (400, "Nothing came for 0.2 seconds.")
    stuck.set()


async def test_a_sender_that_dribbles_is_given_up(service, http, monkeypatch):
    monkeypatch.setattr("service.web.request_bodies.GRACE_SECONDS", 0.3)
    over = asyncio.Event()

    async def dribbling():
        yield head()
        while not over.is_set():
            yield b"x"
            await asyncio.sleep(0.01)

    async with http.post(f"{service.url}/api/files", data=dribbling(), headers=FORM_HEADERS) as response:
        reply = await response.json()
    assert (response.status, reply["message"]) == (400, "The body comes too slowly.")
    over.set()


async def test_a_sender_is_not_blamed_for_a_dify_that_takes_its_time(monkeypatch):
    monkeypatch.setattr("service.web.request_bodies.GRACE_SECONDS", 0.5)
    messages = [{"type": "http.request", "body": body, "more_body": True} for body in (head(), b"x", b"x")]
    messages.append({"type": "http.request", "body": TAIL, "more_body": False})

    async def receive():
        return messages.pop(0)

    headers = [(b"content-type", FORM_HEADERS["Content-Type"].encode())]
    is_read = asyncio.Event()
    file = await open_file(Request({"type": "http", "headers": headers}, receive), is_read)
    read = b""
    async for chunk in file.content:
        read += chunk
        await asyncio.sleep(0.3)
        assert not is_read.is_set()
    assert (read, is_read.is_set()) == (b"xx", True)


FIELD = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="note"\r\n\r\n'.encode()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "no part `file`"),
        (TAIL[2:], "no part `file`"),
        (FIELD + b"text" + TAIL, "no part `file`"),
        (FIELD + CHUNK + CHUNK + TAIL, "too much before it"),
        (FIELD.replace(b"note", b"file") + b"text" + TAIL, "no part `file`"),
        (b"nonsense", "not well-formed"),
        (head() + b"half of it", "breaks off"),
        (head() + b"x\r\n--boundary nonsense", "breaks off|not well-formed"),
    ],
)
async def test_a_form_that_is_wrong_is_explained(service, dify, call, http, body, words):
    async with http.post(f"{service.url}/api/files", data=body, headers=FORM_HEADERS) as response:
        reply = await response.json()
    assert (response.status, reply["code"]) == (400, 10000)
    assert any(word in reply["message"] for word in words.split("|"))
    assert dify.app_api.called("files/upload") == []


@pytest.mark.parametrize(
    "content_type", ["application/json", "multipart/form-data", f"multipart/form-data; boundary={'x' * 300}"]
)
async def test_what_is_no_form_is_told_what_to_send(service, http, content_type):
    headers = FORM_HEADERS | {"Content-Type": content_type}
    async with http.post(f"{service.url}/api/files", data=b"x", headers=headers) as response:
        reply = await response.json()
    assert (response.status, reply["code"]) == (400, 10000)


async def test_other_fields_around_the_file_do_not_matter(service, dify, http):
    body = FIELD + b"before\r\n" + head() + b"content\r\n" + FIELD + b"after" + TAIL
    async with http.post(f"{service.url}/api/files", data=body, headers=FORM_HEADERS) as response:
        reply = await response.json()
    assert (response.status, reply["data"]["size"]) == (200, 7)
