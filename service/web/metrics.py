"""/metrics, for Prometheus. Imported only where METRICS_TOKEN is set: the library takes memory."""

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    Counter,
    Histogram,
    Metric,
    disable_created_metrics,
    generate_latest,
)
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from service import counts
from service.chat.client_messages import VoiceLatency
from service.chat.running_turn import RunningTurn
from service.open_files import sockets
from service.result_codes import ResultCode
from service.tally import Tally
from service.tasks import Tasks
from service.web.health import Vitals
from service.web.metric_definitions import NAMED, PREFIX
from service.web.operator_tokens import carries
from service.web.responses import UNCACHED, fail
from service.worker_numbers import Family, Sample, WorkerNumbers

LAG_SECONDS = 0.5
SAVE_SECONDS = 2.0
SCRAPE_TIMEOUT_SECONDS = 5.0
CLOSE_TIMEOUT_SECONDS = 1.0
_COUNTED = {
    "connections": "connections",
    "turns_running": "turns",
    "answers_at_once": "answers_at_once",
    "answers_taken": "answers_taken",
    "answers_waiting": "answers_waiting",
    "answers_displaced": "answers_displaced",
    "tokens": "tokens",
    "undelivered_characters": "undelivered_characters",
}
"""Metrics whose value is among the counts of /health, and under which name."""


class Metrics:
    """A failure here is logged, and touches nothing else."""

    def __init__(self, token: str, numbers: WorkerNumbers, vitals: Vitals) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._token = token
        self._numbers = numbers
        self._vitals = vitals
        self._registry = registry = CollectorRegistry(auto_describe=False)
        self._turns = _counter("turns", registry)
        self._first_text = _histogram("first_text_seconds", registry)
        self._total = _histogram("answer_seconds", registry)
        self._voice = _histogram("voice_latency_seconds", registry)
        self._lag = _histogram("event_loop_lag_seconds", registry)
        self._thread = ThreadPoolExecutor(1, "metrics")
        self._tasks = Tasks()
        self._exchanging: asyncio.Task[list[Family] | None] | None = None
        self._failures = Tally("metrics.failed")

    def routes(self) -> list[Route]:
        return [Route("/metrics", self.metrics)]

    async def metrics(self, request: Request) -> Response:
        if not carries(request, self._token):
            words = "Send METRICS_TOKEN as Authorization: Bearer."
            return fail(ResultCode.UNAUTHORIZED, words, UNCACHED | {"WWW-Authenticate": "Bearer"})
        if (families := await self._exchange(SCRAPE_TIMEOUT_SECONDS)) is None:
            return fail(ResultCode.UNAVAILABLE, "The numbers of the worker processes cannot be read.", UNCACHED)
        return Response(generate_latest(_Page(families)), headers=UNCACHED, media_type=CONTENT_TYPE_PLAIN_0_0_4)

    def observe(self, turn: RunningTurn) -> None:
        """A turn has ended."""
        with self._survived():
            source = turn.identity.source if turn.identity is not None else "none"
            self._turns.labels(str(turn.status), source).inc()
            self._total.labels(source).observe(turn.ended_at - turn.started_at)
            if turn.first_text_at:
                self._first_text.labels(source).observe(turn.first_text_at - turn.started_at)

    def observe_voice(self, latency: VoiceLatency) -> None:
        """A client has told how soon it was answered."""
        with self._survived():
            for stage, milliseconds in latency.stages().items():
                self._voice.labels(stage).observe(milliseconds / 1000)

    async def run(self) -> None:
        """Until cancelled; then the last numbers are saved, from which the next process of this worker goes on."""
        try:
            while True:
                for _ in range(round(SAVE_SECONDS / LAG_SECONDS)):
                    await self._observe_lag()
                await self._exchange(SCRAPE_TIMEOUT_SECONDS)
        finally:
            await self._exchange(CLOSE_TIMEOUT_SECONDS)
            self._thread.shutdown(wait=False)

    async def _observe_lag(self) -> None:
        due = time.monotonic() + LAG_SECONDS
        await asyncio.sleep(LAG_SECONDS)
        with self._survived():
            self._lag.observe(max(0.0, time.monotonic() - due))

    @contextmanager
    def _survived(self) -> Iterator[None]:
        """Whatever fails, answers go on, and the other metrics."""
        try:
            yield
        except Exception as error:  # noqa: BLE001
            self._failures.add(error=repr(error))

    async def _exchange(self, within: float) -> list[Family] | None:
        """None where it failed, or took longer: then it goes on, and whoever asks meanwhile waits for the same."""
        if self._exchanging is None or self._exchanging.done():
            self._exchanging = self._tasks.spawn(self._try_exchange())
        done, _ = await asyncio.wait([self._exchanging], timeout=within)
        return self._exchanging.result() if done else None

    async def _try_exchange(self) -> list[Family] | None:
        """A disk that hangs holds a thread of our own, not one of those that look up Dify's name."""
        with self._survived():
            loop, families = asyncio.get_running_loop(), self._families()
            return await loop.run_in_executor(self._thread, self._numbers.exchange, families)
        return None

    def _families(self) -> list[Family]:
        return [*map(_family, self._registry.collect()), *self._read()]

    def _read(self) -> Iterator[Family]:
        """Of what others count anyway."""
        now, breaker, redis = self._vitals.counts(), self._vitals.breaker, self._vitals.redis()
        for name, key in _COUNTED.items():
            yield _number(name, now.get(key))
        yield _numbers("limits_hit", now["limits_hit"])
        yield _numbers("dify_errors", counts.dify_errors)
        yield _numbers("dify_tries", counts.dify_tries)
        yield _numbers("closes", counts.closes)
        states = ("closed", "open", "half_open") if breaker is not None else ()
        yield _numbers("breaker", {state: int(breaker is not None and breaker.state == state) for state in states})
        yield _number("redis_up", redis and int(redis.is_up))
        yield _number("redis_round_trip_seconds", redis and redis.round_trip)
        yield _number("sockets", len(sockets.open))
        yield _number("sockets_max", sockets.cap)
        yield _numbers("log_dropped_lines", now.get("log_lines_dropped", {}))


