"""The door and what lies behind it, over real sockets, in mock mode."""

import asyncio
import json

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.chat import close_codes
from service.chat.session import Session
from tests.clients import deaf_client, masked, text_of
from tests.conftest import eventually, logged


@pytest.fixture
async def service(start):
    return await start(max_content_length=50, websocket_max_size=4096)


async def test_the_first_frame_greets_and_gives_a_client_id(service, connect):
    client = await connect(service)
    assert client.greeting["type"] == "system"
    assert client.greeting["content"] == "Connected to chat server"
    assert client.greeting["protocol"] == "1.0"
    assert client.greeting["client_id"]


async def test_a_client_may_bring_its_own_id(service, connect):
    client = await connect(service, "/ws/chat/bed%207")
    assert client.greeting["client_id"] == "bed 7"


async def test_the_published_contract_alone_is_enough(service, connect):
    client = await connect(service)
    await client.say({"type": "ping", "timestamp": 1700000000000})
    assert await client.frame() == {"type": "pong", "timestamp": 1700000000000}
    await client.say({"type": "chat", "content": "Hello?"})
    answer = await client.frame()
    assert (answer["type"], answer["role"]) == ("chat", "assistant")
    assert "Hello?" in answer["content"]


async def test_a_ping_without_timestamp_gets_the_server_s(service, connect):
    client = await connect(service)
    await client.say({"type": "ping", "extra": {"deep": [1]}})
    assert (await client.frame())["timestamp"] > 1_700_000_000_000


async def test_a_streamed_answer_comes_in_pieces_that_make_the_whole(service, connect):
    client = await connect(service)
    await client.ask("Hello?", id="q1", stream=True)
    *deltas, answer = await client.frames_until_end()
    assert len(deltas) > 5
    assert text_of(deltas) == answer["content"]
    assert {frame["id"] for frame in [*deltas, answer]} == {"q1"}
    assert (answer["status"], answer["source"]) == ("done", "mock")


async def test_a_stop_keeps_what_was_written(service, connect):
    client = await connect(service)
    await client.ask("Hello?", id="q1", stream=True)
    first = await client.frame()
    await client.say({"type": "stop", "id": "q1"})
    *deltas, answer = await client.frames_until_end()
    assert answer["status"] == "stopped"
    assert text_of([first, *deltas]) == answer["content"]


@pytest.mark.parametrize("frame", ["nonsense", "[]", '{"type":"offer"}', '{"type":"ice-candidate","candidate":""}'])
async def test_what_is_no_frame_gets_one_error_and_the_connection_stays(service, connect, frame):
    client = await connect(service)
    await client.say(frame)
    error = await client.frame()
    assert (error["type"], error["code"]) == ("error", 10000)
    await client.say({"type": "ping", "timestamp": 1})
    assert (await client.frame())["type"] == "pong"


async def test_any_message_leaves_the_connection_usable_with_at_most_one_error(service, connect):
    """Fuzzed over one real socket: each message is followed by a ping, whose pong must be next, or next but one."""
    loop = asyncio.get_running_loop()
    messages = []
    short = st.text(max_size=20)  # all of it stays below the limit of a message

    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.one_of(st.text(max_size=200), st.binary(max_size=200), st.dictionaries(short, short, max_size=5)))
    def collect(message):
        messages.append(json.dumps(message) if isinstance(message, dict) else message)

    await loop.run_in_executor(None, collect)
    client = await connect(service)
    for number, message in enumerate(messages):
        send = client.socket.send_bytes if isinstance(message, bytes) else client.socket.send_str
        await send(message)
        await client.say({"type": "ping", "timestamp": number})
        frame = await client.frame()
        if frame["type"] == "error":
            assert frame["code"] == 10000
            frame = await client.frame()
        assert frame == {"type": "pong", "timestamp": number}


async def test_a_question_that_is_too_long_is_refused_in_words(service, connect):
    client = await connect(service)
    error = await client.answer("x" * 51, id="q1")
    assert (error["code"], error["id"]) == (10000, "q1")
    assert "51 characters, 50 are allowed" in error["content"]


async def test_a_message_past_the_transport_s_limit_closes_the_connection_for_the_documented_reason(service, connect):
    client = await connect(service)
    await client.say("x" * 5000)
    closed = await client.socket.receive()
    documented = close_codes.MESSAGE_TOO_BIG.reason.replace("N", "5000").replace("M", "4096")
    assert (closed.data, closed.extra) == (1009, documented)


