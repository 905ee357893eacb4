"""Behind nginx, HAProxy and Caddy as templates/deploy configures them: on a host of its own, and beside Dify."""

import asyncio
import io
import re
import ssl

import aiohttp
import pytest
import yarl
from aiohttp import web

from tests import fake_dify, proxies
from tests.api import TOKEN
from tests.conftest import PATIENCE_SECONDS, eventually, logged
from tests.fake_dify import KEY
from tests.proxies import BESIDE_DIFY, DOORS, FOLDER, PREFIX, behind, from_address  # noqa: F401 - a fixture

HEADERS = {"Authorization": f"Bearer {TOKEN}"}
SPEECH_BYTES = 20_000_000
IDENTITIES = [
    "X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Preferred-Username", "X-Auth-Request-User",
    "X-Auth-Request-Email", "X-Auth-Request-Preferred-Username", "X-Authentik-Username", "X-Authentik-Email",
    "X-WebAuth-User", "X-Remote-User", "Remote-User", "Remote-Email",
]  # fmt: skip
# As Dify's own nginx has them (its docker/nginx/conf.d/default.conf.template).
DIFYS_PATHS = ["/console/api", "/api", "/socket.io/", "/v1", "/files", "/explore", "/e/", "/mcp", "/triggers", "/"]

each_door = pytest.mark.parametrize("door", DOORS, ids=str)
pytestmark = pytest.mark.filterwarnings("ignore:Unclosed transport")


@pytest.fixture
async def client():
    async with from_address("127.0.0.1") as session:
        yield session


@pytest.fixture
async def enter(with_dify, behind):  # noqa: F811
    """A service with the settings that the file of a door asks for, as it is met through that door."""

    async def enter(door, **settings):
        asked_for = proxies.settings_of((FOLDER / door.file).read_text())
        return await behind(door, await with_dify(**asked_for | settings))

    return enter


@pytest.fixture
async def echo(aiohttp_server):
    """Replies with what reached it: path, headers, and its own name."""

    async def echo(name):
        async def reply(request):
            return web.json_response({"name": name, "path": request.path_qs, "headers": dict(request.headers)})

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", reply)
        return await aiohttp_server(app)

    return echo


def url_of(server):
    return str(server.make_url("")).rstrip("/")


@each_door
async def test_the_first_word_arrives_while_dify_still_writes(enter, dify, client, door):
    dify.plays(fake_dify.until_stopped("First ", "and last"))
    met = await enter(door)
    async with client.ws_connect(f"{met.url}/ws/chat") as socket:
        assert (await socket.receive_json())["content"] == "Connected to chat server"
        await socket.send_json({"type": "chat", "content": "Hello", "stream": True, "id": "q1"})
        text = ""
        while text != "First and last":
            text += (await socket.receive_json())["content"]
        assert dify.finished == 0
        dify.release()
        frame = await socket.receive_json()
        while frame["type"] != "chat":
            frame = await socket.receive_json()
        assert (frame["status"], frame["content"]) == ("done", text)


@each_door
async def test_speech_is_heard_while_dify_still_speaks(enter, dify, client, door):
    heard = asyncio.Event()

    async def scene(stage):
        await stage.open(200, "audio/mpeg")
        await stage.write(b"x" * 500)
        await heard.wait()
        await stage.write(b"y" * 500)

    dify.app_api.scenes["text-to-audio"] = scene
    met = await enter(door)
    async with client.post(f"{met.url}/api/text-to-audio", json={"text": "Hello"}, headers=HEADERS) as response:
        first = await asyncio.wait_for(response.content.readany(), PATIENCE_SECONDS)
        heard.set()
        assert first + await response.read() == b"x" * 500 + b"y" * 500


@each_door
@pytest.mark.slow
async def test_a_recording_of_20_mb_is_written_down(enter, dify, client, door):
    met = await enter(door)
    form = aiohttp.FormData()
    form.add_field("file", io.BytesIO(bytes(SPEECH_BYTES)), filename="speech.wav", content_type="audio/wav")
    async with client.post(f"{met.url}/api/audio-to-text", data=form, headers=HEADERS) as response:
        assert (response.status, (await response.json())["code"]) == (200, 200)
    (call,) = dify.app_api.called("audio-to-text")
    assert call["file"]["size"] == SPEECH_BYTES


@each_door
@pytest.mark.slow
async def test_a_client_counts_by_its_own_address_and_not_by_one_that_it_made_up(enter, door, events):
    met = await enter(door)
    made_up = {"X-Forwarded-For": "203.0.113.9"}
    async with (
        from_address("127.0.0.7") as session,
        session.ws_connect(f"{met.url}/ws/chat", headers=made_up) as socket,
    ):
        await socket.receive_json()
        (opened,) = logged(events, "connection.opened")
    assert opened["client_address"] == "127.0.0.7"


@each_door
@pytest.mark.slow
async def test_nobody_but_the_proxy_says_who_a_user_is(enter, door, client):
    met = await enter(door, auth_header="X-Forwarded-User", auth_proxy_ips=("127.0.0.1",))
    for forged in ({"X-Forwarded-User": "eve"}, {}):
        async with client.get(f"{met.url}/api/app", headers=forged) as response:
            assert response.status == 401


@each_door
@pytest.mark.slow
async def test_what_a_client_forges_under_a_name_that_auth_header_may_have_is_taken_away(echo, behind, client, door):  # noqa: F811
    service = await echo("service")
    service.url = url_of(service)
    met = await behind(door, service)
    forged = dict.fromkeys(IDENTITIES, "eve")
    async with client.get(f"{met.url}/chat?embed=1", headers=forged | {"X-Forwarded-Proto": "gopher"}) as response:
        reached = await response.json()
    assert reached["path"] == "/chat?embed=1"
    assert "eve" not in reached["headers"].values()
    assert reached["headers"]["Host"] == met.url.split("/")[2]
    assert reached["headers"]["X-Forwarded-Proto"] == met.url.split(":")[0]
    assert reached["headers"]["X-Forwarded-For"].endswith("127.0.0.1")


