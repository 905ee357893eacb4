"""What one socket may do before it has asked anything, and besides what it asks."""

import asyncio
import socket
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service import http_protocol
from service.__main__ import server_options
from tests.conftest import PATIENCE_SECONDS, eventually, logged

MB = 1024 * 1024


@pytest.fixture
async def dial():
    """Open a plain socket to a service."""
    writers = []

    async def dial(service):
        reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
        writers.append(writer)
        return reader, writer

    yield dial
    for writer in writers:
        writer.transport.abort()


async def head_of(reader):
    """The status line of a reply."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        return (await reader.readline()).decode().split(" ")[1:2]


REQUEST = b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n"


async def whole_reply(reader):
    """The body of a reply that says how long it is."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        head = await reader.readuntil(b"\r\n\r\n")
        return await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))


async def is_closed(reader):
    async with asyncio.timeout(PATIENCE_SECONDS):
        try:
            while await reader.read(MB):
                pass
        except ConnectionError:
            pass
    return True


async def pour(writer, piece, total):
    """Send so many bytes, or fewer if the service hangs up. Returns how many it took."""
    sent = 0
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while sent < total:
                writer.write(piece)
                await writer.drain()
                sent += len(piece)
    except (ConnectionError, TimeoutError):
        pass
    return sent


CHUNKED = b"POST /api/files HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
ENDLESS = {
    "header lines": (b"GET /health HTTP/1.1\r\nHost: a\r\n", b"x-a: " + b"y" * 995 + b"\r\n"),
    "a header value": (b"GET /health HTTP/1.1\r\nHost: a\r\nx: ", b"y" * 1000),
    "a URL": (b"GET /", b"y" * 1000),
    "trailers": (CHUNKED + b"0\r\n", b"t: " + b"y" * 995 + b"\r\n"),
    "a chunk's size": (CHUNKED + b"1;", b"y" * 1000),
}  # fmt: skip


@pytest.mark.parametrize("what", ENDLESS)
async def test_what_has_no_end_is_refused_after_64_kib(start, dial, what):
    beginning, piece = ENDLESS[what]
    reader, writer = await dial(await start(mock_mode=True))
    writer.write(beginning)
    assert await pour(writer, piece, 20 * MB) < 20 * MB
    assert await is_closed(reader)


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"GET /health HTTP/1.1\r\nHost: a\r\n" + b"x: y\r\n" * 99 + b"\r\n", "200"),
        (b"GET /health HTTP/1.1\r\nHost: a\r\n" + b"x: y\r\n" * 100 + b"\r\n", "431"),
        (b"GET /health HTTP/1.1\r\nHost: a\r\nCookie: " + b"c" * 60_000 + b"\r\n\r\n", "200"),
        (b"GET /health HTTP/1.1\r\nHost: a\r\nCookie: " + b"c" * 70_000, "431"),
        (b"GET /health\r\n\r\n", "400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", "400"),
        (b"GET /health HTTP/1.1\r\n\r\n", "400"),
    ],
)
async def test_a_head_has_limits_and_who_is_refused_is_told_why(start, dial, request_head, status):
    reader, writer = await dial(await start(mock_mode=True))
    writer.write(request_head)
    assert await head_of(reader) == [status]


async def test_a_head_of_websocket_handshakes_has_the_same_limits(start, dial):
    service = await start(mock_mode=True)
    handshake = (b"GET /ws/chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                 b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")  # fmt: skip
    for more, status in ((b"Cookie: " + b"c" * 60_000 + b"\r\n", "101"), (b"x: y\r\n" * 90, "101"),
                         (b"x: y\r\n" * 100, "431"), (b"bad\x01name: y\r\n", "400"),
                         (b"x: bad\x01value\r\n", "400")):  # fmt: skip
        reader, writer = await dial(service)
        writer.write(handshake + more + b"\r\n")
        assert await head_of(reader) == [status], more[:20]


