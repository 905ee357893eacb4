"""What is measured, and what it should be: each figure of the service, in the same minute as the naive relay's."""

import asyncio
import statistics
import time
from dataclasses import dataclass, field

import aiohttp

from service.admission.limit_table import Limits
from tests.bench.attacks import ON_ONE_SOCKET, WITH_QUESTIONS
from tests.bench.clients import DEFLATE, Asker, Bystander, Pinger, connect, leave
from tests.bench.servers import PROBED, TICKS_PER_SECOND, attack, crowd, naive, redis, service, stub

SETTLE_SECONDS = 0.3
FORWARDED = {"X-Forwarded-For": "203.0.113.7"}
LIMITS = {name.upper(): str(10**12) for name in Limits._fields} | {"FORWARDED_ALLOW_IPS": "127.0.0.1"}


@dataclass
class Size:
    """How much of each: what counts, or just enough to see that it runs."""

    rounds: int = 5
    burst: tuple[int, int] = (50, 20)  # clients, questions each
    paced: tuple[int, int] = (500, 2)
    paced_tokens: int = 100
    pings: tuple[int, int] = (50, 400)
    idle: int = 4_000
    neighbours: int = 10_000
    streaming: int = 100
    sweep_seconds: float = 6.0
    attack_seconds: float = 1.0
    attacks: int = 10


SHORT = Size(
    rounds=1,
    burst=(5, 2),
    paced=(5, 1),
    paced_tokens=10,
    pings=(5, 10),
    idle=50,
    neighbours=50,
    streaming=5,
    sweep_seconds=1,
    attack_seconds=0.2,
    attacks=1,
)


@dataclass
class Row:
    """One figure. `bar` bounds its ratio to the naive relay's, or to what is `beside`; or, with neither, itself."""

    name: str
    unit: str
    bar: float
    is_floor: bool = False
    beside: str = "naive relay"
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)

    @property
    def judged(self):
        """What the bar is for, of each round."""
        if not self.theirs:
            return self.ours
        return [our / their if their else float("nan") for our, their in zip(self.ours, self.theirs, strict=True)]

    @property
    def value(self):
        return statistics.median(self.judged)

    @property
    def noise(self):
        """Half the distance between the quartiles of the rounds."""
        if len(self.judged) < 2:
            return 0.0
        first, _, third = statistics.quantiles(self.judged, n=4, method="inclusive")
        return (third - first) / 2

    @property
    def missing(self):
        """From the bar; below zero where it is met."""
        return self.bar - self.value if self.is_floor else self.value - self.bar

    @property
    def is_short(self):
        """By more than the noise."""
        return self.missing > self.noise


async def burst(size, rows):
    """All tokens of an answer at once: how many answers a second."""
    async with stub(tokens=40) as url, naive(url) as theirs, service(url) as ours:
        row = Row("burst of 40 tokens, 50 clients", "answers/s", 1.8, is_floor=True)
        rows.append(row)
        for server, figures in _rounds(size, (theirs, row.theirs), (ours, row.ours)):
            clients, questions = size.burst
            _, seconds = await ask(server.port, clients, questions)
            figures.append(clients * questions / seconds)


async def limits(size, rows):
    """The burst with every limit on, none of them ever reached, and clients counted by an address."""
    async with stub(tokens=40) as url, naive(url) as theirs, service(url, **LIMITS) as ours:
        row = Row("the same burst with all limits on", "answers/s", 1.8, is_floor=True)
        rows.append(row)
        for server, figures in _rounds(size, (theirs, row.theirs), (ours, row.ours)):
            clients, questions = size.burst
            _, seconds = await ask(server.port, clients, questions, headers=FORWARDED)
            figures.append(clients * questions / seconds)


async def paced(size, rows):
    """Answers at 50 tokens a second: how long a token is held."""
    async with stub(tokens=size.paced_tokens, gap=0.02) as url, naive(url) as theirs, service(url) as ours:
        clients, questions = size.paced
        name = f"{clients} answers at 50 tokens/s: a token is held"
        half, most = Row(f"{name}, p50", "ms", 0.1), Row(f"{name}, p99", "ms", 0.4)
        rows += half, most
        sides = (theirs, (half.theirs, most.theirs)), (ours, (half.ours, most.ours))
        for server, (halves, mosts) in _rounds(size, *sides):
            held, _ = await ask(server.port, clients, questions)
            halves.append(percentile(held, 50))
            mosts.append(percentile(held, 99))


