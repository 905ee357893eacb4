"""What a newcomer would write: a plain WebSocket client."""

import asyncio
import json

from tests.told import told
from tests.wire_schemas import frame_faults


class Client:
    """Frames as dicts. `connect` in conftest makes it."""

    def __init__(self, socket):
        self.socket = socket
        self.resumed = []

    async def say(self, frame):
        await self.socket.send_str(frame if isinstance(frame, str) else json.dumps(frame))

    async def ask(self, content, **fields):
        await self.say({"type": "chat", "content": content, **fields})

    async def frame(self):
        """The next frame; fails where the server closes instead. Acknowledged resumes are kept apart."""
        while True:
            text = await self.socket.receive_str()
            told.heard.append(text)
            assert frame_faults(text) == []
            frame = json.loads(text)
            if frame["type"] != "resumed":
                return frame
            self.resumed.append(frame)

    async def frames_until_end(self):
        """All frames up to the one that ends a turn: a chat, or an error."""
        frames = [await self.frame()]
        while frames[-1]["type"] not in ("chat", "error"):
            frames.append(await self.frame())
        return frames

    async def answer(self, content, **fields):
        await self.ask(content, **fields)
        return (await self.frames_until_end())[-1]

    async def close_code(self):
        """Reads on until the server closes."""
        async for _ in self.socket:
            pass
        return self.socket.close_code

    async def leave(self):
        await self.socket.close()


def text_of(deltas):
    """Put deltas together as a page does, checking their offsets."""
    text = ""
    for delta in deltas:
        text = "" if delta.get("replace") else text
        assert delta["offset"] == len(text), delta
        text += delta["content"]
    return text


async def deaf_client(port):
    """A raw WebSocket connection from which nothing more is read, so that its buffers fill; returns where to write."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    request = (
        f"GET /ws/chat HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    writer.write(request.encode())
    await reader.readuntil(b"\r\n\r\n")
    return writer


def masked(opcode, payload):
    """One whole frame from a client (RFC 6455, 5.2), masked with zeros."""
    size = len(payload)
    if size < 126:
        return bytes([0x80 | opcode, 0x80 | size]) + bytes(4) + payload
    return bytes([0x80 | opcode, 0x80 | 127]) + size.to_bytes(8) + bytes(4) + payload