async def test_a_stranger_under_a_known_client_id_ends_nobody(service, connect):
    first = await connect(service, "/ws/chat/bed-7")
    stranger = await connect(service, "/ws/chat/bed-7")
    await stranger.say({"type": "resume", "token": "0123456789abcdef" * 2})
    assert (await stranger.frame())["content"] == "Welcome back"
    assert (await first.answer("Still here?"))["status"] == "done"
    assert (await stranger.answer("Me too?"))["status"] == "done"


async def test_the_same_client_again_replaces_its_older_connection(service, connect):
    old = await connect(service, "/ws/chat/bed-7")
    new = await connect(service, "/ws/chat/bed-7")
    await new.say({"type": "resume", "token": old.greeting["resume_token"]})
    assert (await new.frame())["content"] == "Welcome back"
    assert "newer connection" in (await old.frame())["content"]
    assert await old.close_code() == 4500
    await new.say({"type": "ping", "timestamp": 1})
    assert (await new.frame())["type"] == "pong"


async def test_a_client_that_only_listens_gets_heartbeats_and_is_closed_in_the_end(start, connect):
    service = await start(websocket_heartbeat_interval=0.05, websocket_heartbeat_timeout=1)
    client = await connect(service)
    *frames, last = [json.loads(message.data) async for message in client.socket]
    assert {frame["type"] for frame in frames} == {"heartbeat"}
    assert last["type"] == "system"
    assert client.socket.close_code == 4000
    assert frames[0]["timestamp"] > 1_700_000_000_000


async def test_a_client_that_waits_for_its_answer_is_not_closed(start, connect):
    service = await start(websocket_heartbeat_interval=0.05, websocket_heartbeat_timeout=0.1, mock_tokens_per_second=25)
    client = await connect(service)
    await client.ask("A question whose answer takes a second")
    frames = await client.frames_until_end()
    assert frames[-1]["status"] == "done"
    assert {frame["type"] for frame in frames[:-1]} == {"heartbeat"}


async def refusal(http, service, path="/ws/chat", **headers):
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await http.ws_connect(f"{service.url}{path}", headers=headers)
    return caught.value.status


@pytest.mark.parametrize(
    ("allowed", "origin", "status"),
    [
        ((), None, 101),
        ((), "http://{host}", 101),
        ((), "https://{host}", 101),
        ((), "HTTP://{host}", 101),
        ((), "http://elsewhere.example", 403),
        ((), "http://{host}.elsewhere.example", 403),
        ((), "http://127.0.0.1", 403),
        ((), "null", 403),
        ((), "http://[broken", 403),
        ((), "file://", 403),
        (("https://shop.example",), "https://shop.example", 101),
        (("https://shop.example",), "https://SHOP.example", 101),
        (("https://shop.example",), "http://shop.example", 403),
        (("https://shop.example",), "http://{host}", 101),
        (("*",), "http://elsewhere.example", 101),
        (("*",), "null", 101),
    ],
)
async def test_pages_connect_from_the_same_origin_or_an_allowed_one(start, http, allowed, origin, status):
    service = await start(allowed_origins=allowed)
    headers = {"Origin": origin.format(host=f"127.0.0.1:{service.port}")} if origin else {}
    if status == 101:
        socket = await http.ws_connect(f"{service.url}/ws/chat", headers=headers)
        await socket.close()
    else:
        assert await refusal(http, service, **headers) == status


async def test_the_scheme_s_own_port_is_the_same_as_none(start, http):
    service = await start()
    headers = {"Origin": "https://chat.example", "Host": "chat.example:443"}
    socket = await http.ws_connect(f"{service.url}/ws/chat", headers=headers)
    await socket.close()


async def test_the_subprotocol_of_this_service_is_chosen(service, http):
    socket = await http.ws_connect(f"{service.url}/ws/chat", protocols=("other", "dify-live"))
    assert socket.protocol == "dify-live"
    assert (await socket.receive_json())["type"] == "system"
    await socket.close()


async def test_an_unknown_subprotocol_ends_with_a_reason_that_a_browser_shows(service, http, events):
    socket = await http.ws_connect(f"{service.url}/ws/chat", protocols=("graphql-ws",))
    closed = await socket.receive()
    assert (socket.protocol, socket.close_code) == ("graphql-ws", 4501)
    assert "dify-live" in closed.extra
    assert "graphql-ws" in logged(events, "connection.refused")[0]["why"]


