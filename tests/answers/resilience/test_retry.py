"""Several tries for one answer, behind a limiter and a circuit breaker."""

import asyncio
import time
from collections import Counter
from types import SimpleNamespace

import pytest

from service import counts
from service.answers import failures
from service.answers.base import AnswerError, Question, Queued, Text
from service.answers.demand import Demand
from service.answers.pauses import Continuation, PausedRun
from service.answers.resilience import retry
from service.answers.resilience.circuit_breaker import CircuitBreaker
from service.answers.resilience.limiter import Limiter
from service.answers.resilience.retry import MAX_TRIES, RetryingAnswerer
from tests.conftest import PATIENCE_SECONDS, eventually, logged
from tests.scripted import Scripted

QUESTION = Question("Hi", "user")


class Tries:
    """A source that answers each try by the next script; the last one stays. `asked_at` is when (monotonic seconds)."""

    def __init__(self, *scripts):
        self.scripts = list(scripts)
        self.asked_at = []

    def ask(self, question):
        self.asked_at.append(time.monotonic())
        return self.scripts[min(len(self.asked_at), len(self.scripts)) - 1].ask(question)


def ill(failure=failures.UNREACHABLE, *before, is_midway=False):
    """A script that fails."""
    return Scripted(*before, AnswerError(failure, is_midway=is_midway), ends=False)


def well(*words):
    return Scripted(*map(Text, words))


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


class Asking:
    """A retrying answerer over some tries."""

    def __init__(self, *scripts, slots=2, failures_allowed=100, budget=PATIENCE_SECONDS):
        self.source = Tries(*scripts)
        self.clock = Clock()
        self.limiter = Limiter(slots, 1, PATIENCE_SECONDS)
        self.breaker = CircuitBreaker(failures_allowed, 10, self.clock)
        self.answerer = RetryingAnswerer(self.source, self.limiter, self.breaker, budget)
        self.parts = []
        self.question = QUESTION

    def ask(self):
        """An answer, and the task in which it is read."""
        answer = self.answerer.ask(self.question)
        return answer, asyncio.create_task(answer.stream(self.parts.append))

    async def outcome(self):
        """The text of an answer, or why there is none."""
        self.parts.clear()
        try:
            await self.ask()[1]
        except AnswerError as error:
            return error.failure.reason
        return "".join(part.content for part in self.parts)

    @property
    def tries(self):
        return len(self.source.asked_at)

    @property
    def free_slots(self):
        taken = []
        while self.limiter.try_acquire(demand := Demand()):
            taken.append(demand)
        for demand in taken:
            self.limiter.release(demand)
        return len(taken)


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    monkeypatch.setattr(retry, "FIRST_PAUSE_SECONDS", 0.002)


async def test_an_answer_that_comes_is_asked_once():
    asking = Asking(well("a", "b"))
    assert (await asking.outcome(), asking.tries, asking.free_slots) == ("ab", 1, 2)


async def test_what_passes_is_tried_again_and_nobody_notices(events):
    asking = Asking(ill(failures.BAD_GATEWAY), ill(failures.LOST), well("Here."))
    assert (await asking.outcome(), asking.tries) == ("Here.", 3)
    told = logged(events, "dify.retried")
    assert [(event["reason"], event["tries"]) for event in told] == [("bad_gateway", 1), ("lost", 2)]


async def test_first_tries_are_counted_apart_from_others(monkeypatch):
    monkeypatch.setattr(counts, "dify_tries", Counter())
    await Asking(well("Here.")).outcome()
    assert counts.dify_tries == {"first": 1}
    await Asking(ill(failures.BAD_GATEWAY), ill(failures.LOST), well("Here.")).outcome()
    assert counts.dify_tries == {"first": 2, "again": 2}


async def test_after_so_many_tries_it_is_given_up():
    asking = Asking(ill())
    assert (await asking.outcome(), asking.tries, asking.free_slots) == ("unreachable", MAX_TRIES, 2)


async def test_what_does_not_pass_is_not_tried_again():
    asking = Asking(ill(failures.SERVER_ERROR))
    assert (await asking.outcome(), asking.tries) == ("server_error", 1)