async def shared(size, rows):
    """What an answer takes of the server's CPU where its state is in a Redis, too, and what it takes there."""
    burst_of, paced_of = size.burst, (-(-size.paced[0] // 5), size.paced[1])
    cases = ("the burst", 1.25, 0, 40, burst_of), ("paced answers", 1.15, 0.02, size.paced_tokens, paced_of)
    for name, bar, gap, tokens, (clients, questions) in cases:
        cpu = Row(f"{name} with a Redis: CPU time of an answer", "µs", bar, beside="without it")
        trips = Row(f"{name}: round trips to Redis", "per answer", 3)
        memory = Row(f"{name}: memory of Redis", "KiB per answer", 8)
        rows += cpu, trips, memory
        async with (
            stub(tokens, gap) as url,
            redis() as store,
            service(url) as alone,
            service(url, REDIS_URL=store.url) as joined,
        ):
            for server, figures in _rounds(size, (alone, cpu.theirs), (joined, cpu.ours)):
                await ask(server.port, clients, 1)  # what is made once
                seconds, before = server.cpu_seconds, await store.figures()
                await ask(server.port, clients, questions)
                seconds = max(server.cpu_seconds - seconds, 1 / TICKS_PER_SECOND)
                figures.append(seconds / (clients * questions) * 1e6)
                if server is joined:
                    after = await store.figures()
                    trips.ours.append((after.reads - before.reads) / (clients * questions))
                    memory.ours.append((after.bytes - before.bytes) / 1024 / (clients * questions))


async def pings(size, rows):
    async with stub(tokens=1) as url, naive(url) as theirs, service(url) as ours:
        row = Row("pings, 50 clients", "round trips/s", 0.8, is_floor=True)
        rows.append(row)
        count, each = size.pings
        for server, figures in _rounds(size, (theirs, row.theirs), (ours, row.ours)):
            clients = await connect(server.port, count)
            await asyncio.sleep(SETTLE_SECONDS)
            seconds = await timed([Pinger(client, each) for client in clients])
            figures.append(count * each / seconds)
            leave(clients)


async def idle(size, rows):
    """What a connection that does nothing takes, and how fast they are let in."""
    plain = Row(f"memory of an idle connection, of {size.idle:,}", "KiB", 1.1)
    offering = Row("the same, of a client that offers permessage-deflate", "KiB", 1.1)
    connects = Row("connections let in, by the server's CPU time", "connections/s", 0.7, is_floor=True)
    rows += plain, offering, connects
    for headers, memory in ((None, plain), (DEFLATE, offering)):
        for is_theirs in [True, False] * size.rounds:
            async with stub(tokens=1) as url, (naive if is_theirs else service)(url) as server:
                leave(await connect(server.port, 10))  # what is made once
                await asyncio.sleep(SETTLE_SECONDS)
                before, cpu_before = server.resident_kib, server.cpu_seconds
                clients = await connect(server.port, size.idle, headers)
                seconds = max(server.cpu_seconds - cpu_before, 1 / TICKS_PER_SECOND)
                await asyncio.sleep(SETTLE_SECONDS)
                side = memory.theirs if is_theirs else memory.ours
                side.append((server.resident_kib - before) / size.idle)
                if memory is plain:
                    (connects.theirs if is_theirs else connects.ours).append(size.idle / seconds)
                leave(clients)


async def start(size, rows):
    resident = Row("resident memory at start", "MiB", 1.4)
    first = Row("start to first answer", "s", 1.5)
    rows += resident, first
    async with stub(tokens=1) as url:
        for is_theirs in [True, False] * size.rounds:
            began = time.monotonic()
            async with (naive if is_theirs else service)(url) as server:
                side = resident.theirs if is_theirs else resident.ours
                side.append(server.resident_kib / 1024)
                await ask(server.port, 1, 1, release=0)
                if not is_theirs:
                    first.ours.append(time.monotonic() - began)


async def sweep(size, rows):
    """All heartbeats at once: how long the event loop stalls, and how long a token is held meanwhile."""
    stall = Row(f"heartbeats to {size.neighbours:,} clients: longest stall of the event loop", "ms", 20)
    held = Row("the same: a token is held at the most, beyond what it is without", "ms", 30)
    rows += stall, held
    tokens = round(size.sweep_seconds * 50)
    async with (
        stub(tokens, gap=0.02) as url,
        service(url, PROBED, WEBSOCKET_HEARTBEAT_INTERVAL=str(size.sweep_seconds / 3)) as server,
        aiohttp.ClientSession() as http,
    ):
        for _ in range(size.rounds):
            alone, _ = await ask(server.port, 20, 1)
            async with crowd(server.port, size.neighbours) as ping:
                await ping()  # all are heard from at the same moment, and fall silent together
                await asyncio.sleep(SETTLE_SECONDS)
                await _stall(http, server.port)
                beside, _ = await ask(server.port, 20, 1)
                stall.ours.append(await _stall(http, server.port))
            held.ours.append(max(beside) - max(alone))


async def neighbours(size, rows):
    row = Row(
        f"{size.streaming} streams beside {size.neighbours:,} idle clients: a token is held, p99",
        "ms",
        1.2,
        beside="without them",
    )
    rows.append(row)
    async with (
        stub(size.paced_tokens, gap=0.02) as url,
        service(url) as alone,
        service(url) as crowded,
        crowd(crowded.port, size.neighbours),
    ):
        for server, figures in _rounds(size, (alone, row.theirs), (crowded, row.ours)):
            held, _ = await ask(server.port, size.streaming, 2)
            figures.append(percentile(held, 99))


NEIGHBOURS_BAR_MS = 100
KEPT_ANSWERS_MIB = 64.0
"""Ended answers are kept for those who come back for them: up to a bound that thousands of short ones reach."""
MOST_KEPT_MIB = {"pipelined requests": 5.0}


async def attacks(size, rows):
    """What is felt of one hostile connection by those who ping and stream beside it, and what of it is kept.

    The memory is that after ten attacks, above that after a first one.
    """
    for name in ON_ONE_SOCKET:
        half, most = (Row(f"beside {name}: a token or a pong is late, p{p}", "ms", NEIGHBOURS_BAR_MS) for p in (50, 99))
        kept = Row(f"{name}: memory that is kept", "MiB", MOST_KEPT_MIB.get(name, 2.0))
        rows += half, most, kept
        async with stub(tokens=round(50 * size.attack_seconds), gap=0.02) as url, service(url) as server:
            await attack(name, server.port, size.attack_seconds)
            before, late = server.resident_kib, []
            for _ in range(size.attacks):
                late += (await _beside(attack(name, server.port, size.attack_seconds), server.port))[0]
            kept.ours.append((server.resident_kib - before) / 1024)
            half.ours.append(percentile(late, 50))
            most.ours.append(percentile(late, 99))


FIRST_WORD_BAR_MS = 5_000


async def hogs(size, rows):
    """The same of those who ask without end, where Dify takes five at once: and how long others wait for a first word.

    An answer takes a fifth of a second.
    """
    for name in WITH_QUESTIONS:
        most = Row(f"beside {name}: a token or a pong is late, p99", "ms", NEIGHBOURS_BAR_MS)
        half, word = (
            Row(f"beside {name}: a question waits for its first word, p{p}", "ms", FIRST_WORD_BAR_MS) for p in (50, 99)
        )
        kept = Row(f"{name}: memory that is kept", "MiB", KEPT_ANSWERS_MIB)
        rows += most, half, word, kept
        async with (
            stub(tokens=10, gap=0.02) as url,
            service(url, DIFY_MAX_CONCURRENCY="5", DEGRADE_TO_MOCK="False") as server,
        ):
            await attack(name, server.port, size.attack_seconds)
            before, late, words = server.resident_kib, [], []
            for _ in range(size.attacks):
                lates, waits = await _beside(attack(name, server.port, size.attack_seconds), server.port)
                late, words = late + lates, words + waits
            kept.ours.append((server.resident_kib - before) / 1024)
            most.ours.append(percentile(late, 99))
            half.ours.append(percentile(words, 50))
            word.ours.append(percentile(words, 99))


ALL = (burst, limits, paced, shared, pings, idle, start, sweep, neighbours, attacks, hogs)


def percentile(values, percent):
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


def _rounds(size, *sides):
    """First the one, then the other; the order changes with each round, so that a slow minute falls on both."""
    for number in range(size.rounds):
        yield from sides if number % 2 else sides[::-1]


async def ask(port, count, questions, release=SETTLE_SECONDS, headers=None):
    """How long each frame's first token was held (ms), and how long all took (s)."""
    clients = await connect(port, count, headers)
    await asyncio.sleep(release)
    askers = [Asker(client, questions) for client in clients]
    seconds = await timed(askers)
    leave(clients)
    await asyncio.sleep(release)
    return [held for asker in askers for held in asker.held], seconds


async def _beside(hostile, port):
    """How late tokens and pongs are meanwhile, and first words, in ms."""
    clients = await connect(port, 10)
    askers, bystanders = (
        [Asker(client, 100) for client in clients[:5]],
        [Bystander(client, 0.01) for client in clients[5:]],
    )
    for client in (*askers, *bystanders):
        client.ask()
    await hostile
    assert not any(asker.done.done() for asker in askers), "a question of an innocent was refused"
    for client in (*askers, *bystanders):
        client.stop()
    leave(clients)
    late = [ms for client in askers for ms in client.held] + [ms for client in bystanders for ms in client.waits]
    return late, [ms for client in askers for ms in client.first_words]


async def timed(workers):
    began = time.monotonic()
    for worker in workers:
        worker.ask()
    await asyncio.gather(*(worker.done for worker in workers))
    return time.monotonic() - began


async def _stall(http, port):
    async with http.get(f"http://127.0.0.1:{port}/stall") as response:
        return (await response.json())["stall_ms"]
