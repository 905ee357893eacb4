"""A stand-in for Dify's chat-messages, cheap enough to drive a relay to its limit.

    python -m tests.bench.stub [--tokens 40] [--gap SECONDS]

It prints its port. Each answer is `tokens` events, `gap` apart (0: all at once), then `message_end`. A token is the
moment it was sent, `@nanoseconds ` of the monotonic clock, so that a client of this machine knows how long it was held.
"""

import argparse
import asyncio
import json
import time
import uuid

import uvloop

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Stub:
    def __init__(self, tokens, gap):
        self.tokens = tokens
        self.gap = gap

    async def serve(self, reader, writer):
        try:
            while True:
                path = await self._read_request(reader)
                if path.endswith(b"/chat-messages"):
                    await self._answer(writer)
                else:
                    writer.write(JSON)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, RuntimeError):  # uvloop: written after its close
            writer.close()

    async def _read_request(self, reader):
        head = await reader.readuntil(b"\r\n\r\n")
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                await reader.readexactly(int(line[15:]))
        return head.split(b" ", 2)[1]

    async def _answer(self, writer):
        ids = {key: str(uuid.uuid4()) for key in ("conversation_id", "message_id", "task_id")}
        beginning = json.dumps({"event": "message", **ids, "created_at": 1705407629})[:-1].encode()
        end = {"event": "message_end", **ids, "metadata": {"usage": {"total_tokens": self.tokens}}}
        writer.write(HEAD)
        for _ in range(self.tokens):
            if self.gap:
                await asyncio.sleep(self.gap)
            writer.write(_chunk(b'%s, "answer": "@%d "}' % (beginning, time.monotonic_ns())))
        writer.write(_chunk(json.dumps(end).encode()) + b"0\r\n\r\n")


def _chunk(event):
    return b"%x\r\ndata: %s\n\n\r\n" % (len(event) + 8, event)


async def main(tokens, gap):
    server = await asyncio.start_server(Stub(tokens, gap).serve, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--tokens", type=int, default=40)
    parser.add_argument("--gap", type=float, default=0)
    uvloop.run(main(**vars(parser.parse_args())))