async def test_what_has_begun_is_not_tried_again():
    asking = Asking(ill(failures.LOST, Text("Some"), is_midway=True))
    assert (await asking.outcome(), asking.tries, asking.parts) == ("lost", 1, [Text("Some")])


@pytest.mark.parametrize(("jitter", "pauses"), [(min, [10, 20]), (max, [30, 60])])
async def test_each_pause_is_twice_as_long_as_the_last_half_of_it_more_or_less(monkeypatch, events, jitter, pauses):
    monkeypatch.setattr(retry, "FIRST_PAUSE_SECONDS", 0.02)
    monkeypatch.setattr("random.uniform", jitter)
    asking = Asking(ill())
    await asking.outcome()
    assert [event["pause_ms"] for event in logged(events, "dify.retried")] == pauses
    first, second, third = asking.source.asked_at
    assert (second - first, third - second) >= (pauses[0] / 1000, pauses[1] / 1000)


async def test_no_try_begins_when_the_budget_is_spent(monkeypatch):
    monkeypatch.setattr(retry, "FIRST_PAUSE_SECONDS", 0)
    monkeypatch.setattr(retry, "time", SimpleNamespace(monotonic=lambda: 100))
    asking = Asking(ill(), budget=0)
    assert (await asking.outcome(), asking.tries) == ("unreachable", 1)


async def test_the_budget_counts_from_the_first_try(monkeypatch):
    clock = Clock()
    clock.now = 100
    monkeypatch.setattr(retry, "time", SimpleNamespace(monotonic=clock))

    class HalfOfIt(Scripted):
        def ask(self, question):
            clock.now += 0.5
            return super().ask(question)

    asking = Asking(HalfOfIt(AnswerError(failures.BAD_GATEWAY), ends=False), budget=1)
    assert (await asking.outcome(), asking.tries) == ("bad_gateway", 2)


async def test_a_stop_between_two_tries_ends_them_at_once(monkeypatch, events):
    monkeypatch.setattr(retry, "FIRST_PAUSE_SECONDS", 60)
    asking = Asking(ill(), budget=600)
    answer, reading = asking.ask()
    await eventually(lambda: logged(events, "dify.retried"))
    await answer.stop()
    await asyncio.wait_for(reading, PATIENCE_SECONDS)
    assert (asking.tries, asking.source.scripts[0].stops, asking.free_slots) == (1, 0, 2)


async def test_a_stop_during_a_try_that_then_fails_is_followed_by_no_other():
    source = Scripted(ends=False)
    source.ignores_stops = True
    asking = Asking(source)
    answer, reading = asking.ask()
    await eventually(lambda: asking.tries)
    await answer.stop()
    source.fail(failures.BAD_GATEWAY)
    with pytest.raises(AnswerError):
        await reading
    assert (asking.tries, source.stops) == (1, 1)


async def test_a_second_stop_is_not_sent_on():
    source = Scripted(ends=False)
    asking = Asking(source)
    answer, reading = asking.ask()
    await eventually(lambda: asking.tries)
    await answer.stop()
    await answer.stop()
    await reading
    assert source.stops == 1


async def test_a_stop_before_anything_was_asked_leaves_it_unasked():
    asking = Asking(well("a"))
    answer = asking.answerer.ask(QUESTION)
    await answer.stop()
    await answer.stream(asking.parts.append)
    assert (asking.tries, asking.parts, asking.free_slots) == (0, [], 2)


async def test_who_waits_for_a_slot_is_asked_when_there_is_one():
    first, second = Scripted(ends=False), well("b")
    asking = Asking(first, second, slots=1)
    _, reading = asking.ask()
    _, waiting = asking.ask()
    await eventually(lambda: asking.tries == 1)
    first.put(None)
    await asyncio.gather(reading, waiting)
    assert (asking.tries, asking.free_slots) == (2, 1)


async def test_a_stop_while_it_waits_for_a_slot_leaves_the_line():
    first = Scripted(ends=False)
    asking = Asking(first, slots=1)
    _, reading = asking.ask()
    await eventually(lambda: asking.tries == 1)
    answer, waiting = asking.ask()
    await asyncio.sleep(0)
    await answer.stop()
    await waiting
    first.put(None)
    await reading
    assert (asking.tries, first.stops, asking.free_slots) == (1, 0, 1)