def _counter(name: str, registry: CollectorRegistry) -> Counter:
    it = NAMED[name]
    return Counter(it.full_name, it.meaning, it.labels, registry=registry)


def _histogram(name: str, registry: CollectorRegistry) -> Histogram:
    it = NAMED[name]
    return Histogram(it.full_name, it.meaning, it.labels, buckets=it.buckets, registry=registry)


def _number(name: str, value: float | None) -> Family:
    """Without a value, none is told."""
    samples: list[Sample] = [] if value is None else [(PREFIX + NAMED[name].shown_name, {}, float(value))]
    return Family(NAMED[name].full_name, NAMED[name].meaning, NAMED[name].type, samples)


def _numbers(name: str, values: Mapping[Any, int]) -> Family:
    """By the values of its label."""
    (label,) = NAMED[name].labels
    samples = [(PREFIX + NAMED[name].shown_name, {label: str(key)}, float(value)) for key, value in values.items()]
    return Family(NAMED[name].full_name, NAMED[name].meaning, NAMED[name].type, samples)


def _family(metric: Metric) -> Family:
    samples = [(sample.name, dict(sample.labels), sample.value) for sample in metric.samples]
    return Family(metric.name, metric.documentation, metric.type, samples)


@dataclass
class _Page:
    """Families of several workers as the library writes them: each name once."""

    families: Iterable[Family]
    _metrics: dict[str, Metric] = field(default_factory=dict)

    def collect(self) -> Iterable[Metric]:
        for family in self.families:
            metric = self._metrics.setdefault(family.name, Metric(family.name, family.documentation, family.type))
            for name, labels, value in family.samples:
                metric.add_sample(name, labels, value)
        return self._metrics.values()