async def handshake(service, path="/ws/chat", origin=None):
    """The whole reply to a handshake, as bytes: a client library hides its body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{service.port}", "Connection: Upgrade", "Upgrade: websocket",
             "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]  # fmt: skip
    lines += [f"Origin: {origin}"] if origin else []
    writer.write("\r\n".join([*lines, "", ""]).encode())
    head = await reader.readuntil(b"\r\n\r\n")
    body = b"" if head.startswith(b"HTTP/1.1 101") else await reader.read()
    writer.close()
    await writer.wait_closed()
    return int(head.split()[1]), body


@pytest.mark.parametrize(
    ("path", "origin", "status", "code"),
    [
        ("/ws/chat", "http://elsewhere.example", 403, 403),
        ("/ws/chat/" + "x" * 129, None, 400, 10000),
        ("/ws/chat/a%00b", None, 400, 10000),
        ("/ws/other", None, 404, 404),
        ("/ws/chat/a/b", None, 404, 404),
        ("/", None, 404, 404),
    ],
)
async def test_a_refused_handshake_has_the_envelope(start, path, origin, status, code):
    service = await start()
    got, body = await handshake(service, path, origin)
    reply = json.loads(body)
    assert (got, reply["code"], reply["data"]) == (status, code, None)
    assert reply["message"]


async def test_when_all_places_are_taken_the_next_is_refused_until_one_leaves(start, connect):
    service = await start(max_connections=1)
    first = await connect(service, "/ws/chat/one")
    status, body = await handshake(service)
    assert (status, json.loads(body)["code"]) == (503, 503)
    again = await connect(service, "/ws/chat/one")
    await again.say({"type": "resume", "token": first.greeting["resume_token"]})
    assert await first.close_code() == 4500
    await again.leave()
    async with asyncio.timeout(10):
        while (await handshake(service))[0] != 101:
            await asyncio.sleep(0.01)


async def test_a_connection_tells_its_story_in_the_log(service, connect, events):
    client = await connect(service, "/ws/chat/bed-7")
    answer = await client.answer("Hi")
    await client.leave()
    await eventually(lambda: events[-1]["event"] == "connection.closed")
    told = [event for event in events if event.get("client_id") == "bed-7"]
    assert [event["event"] for event in told] == [
        "connection.opened", "turn.started", "turn.finished", "connection.closed"
    ]  # fmt: skip
    assert len({event["connection_id"] for event in told}) == 1
    assert {event["turn_id"] for event in told[1:3]} == {answer["id"]}
    assert told[-1]["code"] == 1000
    assert told[-1]["duration_ms"] >= 0


async def test_what_people_write_is_not_in_the_log(service, connect, events):
    client = await connect(service)
    await client.answer("My secret ailment")
    assert "ailment" not in repr(events)


async def test_a_fault_of_ours_closes_with_its_own_code_and_a_stack_in_the_log(service, connect, events, monkeypatch):
    async def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(Session, "receive", fail)
    client = await connect(service)
    await client.say({"type": "ping"})
    assert await client.close_code() == 1011
    assert [event["exc_info"] for event in events if event["event"] == "connection.failed"] == [True]


async def test_who_pings_without_end_and_reads_no_pong_is_cut_off(service):
    writer = await deaf_client(service.port)
    pings = masked(9, b"x" * 125) * 500

    async def ping_without_end():
        while True:
            writer.write(pings)
            await writer.drain()

    with pytest.raises(ConnectionError):
        await ping_without_end()
    writer.transport.abort()


async def test_a_client_that_reads_nothing_is_cut_off_and_gives_its_place_back(start, events, monkeypatch):
    """A real socket that is never read from: its buffers fill, a send does not finish, the connection is dropped."""
    monkeypatch.setattr("service.chat.connection.SEND_TIMEOUT_SECONDS", 0.1)
    monkeypatch.setattr("service.chat.connection.CLOSE_TIMEOUT_SECONDS", 0.1)
    service = await start(websocket_max_size=8_000_000, max_content_length=7_000_000)
    writer = await deaf_client(service.port)
    writer.write(masked(1, json.dumps({"type": "chat", "content": "x" * 6_000_000, "stream": True}).encode()))
    await eventually(lambda: any(event["event"] == "connection.closed" for event in events))
    (closed,) = [event for event in events if event["event"] == "connection.closed"]
    assert closed["code"] == 4001
    writer.transport.abort()
