"""The clients. They share a core with the stand-in for Dify: picows costs it least."""

import asyncio
import os
import sys
import time

import picows
import uvloop

ASK = b'{"type":"chat","content":"hi","stream":true}'
PING = b'{"type":"ping","timestamp":1}'
DEFLATE = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}
_AT_ONCE = 50


class Client(picows.WSListener):
    """One connection. `on_text` gets each text frame."""

    def __init__(self):
        self.on_text = len  # nobody's yet

    def on_ws_connected(self, transport):
        self._transport = transport

    def on_ws_frame(self, transport, frame):
        if frame.msg_type == picows.WSMsgType.TEXT:
            self.on_text(frame.get_payload_as_bytes())

    def send(self, text):
        self._transport.send(picows.WSMsgType.TEXT, text)

    def leave(self):
        self._transport.disconnect()


async def connect(port, count, headers=None):
    """`count` open connections."""
    url = f"ws://127.0.0.1:{port}/ws/chat"
    clients = []
    while len(clients) < count:
        more = [
            picows.ws_connect(Client, url, extra_headers=headers) for _ in range(min(_AT_ONCE, count - len(clients)))
        ]
        clients += [client for _, client in await asyncio.gather(*more)]
    return clients


def leave(clients):
    for client in clients:
        client.leave()


class Asker:
    """Asks `count` questions, each when the last is answered. In ms: `held`, how long a frame's first token was;

    `first_words`, how long each question waited for one.
    """

    def __init__(self, client, count):
        self.held = []
        self.first_words = []
        self._asked_at = None
        self.done = asyncio.get_running_loop().create_future()
        self._client = client
        self._left = count
        client.on_text = self._receive

    def ask(self):
        self._asked_at = time.monotonic()
        self._client.send(ASK)

    def stop(self):
        """What has not come yet counts, too."""
        self._client.on_text = len
        self._note_first_word()

    def _note_first_word(self):
        if self._asked_at is not None:
            self.first_words.append((time.monotonic() - self._asked_at) * 1000)
            self._asked_at = None

    def _receive(self, text):
        self._note_first_word()
        stamp = text.find(b"@")
        if b'"assistant"' in text[:80]:
            self._left -= 1
            if self._left:
                self.ask()
            else:
                self.done.set_result(None)
        elif stamp >= 0:
            self.held.append((time.monotonic_ns() - int(text[stamp + 1 : text.index(b" ", stamp)])) / 1e6)
        elif text[:20].find(b'"error"') > 0:
            self.done.set_exception(AssertionError(text))


class Pinger:
    """Pings `count` times, each time when the pong has come."""

    def __init__(self, client, count):
        self.done = asyncio.get_running_loop().create_future()
        self._client = client
        self._left = count
        client.on_text = self._receive

    def ask(self):
        self._client.send(PING)

    def _receive(self, text):
        if b'"pong"' in text:
            self._left -= 1
            if self._left:
                self.ask()
            else:
                self.done.set_result(None)


class Bystander:
    """Pings every `gap` seconds, each time when the pong has come. `waits`: how long each took, in ms."""

    def __init__(self, client, gap):
        self.waits = []
        self._client = client
        self._gap = gap
        self._sent_at = 0.0
        self._timer = None
        client.on_text = self._receive

    def ask(self):
        self._sent_at = time.monotonic()
        self._client.send(PING)

    def stop(self):
        """What has not come yet counts, too."""
        self._client.on_text = len
        if self._timer is None:
            self.waits.append((time.monotonic() - self._sent_at) * 1000)
        else:
            self._timer.cancel()

    def _receive(self, text):
        if b'"pong"' in text:
            self.waits.append((time.monotonic() - self._sent_at) * 1000)
            self._timer = asyncio.get_running_loop().call_later(self._gap, self._again)

    def _again(self):
        self._timer = None
        self.ask()


async def crowd(port, count):
    """A process of idle clients, in the background: at a line of input they all ping at once; at its end they leave."""
    os.nice(19)
    clients = await connect(port, count)
    print("here", flush=True)
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        for client in clients:
            client.send(PING)


if __name__ == "__main__":
    uvloop.run(crowd(*map(int, sys.argv[1:])))
