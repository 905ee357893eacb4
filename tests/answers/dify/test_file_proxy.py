"""Files that the app made, from the fake Dify through the service, over real sockets."""

import asyncio
import gzip

import aiohttp
import pytest
from aiohttp import web

from service.answers.dify.app_files import FileLinks
from tests import fake_dify
from tests.conftest import eventually, logged
from tests.fake_dify import KEY
from tests.fake_workflows import saying

PNG = b"\x89PNG and the rest"
SIGNED = "/files/tools/a1.png?timestamp=17&nonce=n&sign=_b-%3D"


@pytest.fixture
def linked(with_dify, dify, connect):
    """A service, and the URL of a file there that an answer linked."""

    async def linked(target=SIGNED, media_type="image/png", content=PNG, **settings):
        dify.files[target.partition("?")[0]] = (media_type, content)
        dify.plays(fake_dify.say(f"![x]({target})"))
        service = await with_dify(**settings)
        answer = await (await connect(service)).answer("Draw")
        return service, service.url + answer["files"][0]["url"]

    return linked


async def fetch(http, url, method="GET", **headers):
    async with http.request(method, url, headers=headers, allow_redirects=False) as response:
        return response.status, response.headers, await response.read()


async def envelope(http, url):
    async with http.get(url) as response:
        reply = await response.json()
        return response.status, reply["code"], (reply["data"] or {}).get("reason"), reply["message"]


async def test_a_file_comes_as_dify_has_it_and_dify_learns_nothing(linked, dify, http, events):
    _, url = await linked()
    status, headers, body = await fetch(http, url, Cookie="a=1", Authorization="Bearer secret", Referer="http://x")
    assert (status, body) == (200, PNG)
    assert headers["Content-Length"] == str(len(PNG))
    assert dify.file_requests == [f"GET {SIGNED}"]
    assert {"Cookie", "Authorization", "Referer"} & set(dify.file_headers[0]) == set()
    assert KEY not in str(dify.file_headers) + str(headers)
    await eventually(lambda: [line["route"] for line in logged(events, "dify.called")] == ["app-files"])


async def test_only_the_head_is_asked_for_where_only_that_is_wanted(linked, dify, http):
    _, url = await linked()
    status, headers, body = await fetch(http, url, "HEAD")
    assert (status, headers["Content-Length"], headers["Content-Type"], body) == (200, str(len(PNG)), "image/png", b"")
    assert dify.file_requests == [f"HEAD {SIGNED}"]


async def test_no_cookie_of_dify_s_is_kept_or_passed_on(linked, dify, http):
    async def reply(request):
        return web.Response(body=PNG, content_type="image/png", headers={"Set-Cookie": "a=1", "X-Secret": "s"})

    _, url = await linked()
    dify.file_reply = reply
    for _ in range(2):
        _, headers, _ = await fetch(http, url)
        assert {"Set-Cookie", "X-Secret"} & set(headers) == set()
    assert "Cookie" not in dify.file_headers[1]


async def test_a_part_of_it_can_be_had(linked, dify, http):
    async def reply(request):
        headers = {"Content-Range": "bytes 1-3/16", "ETag": '"e"', "Accept-Ranges": "bytes"}
        return web.Response(body=PNG[1:4], status=206, content_type="image/png", headers=headers)

    _, url = await linked()
    dify.file_reply = reply
    status, headers, body = await fetch(http, url, Range="bytes=1-3", **{"If-Range": '"e"'})
    assert (status, body, headers["Content-Range"], headers["ETag"]) == (206, b"PNG", "bytes 1-3/16", '"e"')
    assert (dify.file_headers[0]["Range"], dify.file_headers[0]["If-Range"]) == ("bytes=1-3", '"e"')
    await fetch(http, url, Range="bytes=1-3,5-6")
    assert "Range" not in dify.file_headers[1]


@pytest.mark.parametrize("status", [304, 416])
async def test_conditions_are_dify_s_to_judge(linked, dify, http, status):
    async def reply(request):
        return web.Response(status=status, headers={"ETag": '"e"'})

    _, url = await linked()
    dify.file_reply = reply
    got, headers, body = await fetch(http, url, **{"If-None-Match": '"e"', "Range": "bytes=99-"})
    assert (got, headers["ETag"], body) == (status, '"e"', b"")
    assert ("Content-Type" in headers, "Content-Disposition" in headers) == (status != 304, status != 304)
    assert dify.file_headers[0]["If-None-Match"] == '"e"'


