"""About the least that a Python process can do: bytes from one protocol to another; no HTTP client, no server, no task.

It knows its questions and answers by heart: what the naive relay and the service cost beyond it is what they do.
"""

import asyncio
import json
import os
from urllib.parse import urlsplit

import picows
import uvloop

DIFY = urlsplit(os.environ["DIFY_API_URL"])
BODY = json.dumps({"inputs": {}, "query": "hi", "response_mode": "streaming", "user": "user"}).encode()
REQUEST = (
    f"POST {DIFY.path}/chat-messages HTTP/1.1\r\nHost: {DIFY.netloc}\r\nContent-Type: application/json\r\n"
    f"Content-Length: {len(BODY)}\r\n\r\n"
).encode() + BODY
TOKEN = b'"answer": "'
DELTA = b'{"type":"chat_delta","content":"%s"}'
END = b'{"type":"chat","role":"assistant","content":""}'


class Upstream(asyncio.Protocol):
    """One answer on its way to `client`."""

    def __init__(self, client):
        self._client = client

    def connection_made(self, transport):
        self._transport = transport
        transport.write(REQUEST)

    def data_received(self, data):
        tokens = [part[: part.index(b'"')] for part in data.split(TOKEN)[1:]]
        if tokens:
            self._client.send(picows.WSMsgType.TEXT, DELTA % b"".join(tokens))
        if data.endswith(b"0\r\n\r\n"):
            self._client.send(picows.WSMsgType.TEXT, END)
            self._transport.close()


class Client(picows.WSListener):
    def on_ws_connected(self, transport):
        self._asking = set()

    def on_ws_frame(self, transport, frame):
        if frame.msg_type == picows.WSMsgType.TEXT:
            loop = asyncio.get_running_loop()
            asking = loop.create_task(loop.create_connection(lambda: Upstream(transport), DIFY.hostname, DIFY.port))
            self._asking.add(asking)
            asking.add_done_callback(self._asking.discard)


async def main():
    server = await picows.ws_create_server(lambda _: Client(), "127.0.0.1", int(os.environ["PORT"]))
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
