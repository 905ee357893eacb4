"""Files on their way from a sender through the service to Dify: checked, counted, and whole before they are sent."""

import asyncio
import secrets
import tracemalloc

import pytest

from service.chat.client_identity import owner_of
from tests import fake_dify
from tests.api import MESSAGE, TOKEN, form, speech
from tests.conftest import PATIENCE_SECONDS, eventually, logged
from tests.fake_app_api import parameters
from tests.uploads import ALL_KINDS, CHUNK, FORM_HEADERS, TAIL, Sender, head


@pytest.fixture
async def service(with_dify, dify):
    dify.parameters = parameters(file_upload=ALL_KINDS)
    return await with_dify()


async def test_a_file_goes_on_to_dify_as_the_chat_s_user(service, dify, call, events):
    status, reply = await call(service, "POST", "/api/files", data=form())
    assert (status, reply["data"]) == (
        200,
        {
            "id": "5e0d5ba0-3c0f-4b5a-8d0a-7f6a3c1f0b11",
            "name": "notes.txt",
            "size": 7,
            "kind": "document",
            "extension": "txt",
            "mime_type": "text/plain",
        },
    )
    file = {"filename": "notes.txt", "content_type": "text/plain", "size": 7}
    assert dify.app_api.called("files/upload") == [{"user": owner_of(TOKEN).user, "file": file}]
    assert logged(events, "dify.called")[0]["route"] == "files/upload"


@pytest.mark.parametrize(("route", "path"), [("audio-to-text", "audio-to-text"), ("files/upload", "files")])
async def test_who_leaves_while_dify_takes_its_time_gives_up_the_place_there(with_dify, dify, call, route, path):
    dify.parameters = parameters(file_upload=ALL_KINDS)
    asked, over = asyncio.Event(), asyncio.Event()

    async def scene(stage):
        if not asked.is_set():
            asked.set()
            await over.wait()
        await stage.open(200 if route == "audio-to-text" else 201, "application/json")
        await stage.write(b'{"id": "a", "name": "a.wav", "size": 4, "text": "Hello."}')

    dify.app_api.scenes[route] = scene
    service = await with_dify()
    leaving = asyncio.create_task(call(service, "POST", f"/api/{path}", data=speech()))
    await asked.wait()
    leaving.cancel()
    status, _ = await asyncio.wait_for(call(service, "POST", f"/api/{path}", data=speech()), PATIENCE_SECONDS)
    assert status == 200
    over.set()


@pytest.mark.parametrize(
    ("upload", "status", "reason"),
    [
        ({"enabled": False}, 409, "feature_off"),
        ({"image": {"enabled": True}}, 415, "unsupported_type"),
    ],
)
async def test_what_the_app_does_not_take_never_reaches_dify(with_dify, dify, call, upload, status, reason):
    dify.parameters = parameters(file_upload=upload)
    replied, reply = await call(await with_dify(), "POST", "/api/files", data=form())
    assert (replied, reply["data"]) == (status, {"reason": reason})
    assert dify.app_api.received == 0


async def test_an_input_for_files_takes_them_though_the_chat_does_not(with_dify, dify, call):
    field = {"variable": "letter", "allowed_file_types": ["document"], "allowed_file_upload_methods": ["local_file"]}
    dify.parameters = parameters(user_input_form=[{"file": field}, {"text-input": {"variable": "name"}}])
    service = await with_dify()
    assert (await call(service, "POST", "/api/files", data=form()))[0] == 200
    assert (await call(service, "POST", "/api/files", data=form(name="a.png", media_type="image/png")))[0] == 415


async def test_a_file_that_says_it_is_too_large_is_refused_at_once(service, dify, call):
    status, reply = await call(service, "POST", "/api/files", data=form(b"x" * (15 * 1024 * 1024 + 100_000)))
    assert (status, reply["code"], reply["data"]) == (413, 413, {"reason": "too_large"})
    assert dify.app_api.broken_off == dify.app_api.received == 0


async def test_a_file_that_gets_too_large_is_broken_off(with_dify, dify, http):
    dify.parameters = parameters(file_upload=ALL_KINDS, system_parameters={"video_file_size_limit": 1})
    status, reply = await Sender(17).send(http, await with_dify())
    assert (status, reply["data"]) == (413, {"reason": "too_large"})
    assert (dify.app_api.uploads, dify.app_api.calls) == (0, [])


async def test_a_file_of_just_the_limit_is_taken(with_dify, dify, http):
    dify.parameters = parameters(file_upload=ALL_KINDS, system_parameters={"video_file_size_limit": 1})
    status, reply = await Sender(16).send(http, await with_dify())
    assert (status, reply["data"]["size"]) == (200, 1024 * 1024)


