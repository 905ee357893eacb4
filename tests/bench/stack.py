"""What the stack's parts cost: uvicorn's WebSocket implementations and event loops under the naive relay; JSON; and
what is left of a token's cost without any of them.

python -m tests.bench.stack
"""

import json
import os
import time
from importlib.util import find_spec

import msgspec
import uvloop

from service.chat.server_messages import ChatDelta, encode
from tests.bench import rows
from tests.bench.clients import Pinger, connect, leave
from tests.bench.servers import BARE, OTHER_CORES, naive, service, stub

IMPLEMENTATIONS = ("websockets-sansio", "websockets", "wsproto")
LOOPS = ("uvloop", "asyncio")
ROUNDS = 3
EVENT = (
    b'{"event": "message", "conversation_id": "45701982-8118-4bc5-8e9b-64562b4555f2", "message_id": '
    b'"9da23599-e713-473b-982c-4328d4f5c78a", "created_at": 1705407629, '
    b'"task_id": "c3800678-a077-43df-a102-53f23ed20b88", "answer": " well"}'
)


class Event(msgspec.Struct):
    event: str
    answer: str | None = None


async def relay(url, *options):
    """Answers/s, pings/s and KiB of an idle connection, the median of a few rounds."""
    figures = []
    for _ in range(ROUNDS):
        async with naive(url, *options) as server:
            _, seconds = await rows.ask(server.port, 50, 10)
            pingers = await connect(server.port, 50)
            pinging = await rows.timed([Pinger(client, 200) for client in pingers])
            before = server.resident_kib
            clients = await connect(server.port, 1_000)
            figures.append((500 / seconds, 10_000 / pinging, (server.resident_kib - before) / 1_000))
            leave([*pingers, *clients])
    return [sorted(column)[ROUNDS // 2] for column in zip(*figures, strict=True)]


async def relays():
    print("| WebSocket implementation | event loop | answers/s | pings/s | KiB a connection |")
    print("| --- | --- | --- | --- | --- |")
    async with stub(tokens=40) as url:
        for implementation in IMPLEMENTATIONS:
            if find_spec(implementation.partition("-")[0]) is None:
                print(f"| {implementation} | – | not installed | | |")
                continue
            for loop in LOOPS:
                options = ("--ws", implementation, "--loop", loop, "--ws-per-message-deflate", "false")
                answers, pings, memory = await relay(url, *options)
                print(f"| {implementation} | {loop} | {answers:,.0f} | {pings:,.0f} | {memory:.1f} |")


async def tokens():
    """500 answers at 50 tokens/s: what a token costs the server, and how long it is held; medians of a few rounds."""
    print("\n| who relays | CPU for a token, µs | it is held, p50, ms |\n| --- | --- | --- |")
    relayers = {
        "naive relay": naive,
        "the service": service,
        "bare protocols": lambda url: service(url, BARE),
    }
    figures = {name: [] for name in relayers}
    clients, questions, count = 500, 2, 100
    async with stub(tokens=count, gap=0.02) as url:
        for _ in range(ROUNDS):
            for name, relayer in relayers.items():
                async with relayer(url) as server:
                    before = server.cpu_seconds
                    held, _ = await rows.ask(server.port, clients, questions)
                    cpu = (server.cpu_seconds - before) / (clients * questions * count)
                    figures[name].append((cpu * 1e6, rows.percentile(held, 50)))
    for name, rounds in figures.items():
        cpu, held = (sorted(column)[ROUNDS // 2] for column in zip(*rounds, strict=True))
        print(f"| {name} | {cpu:.1f} | {held:.2f} |")


def jsons():
    """An event of Dify's in, a frame out."""
    decode = msgspec.json.Decoder(Event).decode
    frame = {"type": "chat_delta", "id": "9f86d081884c7d65", "offset": 1200, "content": " well"}
    struct = ChatDelta(frame["id"], frame["offset"], frame["content"])
    ways = {
        "json": (lambda: json.loads(EVENT), lambda: json.dumps(frame).encode()),
        "msgspec, as dicts": (lambda: msgspec.json.decode(EVENT), lambda: msgspec.json.encode(frame)),
        "msgspec, as structs": (lambda: decode(EVENT), lambda: encode(struct)),
    }
    if find_spec("orjson") is not None:
        import orjson  # noqa: PLC0415 - where it is

        ways["orjson"] = lambda: orjson.loads(EVENT), lambda: orjson.dumps(frame)
    print("\n| JSON | an event in, µs | a frame out, µs |\n| --- | --- | --- |")
    for name, (read, write) in ways.items():
        print(f"| {name} | {_microseconds(read):.2f} | {_microseconds(write):.2f} |")


def _microseconds(call, count=50_000):
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(count):
            call()
        best = min(best, time.perf_counter() - began)
    return best / count * 1e6


if __name__ == "__main__":
    os.sched_setaffinity(0, OTHER_CORES)
    uvloop.run(relays())
    jsons()
    uvloop.run(tokens())
