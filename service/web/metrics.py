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
from service.chat.messages import VoiceLatency
from service.chat.running_turn import RunningTurn
from service.open_files import sockets
from service.result_codes import ResultCode
from service.tally import Tally
from service.tasks import Tasks
from service.web.health import Vitals
from service.web.operator_tokens import carries
from service.web.responses import UNCACHED, fail
from service.worker_numbers import GAUGE, Family, Sample, WorkerNumbers

LAG_SECONDS = 0.5
SAVE_SECONDS = 2.0
SCRAPE_TIMEOUT_SECONDS = 5.0
CLOSE_TIMEOUT_SECONDS = 1.0
FIRST_TEXT_BUCKETS = 0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 13, 20, 30, 60, 120
TOTAL_BUCKETS = 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200
VOICE_BUCKETS = 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1, 1.2, 1.6, 2, 3, 5, 10
LAG_BUCKETS = 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5


class Metrics:
    """A failure here is logged, and touches nothing else."""

    def __init__(self, token: str, numbers: WorkerNumbers, vitals: Vitals) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._token = token
        self._numbers = numbers
        self._vitals = vitals
        self._registry = registry = CollectorRegistry(auto_describe=False)
        self._turns = Counter("dify_live_turns", "Ended turns.", ["status", "source"], registry=registry)
        self._first_text = Histogram(
            "dify_live_first_text_seconds", "From a question to the first word of its answer, waiting included.",
            ["source"], buckets=FIRST_TEXT_BUCKETS, registry=registry,
        )  # fmt: skip
        self._total = Histogram(
            "dify_live_answer_seconds", "From a question to the end of its answer.",
            ["source"], buckets=TOTAL_BUCKETS, registry=registry,
        )  # fmt: skip
        self._voice = Histogram(
            "dify_live_voice_latency_seconds", "From the end of a person's speech, as clients measured it.",
            ["stage"], buckets=VOICE_BUCKETS, registry=registry,
        )  # fmt: skip
        self._lag = Histogram(
            "dify_live_event_loop_lag_seconds", "How late the event loop is, looked at twice a second.",
            buckets=LAG_BUCKETS, registry=registry,
        )  # fmt: skip
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
        yield _gauge("connections", "Clients that are connected.", now["connections"])
        yield _gauge("turns_running", "Turns whose sources are read.", now["turns"])
        yield _gauge("answers_at_once", "So many answers Dify is asked for at once.", now.get("answers_at_once"))
        yield _gauge("answers_taken", "So many of these are taken.", now.get("answers_taken"))
        yield _gauge("answers_waiting", "Questions that wait in line for one.", now.get("answers_waiting"))
        yield _count("answers_displaced", "Answers that were stopped for others.", now.get("answers_displaced"))
        yield _count("tokens", "Tokens that answers took.", now["tokens"])
        words = "Code points of answers that nobody got."
        yield _count("undelivered_characters", words, now["undelivered_characters"])
        yield _counts("limits_hit", "Limits that were hit, by setting.", "setting", now["limits_hit"])
        yield _counts("dify_errors", "Failed calls of Dify, by reason.", "reason", counts.dify_errors)
        yield _counts("dify_tries", "Tries of questions at Dify: first ones, and again.", "which", counts.dify_tries)
        words = "Connections that this service closed, by close code: 4000 for silence, 4001 for reading too slowly."
        yield _counts("closes", words, "code", counts.closes)
        states = ("closed", "open", "half_open") if breaker is not None else ()
        values = {state: int(breaker is not None and breaker.state == state) for state in states}
        yield _states("breaker", "1 for the state of the circuit breaker.", values)
        yield _gauge("redis_up", "1 while Redis replies.", redis and int(redis.is_up))
        yield _gauge("redis_round_trip_seconds", "Of the last sign of life.", redis and redis.round_trip)
        yield _gauge("sockets", "Open sockets of clients.", len(sockets.open))
        yield _gauge("sockets_max", "So many may be open.", sockets.cap)
        yield _counts("log_dropped_lines", "Lines that the log lost.", "where", now.get("log_lines_dropped", {}))


def _gauge(name: str, documentation: str, value: float | None) -> Family:
    """Without a value, none is told."""
    samples: list[Sample] = [] if value is None else [(f"dify_live_{name}", {}, float(value))]
    return Family(f"dify_live_{name}", documentation, GAUGE, samples)


def _states(name: str, documentation: str, values: Mapping[str, int]) -> Family:
    samples = [(f"dify_live_{name}", {"state": state}, float(value)) for state, value in values.items()]
    return Family(f"dify_live_{name}", documentation, GAUGE, samples)


def _count(name: str, documentation: str, value: int | None) -> Family:
    samples: list[Sample] = [] if value is None else [(f"dify_live_{name}_total", {}, float(value))]
    return Family(f"dify_live_{name}", documentation, "counter", samples)


def _counts(name: str, documentation: str, label: str, values: Mapping[Any, int]) -> Family:
    samples = [(f"dify_live_{name}_total", {label: str(key)}, float(value)) for key, value in values.items()]
    return Family(f"dify_live_{name}", documentation, "counter", samples)


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
