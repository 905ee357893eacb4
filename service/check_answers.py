"""What the check learns by asking: whether answers stream, and how many Dify writes at once."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from service.answers.base import AnswerError, Part, Question, Queued, Text
from service.answers.dify.answerer import DifyAnswerer
from service.answers.pauses import Pause

USER = "service-check"
# An answer that takes longer, and yet comes in one piece, was buffered on the way.
BUFFERED_AFTER_SECONDS = 1.0
BURST_EVENTS = 8
"""A model's words come one by one; nginx's default buffers of 4 kB hold some thirteen events."""
BURSTS_APART_SECONDS = 0.1
"""A model that is that fast is not held back by anything."""
MAX_LOAD = 50
LOAD_SECONDS = 30
STOP_SECONDS = 30
LOAD_QUESTION = "Please count from one to two hundred, in words."


class Trial:
    """One question. `reads` are (seconds since it was asked, text events) of each read that brought words."""

    def __init__(self, dify: DifyAnswerer, question: Question) -> None:
        self.reads: list[tuple[float, int]] = []
        self.pause: Pause | None = None
        self.was_queued = False
        self.has_begun = asyncio.Event()
        self._answer = dify.ask_without_healing(question)
        self._asked_at = time.monotonic()
        self._events = 0

    async def run(self) -> None:
        """Raises AnswerError."""
        await self._answer.stream(self._on_part)

    async def stop(self) -> None:
        await self._answer.stop()

    def _on_part(self, part: Part) -> None:
        match part:
            case Text():
                events = self._answer.text_events
                self.reads.append((time.monotonic() - self._asked_at, events - self._events))
                self._events = events
                self.has_begun.set()
            case Pause():
                self.pause = part
            case Queued():
                self.was_queued = True


def is_buffered(reads: Sequence[tuple[float, int]]) -> bool:
    """Whether something held words back: all of them, late, or bursts of them again and again."""
    if len(reads) == 1:
        at, events = reads[0]
        return events > 1 and at > BUFFERED_AFTER_SECONDS
    bursts = [(at, events) for at, events in reads if events >= BURST_EVENTS]
    if not bursts or bursts[-1][0] - bursts[0][0] < BURSTS_APART_SECONDS:
        return False
    return 2 * sum(events for _, events in bursts) > sum(events for _, events in reads)


@dataclass
class Load:
    """`most` answers were written at the same time. `failed` counts reasons; `left` still waited for their turn."""

    asked: int
    most: int = 0
    queued: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    left: int = 0


async def measure_load(dify: DifyAnswerer, count: int, inputs: dict[str, Any]) -> Load:
    """Ask so many questions at once, for LOAD_SECONDS or until all are being answered; then stop what still runs."""
    question = Question(LOAD_QUESTION, USER, inputs=inputs)
    trials = [Trial(dify, question) for _ in range(count)]
    running = [asyncio.create_task(trial.run()) for trial in trials]
    ends = [asyncio.create_task(_all_begin(trials)), asyncio.create_task(_all_end(running))]
    await asyncio.wait(ends, timeout=LOAD_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    load = Load(count, most_at_once(trials, running), sum(trial.was_queued for trial in trials))
    await _stop_all(trials, running)
    for end in ends:
        end.cancel()
    load.left = sum(task.cancelled() for task in running)
    errors = [task.exception() for task in running if not task.cancelled()]
    load.failed.update(error.failure.reason for error in errors if isinstance(error, AnswerError))
    return load


async def _all_begin(trials: Sequence[Trial]) -> None:
    for trial in trials:
        await trial.has_begun.wait()


async def _all_end(running: Sequence["asyncio.Task[None]"]) -> None:
    await asyncio.wait(running)


def most_at_once(trials: Sequence[Trial], running: Sequence["asyncio.Task[None]"]) -> int:
    """How many answers were between their first word and their last. What runs has its last word before it."""
    spans = [
        (trial.reads[0][0], trial.reads[-1][0] if task.done() else float("inf"))
        for trial, task in zip(trials, running, strict=True)
        if trial.reads
    ]
    return max((sum(first <= at <= last for first, last in spans) for at, _ in spans), default=0)


async def _stop_all(trials: Sequence[Trial], running: Sequence["asyncio.Task[None]"]) -> None:
    """What waits in Dify's queue can be stopped only when its turn has come."""
    unended = [(trial, task) for trial, task in zip(trials, running, strict=True) if not task.done()]
    with suppress(TimeoutError):
        async with asyncio.timeout(STOP_SECONDS):
            await asyncio.gather(*(trial.stop() for trial, _ in unended))
            await asyncio.gather(*(asyncio.wait([task]) for _, task in unended))
    for _, task in unended:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
