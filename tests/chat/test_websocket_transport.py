"""A WebSocket as the transport of a session."""

import asyncio

import pytest
from starlette.websockets import WebSocket

from service.chat import close_codes
from service.chat.websocket_transport import WRITE_TEXT, WebSocketTransport


class Server:
    """What an ASGI server is to a WebSocket."""

    def __init__(self, *received, extensions=None):
        self.received = [{"type": "websocket.connect"}, *received]
        self.sent = []
        self.scope = {"type": "websocket", "headers": [], "path": "/", "extensions": extensions or {}}

    async def receive(self):
        return self.received.pop(0)

    async def send(self, message):
        self.sent.append(message)

    async def accepted(self):
        transport = WebSocketTransport(WebSocket(self.scope, self.receive, self.send), "dify-live")
        await transport.accept()
        return transport


def message(**content):
    return {"type": "websocket.receive"} | content


async def test_texts_and_bytes_are_received_as_they_are():
    transport = await Server(message(text="Hi"), message(bytes=b"\xff"), message(text="", bytes=None)).accepted()
    assert [await transport.receive() for _ in range(3)] == ["Hi", b"\xff", ""]


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ({"code": 1000, "reason": ""}, (1000, "")),
        ({"code": 1001, "reason": None}, (1001, "")),
        ({"code": 1006}, close_codes.LOST),
    ],
)
async def test_a_lost_connection_is_told_from_one_that_the_client_closed(end, code):
    transport = await Server({"type": "websocket.disconnect"} | end).accepted()
    assert (await transport.receive(), transport.close_code) == (None, code)


async def test_its_end_is_no_error_to_who_sends_or_closes():
    transport = await Server().accepted()
    await transport.close(1000, "")
    await transport.send(b"Hi")
    await transport.close(1000, "")


@pytest.mark.parametrize(("extensions", "is_written"), [({}, False), ({WRITE_TEXT: lambda data: data == b"Hi"}, True)])
async def test_a_text_is_written_at_once_where_the_server_can(extensions, is_written):
    transport = await Server(extensions=extensions).accepted()
    assert transport.write(b"Hi") is is_written


async def test_who_aborts_ends_its_lifetime_and_may_do_so_again():
    transport = await Server().accepted()

    async def live():
        async with transport.lifetime:
            transport.abort()
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await live()
    transport.abort()