@pytest.mark.parametrize(
    ("status", "code", "told", "reason"),
    [
        (413, b"file_too_large", 413, "too_large"),
        (415, b"unsupported_file_type", 415, "unsupported_type"),
        (400, b"invalid_param", 502, "invalid"),
        (500, b"internal_server_error", 502, "server_error"),
    ],
)
async def test_what_dify_says_against_a_file_is_told(service, dify, call, status, code, told, reason):
    body = b'{"code":"%s","message":"","status":%d}' % (code, status)
    dify.app_api.scenes["files/upload"] = fake_dify.raw(body, status, "application/json")
    replied, reply = await call(service, "POST", "/api/files", data=form())
    assert (replied, reply["data"]) == (told, {"reason": reason})


async def test_a_reply_without_an_id_is_none(service, dify, call):
    dify.app_api.scenes["files/upload"] = fake_dify.raw(b"{}", 201, "application/json")
    status, reply = await call(service, "POST", "/api/files", data=form())
    assert (status, reply["data"]) == (503, {"reason": "lost"})


async def test_memory_stays_flat_while_a_large_file_passes(service, dify, http):
    await Sender(1).send(http, service)
    asyncio.get_running_loop().set_debug(False)  # which keeps what threads read, on newer Pythons
    tracemalloc.start()
    try:
        status, reply = await Sender(5 * 16).send(http, service)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        asyncio.get_running_loop().set_debug(True)
    assert (status, reply["data"]["size"]) == (200, 5 * 1024 * 1024)
    assert peak < 2.5 * 1024 * 1024  # of the sender, the service and Dify together


class Stuck:
    """A form whose file has begun, and does not go on until it is freed."""

    def __init__(self, chunks=1):
        self.freed = asyncio.Event()
        self._chunks = chunks

    async def __aiter__(self):
        yield head()
        for _ in range(self._chunks):
            yield CHUNK
        await self.freed.wait()
        yield TAIL

    async def send(self, http, service, token=TOKEN):
        headers = FORM_HEADERS | {"Authorization": f"Bearer {token}"}
        async with http.post(f"{service.url}/api/files", data=aiter(self), headers=headers) as response:
            return response.status


async def test_who_sends_slowly_holds_none_of_dify_s_places(with_dify, dify, http, call):
    dify.parameters = parameters(file_upload=ALL_KINDS)
    service = await with_dify(dify_max_concurrency=1, dify_max_waiting=0)
    stuck = [Stuck(chunks) for chunks in (0, 1, 32)]
    sending = [asyncio.create_task(it.send(http, service, secrets.token_hex(16))) for it in stuck]
    for _ in range(3):
        assert (await call(service, "POST", "/api/files", data=form()))[0] == 200
    assert dify.app_api.uploads == 3
    for one, task in zip(stuck, sending, strict=True):
        one.freed.set()
        assert await task == 200


async def test_a_dify_that_takes_no_more_is_given_up(with_dify, dify, http):
    dify.parameters = parameters(file_upload=ALL_KINDS)
    dify.app_api.may_read.clear()
    sending = Sender(90 * 16).send(http, await with_dify(dify_idle_timeout=0.3))
    status, reply = await sending
    dify.app_api.may_read.set()
    assert (status, reply["data"]) == (504, {"reason": "silent"})


async def test_what_a_sender_does_not_send_to_its_end_never_reaches_dify(service, dify, http, events):
    sent, stuck = asyncio.Event(), asyncio.Event()

    async def never_ending():
        yield head()
        for _ in range(16 * 16):  # more than the sockets hold
            yield CHUNK
        sent.set()
        await stuck.wait()

    sending = asyncio.create_task(http.post(f"{service.url}/api/files", data=never_ending(), headers=FORM_HEADERS))
    await sent.wait()
    sending.cancel()
    await eventually(lambda: logged(events, "dify.abandoned"))
    assert (dify.app_api.uploads, logged(events, "dify.failed")) == (0, [])


async def test_a_token_of_one_s_own_making_is_as_good_as_a_connection_s(service, dify, call, connect):
    token = secrets.token_hex(16)
    assert (await call(service, "POST", "/api/files", token, data=form()))[0] == 200
    client = await connect(service)
    await client.say({"type": "resume", "token": token})
    assert (await client.frame())["resume_token"] == token
    await client.answer("What does it say?")
    assert dify.app_api.called("files/upload")[0]["user"] == dify.questions[0]["user"]


async def test_uploads_that_take_long_keep_nobody_from_a_quick_call(with_dify, dify, http, call):
    dify.parameters = parameters(file_upload=ALL_KINDS)
    dify.app_api.may_read.clear()
    service = await with_dify(dify_max_concurrency=1, dify_max_waiting=0)
    sending = asyncio.create_task(Sender(1).send(http, service))
    await eventually(lambda: dify.app_api.uploads == 1)
    assert (await call(service, "POST", "/api/files", data=form()))[1]["data"] == {"reason": "overloaded"}
    dify.app_api.owners[MESSAGE] = owner_of(TOKEN).user
    assert (await call(service, "GET", f"/api/messages/{MESSAGE}/suggested"))[0] == 200
    dify.app_api.may_read.set()
    assert (await sending)[0] == 200