async def test_what_comes_compressed_all_the_same_is_unpacked(linked, dify, http):
    async def reply(request):
        assert request.headers["Accept-Encoding"] == "identity"
        return web.Response(body=gzip.compress(PNG), content_type="image/png", headers={"Content-Encoding": "gzip"})

    _, url = await linked()
    dify.file_reply = reply
    _, headers, body = await fetch(http, url)
    assert (body, headers.get("Content-Length"), headers.get("Content-Encoding")) == (PNG, None, None)


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (400, 404, "file_not_found"),
        (403, 404, "file_not_found"),
        (404, 404, "file_not_found"),
        (415, 404, "file_not_found"),
        (429, 503, "busy"),
        (500, 30000, "server_error"),
        (502, 503, "bad_gateway"),
        (302, 30000, "not_dify"),
        (307, 30000, "not_dify"),
        (204, 30000, "not_dify"),
    ],
)
async def test_where_dify_does_not_give_it_the_envelope_says_why(linked, dify, http, status, code, reason):
    async def reply(request):
        return web.Response(status=status, headers={"Location": "/files/other"} if status in {302, 307} else {})

    _, url = await linked()
    dify.file_reply = reply
    assert (await envelope(http, url))[1:3] == (code, reason)
    assert len(dify.file_requests) == (2 if status in {429, 502} else 1)


async def test_where_dify_cannot_be_reached_the_envelope_says_so(start, http, unused_tcp_port):
    url = f"http://127.0.0.1:{unused_tcp_port}/v1"
    service = await start(dify_api_url=url, dify_api_key=KEY, mock_mode=False)
    link = FileLinks(url, KEY).link("/files/a")
    assert (await envelope(http, service.url + link))[:3] == (503, 503, "unreachable")


async def test_a_file_that_is_too_large_is_refused_or_cut_off(linked, dify, http, monkeypatch):
    monkeypatch.setattr("service.answers.dify.file_proxy.MAX_FILE_BYTES", 1000)
    monkeypatch.setattr("service.answers.dify.file_proxy.MAX_SMALL_BYTES", 100)
    headers = {}

    async def reply(request):
        response = web.StreamResponse(status=206 if headers else 200, headers=headers)
        await response.prepare(request)
        await response.write(b"x" * 500)
        await response.write(b"x" * 501)
        return response

    _, url = await linked()
    dify.files["/files/tools/a1.png"] = ("image/png", b"x" * 1001)
    assert (await envelope(http, url))[:3] == (413, 413, "too_large")
    dify.file_reply = reply
    with pytest.raises(aiohttp.ClientPayloadError):
        await fetch(http, url)
    headers["Content-Range"] = "bytes 0-1000/1001"
    assert (await envelope(http, url))[:3] == (413, 413, "too_large")


async def test_a_small_file_that_breaks_off_is_none_and_a_large_one_has_no_end(linked, dify, http, events, monkeypatch):
    async def reply(request):
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"x" * 50)
        request.transport.close()
        return response

    _, url = await linked()
    dify.file_reply = reply
    assert (await envelope(http, url))[2] == "broken_off"
    monkeypatch.setattr("service.answers.dify.file_proxy.MAX_SMALL_BYTES", 10)
    with pytest.raises(aiohttp.ClientError):
        await fetch(http, url)
    await eventually(lambda: [line["reason"] for line in logged(events, "dify.failed")] == ["broken_off"] * 2)


async def test_who_waits_for_a_large_file_keeps_nobody_else_waiting(linked, dify, http, connect):
    """It comes at the pace of its reader: neither an answer nor a small file waits for that, only another large one."""
    given = asyncio.Event()

    async def reply(request):
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65536)
        finally:
            given.set()

    service, url = await linked(dify_max_concurrency=1, dify_wait_timeout=5)
    dify.file_reply = reply
    async with http.get(url) as response:
        await response.content.readany()
        assert (await (await connect(service)).answer("Hello"))["status"] == "done"
        assert not given.is_set()
        assert (await envelope(http, url))[:3] == (503, 503, "overloaded")
        dify.file_reply = None
        assert (await fetch(http, url))[0] == 200
    await given.wait()


async def test_the_slow_reader_of_a_small_file_holds_no_slot(linked, dify, http):
    _, url = await linked(dify_max_concurrency=1, dify_wait_timeout=0.1)
    dify.files["/files/tools/a1.png"] = ("image/png", b"x" * 3 * 1024 * 1024)
    async with http.get(url) as slow:
        await slow.content.read(10)
        assert len((await fetch(http, url))[-1]) == 3 * 1024 * 1024