async def test_a_full_line_is_told_and_takes_no_slot():
    first = Scripted(ends=False)
    asking = Asking(first, slots=1)
    _, reading = asking.ask()
    _, waiting = asking.ask()
    await eventually(lambda: asking.tries == 1)
    assert await asking.outcome() == "overloaded"
    first.put(None)
    await asyncio.gather(reading, waiting)
    assert asking.free_slots == 1


async def test_an_answer_counts_once_however_often_it_was_tried():
    asking = Asking(ill(), failures_allowed=2)
    assert [await asking.outcome() for _ in range(3)] == ["unreachable", "unreachable", "circuit_open"]
    assert asking.tries == 2 * MAX_TRIES


async def test_an_answer_that_a_second_try_saves_counts_for_nothing():
    asking = Asking(*[ill(), well("Here.")] * 3, failures_allowed=1)
    assert [await asking.outcome() for _ in range(3)] == ["Here."] * 3


async def test_a_refusal_that_makes_sense_shows_that_the_source_is_well():
    asking = Asking(*[ill(failures.TLS_ERROR), ill(failures.INVALID)] * 2, ill(failures.TLS_ERROR),
                    failures_allowed=2)  # fmt: skip
    assert [await asking.outcome() for _ in range(5)] == ["tls_error", "invalid"] * 2 + ["tls_error"]


async def test_what_breaks_off_after_its_first_word_had_begun_and_counts_for_nothing():
    asking = Asking(ill(failures.STALLED, Text("Some"), is_midway=True), failures_allowed=1)
    assert [await asking.outcome() for _ in range(2)] == ["stalled"] * 2


async def test_a_wait_in_the_source_s_own_queue_is_no_beginning():
    asking = Asking(ill(failures.BAD_GATEWAY, Queued()), ill(failures.TLS_ERROR, Queued()), failures_allowed=1)
    assert [await asking.outcome() for _ in range(2)] == ["tls_error", "circuit_open"]
    assert asking.tries == 2


async def test_an_open_circuit_asks_nothing_and_gives_the_slot_back():
    asking = Asking(ill(failures.TLS_ERROR), failures_allowed=1)
    assert [await asking.outcome() for _ in range(2)] == ["tls_error", "circuit_open"]
    assert (asking.tries, asking.free_slots) == (1, 2)


async def test_a_probe_is_one_try():
    asking = Asking(ill(), failures_allowed=1)
    await asking.outcome()
    asking.clock.now = 10
    assert (await asking.outcome(), asking.tries) == ("unreachable", MAX_TRIES + 1)


async def test_when_a_probe_fails_the_next_is_due_after_another_rest():
    asking = Asking(ill(failures.TLS_ERROR), failures_allowed=1)
    reasons = []
    for asking.clock.now in (0, 9, 10, 19, 20):
        reasons.append(await asking.outcome())
    assert reasons == ["tls_error", "circuit_open", "tls_error", "circuit_open", "tls_error"]


async def test_a_probe_s_first_word_closes_the_circuit_and_its_later_failure_is_one_like_any_other():
    probe = Scripted(ends=False)
    asking = Asking(ill(failures.TLS_ERROR), probe, ill(failures.TLS_ERROR), well("Well."), failures_allowed=1)
    assert await asking.outcome() == "tls_error"
    asking.clock.now = 10
    _, reading = asking.ask()
    probe.put(Text("Probe"))
    await eventually(lambda: asking.parts)
    assert not asking.breaker.is_open
    assert await asking.outcome() == "tls_error"
    asking.clock.now = 20
    assert await asking.outcome() == "Well."
    probe.put(None)
    await reading