@pytest.mark.parametrize("door", BESIDE_DIFY, ids=str)
@pytest.mark.slow
async def test_dify_keeps_its_paths_and_the_path_of_its_own_leads_into_it(echo, behind, client, door):  # noqa: F811
    service, dify = await echo("service"), await echo("dify")
    service.url = url_of(service)
    met = await behind(door, service, url_of(dify))
    root = met.url.removesuffix(PREFIX)
    for path in [*DIFYS_PATHS, "/chat", "/wards/70/chat", "/static/x.js"]:
        async with client.get(root + path) as response:
            assert ((await response.json())["name"], (await response.json())["path"]) == ("dify", path)
    for path in ("/", "/chat?lang=en", "/api/app", "/static/js/chat.js"):
        async with client.get(met.url + path) as response:
            assert ((await response.json())["name"], (await response.json())["path"]) == ("service", path)
    async with client.get(met.url, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (308, f"{PREFIX}/")


@pytest.mark.parametrize("door", [door for door in DOORS if door.file != "Caddyfile"], ids=str)
@pytest.mark.slow
async def test_a_body_past_the_limit_is_refused_at_once_and_plain_http_led_to_tls(enter, client, door):
    met = await enter(door)
    host, _, path = met.url.removeprefix("https://").partition("/")
    lines = [f"POST /{path and path + '/'}api/files HTTP/1.1", f"Host: {host}", "Content-Length: 120000000", "", ""]
    context = ssl._create_unverified_context()
    reader, writer = await asyncio.open_connection("127.0.0.1", int(host.rpartition(":")[2]), ssl=context)
    writer.write("\r\n".join(lines).encode())
    status = await asyncio.wait_for(reader.readline(), PATIENCE_SECONDS)
    writer.transport.abort()
    assert status.split()[1] == b"413"
    async with client.get(f"{met.plain}/chat?lang=en", allow_redirects=False) as response:
        assert response.status == 308
        assert response.headers["Location"].startswith(f"https://{door.host}")
        assert response.headers["Location"].endswith("/chat?lang=en")


@pytest.mark.slow
async def test_the_locations_fit_into_a_server_of_dify_s_own_nginx(echo, behind, client):  # noqa: F811
    """In which each path of Dify's is a location of its own."""
    (door,) = [door for door in BESIDE_DIFY if door.file == "nginx-beside-dify.conf"]
    service, dify = await echo("service"), await echo("dify")
    service.url = url_of(service)

    def into_dify_s(text):
        above, _, rest = text.partition("    # --- Dify Live\n")
        ours = rest.partition("    # --- Dify\n")[0]
        by_name = "".join(re.findall(r"^#     (.*\n)", text, re.MULTILINE)).replace("dify-live:8000", "127.0.0.1:8000")
        ours = re.sub(r"proxy_pass .*", by_name, ours)
        difys = "".join(f"location {path} {{ proxy_pass http://127.0.0.1:8080; }}\n" for path in DIFYS_PATHS)
        return above + difys + ours + "}"

    met = await behind(door, service, url_of(dify), edit=into_dify_s)
    root = met.url.removesuffix(PREFIX)
    for url, name, path in (
        (f"{met.url}/chat?lang=en", "service", "/chat?lang=en"),
        (f"{met.url}/api/app-files/a%20b", "service", "/api/app-files/a%20b"),
        (f"{root}/api/app", "dify", "/api/app"),
        (f"{root}/", "dify", "/"),
    ):
        async with client.get(yarl.URL(url, encoded=True)) as response:
            reached = await response.json()
            assert (reached["name"], reached["path"]) == (name, path)


@each_door
@pytest.mark.slow
async def test_a_service_is_replaced_and_its_clients_come_back(run, http, behind, dify, client, door):  # noqa: F811
    dify.plays(fake_dify.until_stopped("Some ", "words"), fake_dify.say("Back again."))
    settings = {"DIFY_API_URL": dify.url, "DIFY_API_KEY": KEY, "FORWARDED_ALLOW_IPS": "127.0.0.1"}
    old = await (await run(**settings)).until_up(http)
    met = await behind(door, old)
    async with client.ws_connect(f"{met.url}/ws/chat", autoclose=False) as socket:
        token = (await socket.receive_json())["resume_token"]
        await socket.send_json({"type": "chat", "content": "Hello", "id": "q1"})
        await eventually(lambda: len(dify.questions) == 1)
        ending = asyncio.create_task(old.end(15))
        frames = [await socket.receive_json()]
        dify.release()
        while (message := await socket.receive()).type is aiohttp.WSMsgType.TEXT:
            frames.append(message.json())
        assert [frame["content"] for frame in frames if frame["type"] == "chat"] == ["Some words"]
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1012)
    assert (await ending)[0] == 0
    await (await run(PORT=old.url.rpartition(":")[2], **settings)).until_up(http)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (socket := await _connected(client, f"{met.url}/ws/chat")) is None:
            await asyncio.sleep(0.05)
    await socket.receive_json()
    await socket.send_json({"type": "resume", "token": token})
    await socket.send_json({"type": "chat", "content": "And now?", "id": "q2"})
    frame = await socket.receive_json()
    while frame["type"] != "chat":
        frame = await socket.receive_json()
    assert frame["content"] == "Back again."
    await socket.close()


async def _connected(client, url):
    try:
        return await client.ws_connect(url)
    except aiohttp.WSServerHandshakeError:
        return None