async def test_so_much_is_kept_for_slow_readers_and_no_more(linked, dify, http, monkeypatch):
    monkeypatch.setattr("service.answers.dify.file_proxy.MAX_SMALL_BYTES", 20 * 1024 * 1024)
    monkeypatch.setattr("service.answers.dify.file_proxy.MAX_KEPT_BYTES", 20 * 1024 * 1024)
    _, url = await linked(dify_max_concurrency=1)
    dify.files["/files/tools/a1.png"] = ("image/png", b"x" * 15 * 1024 * 1024)
    async with http.get(url) as first, http.get(url) as second:
        await first.content.read(10)
        await second.content.read(10)
        assert (await envelope(http, url))[:3] == (503, 503, "overloaded")
    assert (await fetch(http, url))[0] == 200


@pytest.mark.parametrize(("small_bytes", "abandoned"), [(20 * 1024 * 1024, []), (1, ["SlowReader"])])
async def test_who_reads_at_a_trickle_is_cut_off(linked, dify, http, monkeypatch, events, small_bytes, abandoned):
    """For a small file no call is under way any more."""
    monkeypatch.setattr("service.answers.dify.file_proxy.MAX_SMALL_BYTES", small_bytes)
    monkeypatch.setattr("service.answers.dify.file_proxy.SLOW_AFTER_SECONDS", 0.2)
    monkeypatch.setattr("service.answers.dify.file_proxy.SLOW_BYTES_PER_SECOND", 10**9)
    _, url = await linked()
    dify.files["/files/tools/a1.png"] = ("image/png", b"x" * 18 * 1024 * 1024)
    async with http.get(url) as response:
        await response.content.read(10)
        await asyncio.sleep(0.5)
        with pytest.raises(aiohttp.ClientError):
            await response.read()
    await eventually(lambda: [line["why"] for line in logged(events, "dify.abandoned")] == abandoned)


@pytest.mark.parametrize("target", [SIGNED, "{origin}" + SIGNED])
@pytest.mark.parametrize("size", [1, 5, 1000])
async def test_a_link_in_the_text_reaches_the_client_in_its_place(with_dify, dify, connect, http, target, size):
    target = target.format(origin=dify.url.removesuffix("/v1"))
    text = f"See ![A cat]({target}), or not."
    dify.files["/files/tools/a1.png"] = ("image/png", PNG)
    dify.plays(fake_dify.flow(saying(*(text[start : start + size] for start in range(0, len(text), size)))))
    service = await with_dify()
    client = await connect(service)
    await client.ask("Draw", id="q1", stream=True)
    frames = await client.frames_until_end()
    (file,) = [frame for frame in frames if frame["type"] == "chat_file"]
    assert (file["id"], file["kind"], file["name"], file["link"]) == ("q1", "image", "A cat.png", target)
    assert frames[-1]["content"] == text
    assert frames[-1]["files"] == [{name: file[name] for name in ("kind", "name", "url", "link")}]
    assert (await fetch(http, service.url + file["url"]))[2] == PNG


async def test_files_are_told_again_after_a_resume(with_dify, dify, connect):
    event = {"id": "f", "type": "document", "belongs_to": "assistant", "url": "/files/tools/b.pdf?x=1"}
    told = [("message_file", event), ("message", {"answer": "Here: [b](/files/c.zip)"}), ("message_end", {})]
    dify.plays(fake_dify.events(*told))
    service = await with_dify()
    first = await connect(service)
    await first.ask("Make", id="q1", stream=True)
    frames = await first.frames_until_end()
    second = await connect(service)
    await second.say({"type": "resume", "token": first.greeting["resume_token"], "id": "q1"})
    assert await second.frames_until_end() == frames
    assert [(file["kind"], file["name"], file.get("link")) for file in frames[-1]["files"]] == [
        ("document", "b.pdf", None),
        ("document", "b.zip", "/files/c.zip"),
    ]


async def test_links_elsewhere_are_links_only(with_dify, dify, connect):
    links = ["https://evil.example/files/a.png", "//evil.example/files/a", "/files/../v1/info", "/v1/info"]
    dify.plays(fake_dify.say(*(f"![x]({link}) " for link in links)))
    client = await connect(await with_dify())
    await client.ask("Draw", stream=True)
    frames = await client.frames_until_end()
    assert {frame["type"] for frame in frames} == {"chat_delta", "chat"}
    assert "files" not in frames[-1]