async def test_a_probe_that_ends_late_leaves_the_place_of_the_next_one_alone():
    first, second = Scripted(ends=False), Scripted(ends=False)
    asking = Asking(ill(failures.TLS_ERROR), first, ill(failures.TLS_ERROR), second, failures_allowed=1, slots=3)
    await asking.outcome()
    asking.clock.now = 10
    _, first_reading = asking.ask()
    first.put(Text("Probe"))
    await eventually(lambda: asking.parts)
    await asking.outcome()
    asking.clock.now = 20
    _, second_reading = asking.ask()
    await eventually(lambda: asking.tries == 4)
    first.put(None)
    await first_reading
    assert await asking.outcome() == "circuit_open"
    second.put(None)
    await second_reading


async def test_a_probe_that_is_stopped_before_it_could_tell_leaves_its_place_to_the_next():
    probe = Scripted(ends=False)
    asking = Asking(ill(failures.TLS_ERROR), probe, well("Well."), failures_allowed=1)
    await asking.outcome()
    asking.clock.now = 10
    answer, reading = asking.ask()
    await eventually(lambda: asking.tries == 2)
    assert await asking.outcome() == "circuit_open"
    await answer.stop()
    await reading
    assert await asking.outcome() == "Well."


async def test_who_is_cancelled_gives_the_slot_back():
    asking = Asking(Scripted(ends=False))
    _, reading = asking.ask()
    await eventually(lambda: asking.tries)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    assert asking.free_slots == 2


CONTINUATION = Continuation(PausedRun("r"), "user")


async def test_what_a_person_decided_is_asked_once_and_counts_for_nothing():
    asking = Asking(ill(failures.UNREACHABLE), failures_allowed=1)
    asking.question = CONTINUATION
    assert (await asking.outcome(), asking.tries, asking.free_slots) == ("unreachable", 1, 2)
    assert not asking.breaker.is_open


async def test_it_is_asked_while_the_circuit_is_open_too_and_does_not_close_it():
    asking = Asking(ill(failures.TLS_ERROR), well("Here."), failures_allowed=1)
    await asking.outcome()
    asking.question = CONTINUATION
    assert (await asking.outcome(), asking.breaker.is_open) == ("Here.", True)


# What it learns from its source.


async def test_a_busy_source_is_asked_fewer_at_once_and_who_was_refused_waits_for_the_others():
    running = Scripted(Text("Long."), ends=False)
    asking = Asking(running, ill(failures.BUSY), well("Here."), slots=2)
    first, first_task = asking.ask()
    await eventually(lambda: asking.tries == 1 and asking.parts)
    _, second_task = asking.ask()
    await eventually(lambda: asking.limiter.counts()["answers_waiting"] == 1)
    assert (asking.limiter.limit, asking.tries) == (1, 2)
    await first.stop()
    await asyncio.gather(first_task, second_task)
    assert (asking.parts[-1], asking.tries, asking.free_slots) == (Text("Here."), 3, 1)


async def test_a_stop_ends_that_wait_too_and_the_slot_is_not_given_back_twice():
    asking = Asking(Scripted(Text("Long."), ends=False), ill(failures.BUSY), slots=2)
    first, first_task = asking.ask()
    await eventually(lambda: asking.parts)
    second, second_task = asking.ask()
    await eventually(lambda: asking.limiter.counts()["answers_waiting"] == 1)
    await second.stop()
    await second_task
    counts = asking.limiter.counts()
    assert (counts["answers_at_once"], counts["answers_taken"], counts["answers_waiting"]) == (1, 1, 0)
    await first.stop()
    await first_task
    assert asking.limiter.counts()["answers_taken"] == 0


async def test_the_wait_of_who_was_refused_takes_nothing_of_the_budget():
    asking = Asking(Scripted(Text("Long."), ends=False), ill(failures.BUSY), well("Here."), slots=2, budget=0.1)
    first, first_task = asking.ask()
    await eventually(lambda: asking.parts)
    _, second_task = asking.ask()
    await eventually(lambda: asking.limiter.counts()["answers_waiting"] == 1)
    await asyncio.sleep(0.15)
    await first.stop()
    await asyncio.gather(first_task, second_task)
    assert asking.parts[-1] == Text("Here.")


class Taking(Scripted):
    """Asking it takes so many seconds, by the clock."""

    def __init__(self, clock, seconds, *parts):
        super().__init__(*parts, ends=False)
        self.clock = clock
        self.seconds = seconds

    def ask(self, question):
        self.clock.now += self.seconds
        return super().ask(question)


