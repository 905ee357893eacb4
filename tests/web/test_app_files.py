"""Files that an app made, as browsers get them: none of them can do anything here."""

from urllib.parse import quote

import pytest
from aiohttp import web

from service.answers.dify.app_files import FileLinks
from service.answers.mock import image
from tests.fake_dify import KEY


@pytest.fixture
def fetch(with_dify, dify, http):
    """A reply of Dify's, as the service passes it on: status, headers, body."""

    async def fetch(media_type, path="/files/tools/a1.png", **headers):
        async def reply(request):
            return web.Response(body=b"content", headers={"Content-Type": media_type, **headers})

        dify.file_reply = reply
        service = await with_dify()
        async with http.get(service.url + FileLinks(dify.url, KEY).link(path)) as response:
            return response.status, response.headers, await response.read()

    return fetch


@pytest.mark.parametrize(
    "media_type", ["image/png", "image/jpeg", "image/gif", "image/webp", "audio/mpeg", "video/mp4"]
)
async def test_what_cannot_act_is_shown(fetch, media_type):
    status, headers, body = await fetch(media_type)
    assert (status, headers["Content-Type"], body) == (200, media_type, b"content")
    assert headers["Content-Disposition"] == "inline"


@pytest.mark.parametrize(
    "media_type",
    ["text/html", "image/svg+xml", "application/pdf", "text/plain", "application/xhtml+xml", "text/javascript", "a/b",
     "image/png/x", "multipart/byteranges; boundary=x"],
)  # fmt: skip
async def test_anything_else_is_to_be_kept_under_a_name(fetch, media_type):
    status, headers, body = await fetch(media_type, "/files/tools/a1.html")
    assert (status, headers["Content-Type"], body) == (200, "application/octet-stream", b"content")
    assert headers["Content-Disposition"] == "attachment"


@pytest.mark.parametrize("media_type", ["image/png", "text/html"])
async def test_none_of_it_may_run_or_be_taken_for_something_else(fetch, media_type):
    _, headers, _ = await fetch(media_type)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "sandbox"
    assert headers["Cache-Control"].startswith("private, max-age=")


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ('attachment; filename="report.pdf"', "report.pdf"),
        ("attachment; filename*=UTF-8''%E6%8A%A5%E5%91%8A.pdf", quote("报告.pdf")),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ("attachment; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20x%22.pdf", "aSet-Cookie%3A%20x%22.pdf"),
        ('attachment; filename=".."', "file"),
    ],
)
async def test_the_name_is_dify_s_made_safe(fetch, said, name):
    _, headers, _ = await fetch("application/x", "/files/tools/a1.bin", **{"Content-Disposition": said})
    assert headers["Content-Disposition"] == f"attachment; filename*=UTF-8''{name}"


@pytest.mark.parametrize(
    "path",
    ["tools/a1.png", "../v1/info", "%2e%2e/v1/info", "..%2fv1/info", "", "/", "tools/a1.png?expires=99&signature=0",
     "tools/a1.png?expires=%C3%A9&signature=%C3%A9"],
)  # fmt: skip
async def test_without_a_signature_of_ours_dify_is_not_asked(with_dify, dify, call, path):
    status, reply = await call(await with_dify(), "GET", f"/api/app-files/{path}", token=None)
    assert (status, reply["code"]) == (403, 403) if status != 404 else (404, 404)
    assert dify.file_requests == []


async def test_a_link_that_has_expired_says_so(with_dify, dify, call):
    link = FileLinks(dify.url, KEY, lambda: 1000.0).link("/files/a")
    status, reply = await call(await with_dify(), "GET", link, token=None)
    assert (status, reply["data"], "expired" in reply["message"]) == (404, {"reason": "file_link_expired"}, True)
    assert dify.file_requests == []


async def test_only_reading_is_allowed(with_dify, dify, call):
    status, _ = await call(await with_dify(), "POST", FileLinks(dify.url, KEY).link("/files/a"), token=None)
    assert status == 405


async def test_the_mock_has_a_file_too(start, connect, http):
    service = await start()
    client = await connect(service)
    await client.ask("/mock file", stream=True)
    frames = await client.frames_until_end()
    (file,) = [frame for frame in frames if frame["type"] == "chat_file"]
    assert f"]({file['link']})" in frames[-1]["content"]
    for method, body in (("GET", image.png()), ("HEAD", b"")):
        async with http.request(method, service.url + file["url"]) as response:
            assert (response.status, response.content_type) == (200, "image/png")
            assert await response.read() == body
    async with http.get(f"{service.url}/api/app-files/other.png") as response:
        assert response.status == 403
