"""What one stranger can do with one connection, or with one after the other, as fast as it goes.

    python -m tests.bench.attacks NAME PORT SECONDS

In a process of its own, which is nice to the innocent clients beside it: they are what is measured.
"""

import asyncio
import json
import os
import random
import sys
import time
from contextlib import suppress

import uvloop

GET = b"GET /health HTTP/1.1\r\nHost: a\r\n"
POST = b"POST /api/files HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
HANDSHAKE = (
    b"GET /ws/chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
MASK = b"\x80\x00\x00\x00\x00"  # the bit, an empty payload, a key of zeros
LINES = (b"x: " + b"y" * 1000 + b"\r\n") * 20
AT_ONCE = 8


def frame(message):
    """A masked text frame, under a key of zeros."""
    payload = json.dumps(message).encode()
    size = bytes((0x80 | len(payload),)) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2)
    return b"\x81" + size + bytes(4) + payload


def question():
    return frame({"type": "chat", "content": "hi", "id": f"q{random.getrandbits(60)}"})


async def pour(port, beginning, piece):
    """Send that for ever, on one connection, without reading a reply."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(beginning)
        while True:
            writer.write(piece)
            await writer.drain()
    finally:
        writer.transport.abort()


async def pour_frames(port, piece, first=b""):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(HANDSHAKE)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(first)
        while True:
            writer.write(piece)
            await writer.drain()
    finally:
        writer.transport.abort()


async def ask_and_leave(port):
    """As many questions as one connection may ask, then the next connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(HANDSHAKE)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"".join(question() for _ in range(AT_ONCE)))
        await asyncio.sleep(0.002)  # they are read before the connection ends
        writer.write(b"\x88\x80" + bytes(4))
        await writer.drain()
    finally:
        writer.close()


async def ask_as_many(port):
    """One connection, which asks, and is somebody else's with each `resume`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(HANDSHAKE)
        await reader.readuntil(b"\r\n\r\n")
        while True:
            writer.write(frame({"type": "resume", "token": f"{random.getrandbits(128):032x}"}))
            writer.write(b"".join(question() for _ in range(AT_ONCE)))
            await writer.drain()
            await asyncio.sleep(0.01)
            while reader._buffer:
                await reader.read(1_000_000)
    finally:
        writer.transport.abort()


async def shake_hands(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(HANDSHAKE)
        await reader.readuntil(b"\r\n\r\n")
    finally:
        writer.transport.abort()


ON_ONE_SOCKET = {
    "header lines without end": lambda port: pour(port, GET, LINES),
    "a URL without end": lambda port: pour(port, b"GET /", b"y" * 20_000),
    "trailers without end": lambda port: pour(port, POST, LINES),
    "pipelined requests": lambda port: pour(port, b"", (GET + b"\r\n") * 500),
    "requests with paths of 60 kB": lambda port: pour(
        port, b"", GET.replace(b"/health", b"/" + b"y" * 60_000) + b"\r\n"
    ),
    "empty pings": lambda port: pour_frames(port, (b"\x89" + MASK) * 3_000),
    "pongs": lambda port: pour_frames(port, (b"\x8a" + MASK) * 3_000),
    "fragments": lambda port: pour_frames(port, (b"\x00" + MASK) * 3_000, first=b"\x01" + MASK),
    "text frames": lambda port: pour_frames(port, frame("x") * 3_000),
    "refused frames": lambda port: pour_frames(port, frame({"type": "no"}) * 1_000),
}
WITH_QUESTIONS = {
    "questions of who has left": ask_and_leave,
    "questions under new tokens": ask_as_many,
    "handshakes": shake_hands,
}


async def attack(name, port, seconds):
    """Again and again: the service ends most of them."""
    once = (ON_ONE_SOCKET | WITH_QUESTIONS)[name]
    over = time.monotonic() + seconds
    while (left := over - time.monotonic()) > 0:
        with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
            async with asyncio.timeout(left):
                await once(port)


if __name__ == "__main__":
    os.nice(19)
    uvloop.run(attack(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