async def test_what_makes_no_sense_after_a_reply_has_begun_ends_the_connection(start, dial, events):
    reader, writer = await dial(await start(mock_mode=True))
    writer.write(b"POST /health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert await head_of(reader) == ["405"]
    writer.write(b"no chunk\r\n")
    assert await is_closed(reader)


@pytest.mark.parametrize("path", ["/api/files", "/health", "/api/conversations/x/name"])
async def test_a_body_that_breaks_its_rules_is_no_error_of_ours(start, dial, caplog, events, path):
    """The reply that the app has for it comes after the 400."""
    service = await start()
    reader, writer = await dial(service)
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {'0' * 32}\r\nTransfer-Encoding: chunked\r\n\r\n"
    writer.write(head.encode() + b"nonsense\r\n")
    assert await is_closed(reader)
    await eventually(lambda: not service.server.server_state.tasks)
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
    assert [event for event in events if event["log_level"] == "error"] == []


async def test_a_request_has_to_begin_in_time(start, dial, monkeypatch):
    monkeypatch.setattr(http_protocol, "HEAD_TIMEOUT_SECONDS", 0.2)
    service = await start(mock_mode=True)
    silent, _ = await dial(service)
    slow, writer = await dial(service)
    trickling = asyncio.create_task(trickle(writer, b"GET /health HTTP/1.1\r\nHost: a\r\n" + b"x: y\r\n" * 1000))
    assert await asyncio.gather(is_closed(silent), is_closed(slow)) == [True, True]
    trickling.cancel()
    await asyncio.gather(trickling, return_exceptions=True)


async def trickle(writer, data):
    for byte in data:
        writer.write(bytes([byte]))
        await asyncio.sleep(0.01)


async def test_what_is_left_of_a_body_that_nobody_wanted_has_no_time_without_end(start, dial, monkeypatch):
    monkeypatch.setattr(http_protocol, "HEAD_TIMEOUT_SECONDS", 0.2)
    reader, writer = await dial(await start(mock_mode=True))
    writer.write(b"POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
    assert await head_of(reader) == ["405"]
    trickling = asyncio.create_task(trickle(writer, b"x" * 100_000))
    assert await is_closed(reader)
    trickling.cancel()
    await asyncio.gather(trickling, return_exceptions=True)


async def test_an_open_connection_and_a_websocket_are_left_in_peace(start, connect, http, monkeypatch):
    monkeypatch.setattr(http_protocol, "HEAD_TIMEOUT_SECONDS", 0.05)
    service = await start(mock_mode=True)
    client = await connect(service)
    await asyncio.sleep(0.15)
    await client.say({"type": "ping", "timestamp": 1})
    assert (await client.frame())["type"] == "pong"


async def test_requests_ahead_of_their_replies_are_not_read_without_end(start, dial):
    service = await start(mock_mode=True)
    _, writer = await dial(service)
    request = b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n"
    assert await pour(writer, request * 1000, 200 * MB) < 200 * MB  # nobody reads the replies


async def test_a_pipelined_request_is_answered(start, dial):
    reader, writer = await dial(await start(mock_mode=True))
    request = b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n"
    writer.write(request + request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert (await reader.read()).count(b"HTTP/1.1 200") == 2


async def test_so_many_sockets_are_open_at_once_and_more_are_refused_in_one_log_line(start, dial, monkeypatch, events):
    monkeypatch.setattr("service.open_files.max_sockets", lambda *_: 5)
    service = await start(mock_mode=True, max_connections=5)
    held = [await dial(service) for _ in range(5)]
    for _, writer in held:
        writer.write(b"GET /health HTTP/1.1\r\n")
    for _ in range(20):
        reader, _ = await dial(service)
        assert await head_of(reader) == ["503"]
        assert await is_closed(reader)
    assert [event["times"] for event in logged(events, "sockets.refused")] == [1]
    held[0][1].close()
    await asyncio.sleep(0.05)
    reader, writer = await dial(service)
    writer.write(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
    assert await head_of(reader) == ["200"]


async def test_what_is_idle_between_two_requests_makes_room_for_who_comes(start, dial, monkeypatch, events):
    monkeypatch.setattr("service.open_files.max_sockets", lambda *_: 3)
    service = await start(mock_mode=True, max_connections=3)
    idle = [await dial(service) for _ in range(3)]
    for reader, writer in idle:
        writer.write(REQUEST)
        assert await whole_reply(reader)
    reader, writer = await dial(service)
    writer.write(REQUEST)
    assert await head_of(reader) == ["200"]
    assert await is_closed(idle[0][0])
    idle[1][1].write(REQUEST)
    assert await head_of(idle[1][0]) == ["200"]
    assert logged(events, "sockets.refused") == []


async def test_a_connection_is_kept_alive_for_longer_than_a_request_may_take_to_begin(start, dial, monkeypatch):
    monkeypatch.setattr(http_protocol, "HEAD_TIMEOUT_SECONDS", 0.1)
    reader, writer = await dial(await start(mock_mode=True))
    for _ in range(2):
        writer.write(REQUEST)
        assert await whole_reply(reader)
        await asyncio.sleep(0.3)
    writer.write(REQUEST)
    assert await head_of(reader) == ["200"]


async def test_http_keep_alive_says_for_how_long(start, dial):
    reader, writer = await dial(await start(mock_mode=True, http_keep_alive=0.1))
    writer.write(REQUEST)
    assert await whole_reply(reader)
    assert await is_closed(reader)


@pytest.mark.parametrize("start_of_next", [b"GET /hea", b""])
async def test_who_has_begun_a_next_request_is_not_idle(start, dial, monkeypatch, start_of_next):
    """Nor who owes the rest of a body that nobody wanted."""
    monkeypatch.setattr(http_protocol, "HEAD_TIMEOUT_SECONDS", 0.1)
    reader, writer = await dial(await start(mock_mode=True))
    owing = b"POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"
    writer.write(REQUEST + start_of_next if start_of_next else owing)
    assert await is_closed(reader)


def test_more_connections_than_files_are_told_at_start(monkeypatch, events):
    from service.settings import Settings  # noqa: PLC0415

    monkeypatch.setattr("service.open_files.raise_limit", lambda: 1024)
    server_options(Settings())
    (told,) = logged(events, "settings.too_many_connections")
    assert (told["max_connections"], told["fit"] < 1024) == (5000, True)


HANDSHAKE = [b"Host: a", b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13",
             b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]  # fmt: skip
FIELDS = st.sampled_from([
    b"Host: a", b"Host: a, b", b"Connection: Upgrade", b"Connection: close", b"Connection: keep-alive, upgrade",
    b"Upgrade: websocket", b"Upgrade: h2c", b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Version: 8",
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", b"Sec-WebSocket-Key: short", b"Sec-WebSocket-Protocol: one, two",
    b"Sec-WebSocket-Extensions: permessage-deflate; bad=", b"Origin: http://elsewhere.example", b"Expect: 100-continue",
    b"Content-Length: 5", b"Content-Length: -1", b"Content-Length: 9" + b"9" * 30, b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: gzip", b"Content-Type: multipart/form-data; boundary=x", b"Authorization: Bearer " + b"0" * 32,
    b" folded", b"no colon", b": no name", b"bad\x00: y", b"x: \xff\xfe", b"Cookie: " + b"c" * 9000,
])  # fmt: skip
PATHS = st.sampled_from(
    [
        b"/health",
        b"/ws/chat",
        b"/ws/chat/%00",
        b"/ws/none",
        b"/api/files",
        b"/api/app",
        b"*",
        b"//",
        b"/\xff",
        b"\x00",
        b"",
    ]
)
LINE_ENDS = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b"\x00"])


@st.composite
def heads(draw):
    """What stands before a body, well-formed or not, and often a little behind it."""
    method = draw(st.sampled_from([b"GET", b"POST", b"HEAD", b"OPTIONS", b"CONNECT", b"PRI", b"get", b"", b"\x16\x03"]))
    version = draw(st.sampled_from([b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/9", b""]))
    lines = [b" ".join((method, draw(PATHS), version)), *draw(st.lists(FIELDS, max_size=9))]
    if draw(st.booleans()):
        lines = [b"GET /ws/chat HTTP/1.1", *draw(st.permutations(HANDSHAKE)), *draw(st.lists(FIELDS, max_size=2))]
    ends = st.just(b"\r\n") if draw(st.booleans()) else LINE_ENDS
    head = b"".join(line + draw(ends) for line in lines)
    return head + draw(st.sampled_from([b"\r\n", b"\r\n", b"\n", b""])) + draw(st.binary(max_size=40))


def exchange(port, head, cuts):
    """Open a connection, and send that in pieces."""
    client = socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)
    places = sorted({0, *(cut % (len(head) + 1) for cut in cuts), len(head)})
    with suppress(ConnectionError):
        for begin, end in pairwise(places):
            client.sendall(head[begin:end])
    return client


def ends(client):
    """The service closes within PATIENCE_SECONDS, by itself; a WebSocket at the latest when the client closes it."""
    reply = b""
    with client, suppress(ConnectionError):
        while chunk := client.recv(MB):
            is_new = b" 101 " not in reply[:40]
            reply += chunk
            if is_new and b" 101 " in reply[:40]:
                client.sendall(b"\x88\x80\x00\x00\x00\x00")
    return True


@pytest.mark.timeout(300)
async def test_whatever_a_head_looks_like_its_connection_ends_and_the_service_goes_on(start, http, monkeypatch, events):
    """Random heads over real sockets, several at a time, in random pieces."""
    monkeypatch.setattr(http_protocol, "HEAD_TIMEOUT_SECONDS", 0.1)
    service = await start(mock_mode=True)
    service.server.config.timeout_keep_alive = 0.1

    @settings(max_examples=12, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.tuples(heads(), st.lists(st.integers(0, 10_000), max_size=3)), min_size=10, max_size=10))
    def fuzz(requests):
        clients = [exchange(service.port, *request) for request in requests]
        assert all(ends(client) for client in clients)

    await asyncio.to_thread(fuzz)
    async with http.get(f"{service.url}/health") as response:
        assert (response.status, (await response.json())["data"]["connections"]) == (200, 0)
    assert [event for event in events if event["log_level"] in {"error", "critical"}] == []