@pytest.mark.usefixtures("quick_retries")
@pytest.mark.parametrize(("seconds", "outcome"), [(0.5, "Here."), (2, "bad_gateway")])
async def test_after_that_wait_what_was_left_of_the_budget_counts_on(monkeypatch, seconds, outcome):
    clock = Clock()
    clock.now = 100
    monkeypatch.setattr(retry, "time", SimpleNamespace(monotonic=clock))
    monkeypatch.setattr(retry, "FIRST_PAUSE_SECONDS", 0)
    late = Taking(clock, seconds, AnswerError(failures.BAD_GATEWAY))
    asking = Asking(Scripted(Text("Long."), ends=False), ill(failures.BUSY), late, well("Here."), slots=2, budget=1)
    first, first_task = asking.ask()
    await eventually(lambda: asking.parts)
    second_outcome = asyncio.create_task(asking.outcome())
    await eventually(lambda: asking.limiter.counts()["answers_waiting"] == 1)
    clock.now = 200
    await first.stop()
    await first_task
    assert await second_outcome == outcome


async def test_a_question_in_the_source_s_own_queue_has_fewer_asked_at_once():
    asking = Asking(Scripted(Queued(), Text("Here."), Queued()), slots=4)
    await asking.ask()[1]
    assert (asking.limiter.limit, asking.parts) == (1, [Queued(), Text("Here."), Queued()])


async def test_who_waits_long_for_a_slot_is_told(monkeypatch):
    monkeypatch.setattr(retry, "NOTICE_SECONDS", 0.01)
    asking = Asking(Scripted(Text("Long."), ends=False), well("Here."), slots=1)
    first, first_task = asking.ask()
    await eventually(lambda: asking.parts)
    _, second_task = asking.ask()
    await eventually(lambda: asking.parts[-1:] == [Queued()])
    await first.stop()
    await asyncio.gather(first_task, second_task)
    assert asking.parts[-1] == Text("Here.")


async def test_who_got_a_slot_in_time_is_told_nothing_and_how_long_it_waited_is_known(monkeypatch):
    loop, notices = asyncio.get_running_loop(), []
    call_later = loop.call_later

    def recorded(delay, callback, *args, **options):
        handle = call_later(delay, callback, *args, **options)
        if args == (Queued(),):
            notices.append(handle)
        return handle

    monkeypatch.setattr(loop, "call_later", recorded)
    asking = Asking(Scripted(Text("Long."), ends=False), well("Here."), slots=1)
    first, first_task = asking.ask()
    await eventually(lambda: asking.parts)
    demand = Demand("user")
    asking.question = Question("Hi", "user", demand=demand)
    _, second_task = asking.ask()
    await asyncio.sleep(0.05)
    await first.stop()
    await asyncio.gather(first_task, second_task)
    assert [notice.cancelled() for notice in notices] == [True]
    assert demand.waited_ms > 0


@pytest.mark.usefixtures("quick_retries")
@pytest.mark.parametrize(
    ("asked", "is_open"),
    [({}, True), ({"inputs": {"a": 1}}, False), ({"files": [{"type": "image"}]}, False)],
)
async def test_what_may_be_the_fault_of_inputs_or_files_opens_no_circuit(asked, is_open):
    asking = Asking(ill(failures.SERVER_ERROR), failures_allowed=2)
    for user in ("ann", "ben", "cleo", "dan"):
        asking.question = Question("Hi", user, **asked)
        await asking.outcome()
    assert asking.breaker.is_open is is_open


@pytest.mark.usefixtures("quick_retries")
async def test_for_the_circuit_breaker_one_address_is_one_caller():
    asking = Asking(ill(failures.SERVER_ERROR), failures_allowed=2)
    for user, address, is_open in (
        ("ann", "192.0.2.7", False),
        ("ben", "192.0.2.7", False),
        ("cleo", "192.0.2.8", True),
    ):
        for _ in range(2):
            asking.question = Question("Hi", user, demand=Demand(user, address))
            await asking.outcome()
        assert asking.breaker.is_open is is_open
