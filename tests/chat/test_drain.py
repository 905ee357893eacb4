"""Emptying the house: idle clients a few at a time, others when they have their answers."""

import asyncio
from types import SimpleNamespace

import pytest

from service.admission.caller import Caller
from service.answers.base import Text
from service.chat import drain as drain_module
from service.chat.cluster import SingleProcess
from service.chat.drain import Drain
from service.chat.seal import Seal
from service.chat.session import Session
from service.chat.session_registry import SessionRegistry
from service.chat.turn_registry import TurnRegistry
from tests.chat.sessions import Transport, chat
from tests.conftest import PATIENCE_SECONDS, eventually, logged
from tests.scripted import Scripted

RESTARTING = (1012, "The service is restarting.")


class House:
    """Some sessions on a script, and their drain."""

    def __init__(self, timeout, cluster):
        self.source = Scripted(Text("Some "), ends=False)
        self.turns = TurnRegistry(
            self.source, cluster, Seal(), orphan_grace=PATIENCE_SECONDS, resume_window=PATIENCE_SECONDS
        )
        self.sessions = SessionRegistry(capacity=100)
        self.drain = Drain(self.sessions, self.turns, timeout)
        self.order = []

    def enter(self, name):
        """A client; it leaves when it is closed. `order` is in which they are told that it is time."""
        transport = Transport()
        write, close = transport.write, transport.close

        def note(message):
            if b"retry_after" in message:
                self.order.append(name)
            return write(message)

        async def leave(code, reason):
            await close(code, reason)
            self.sessions.remove(session)

        transport.write, transport.close = note, leave
        session = Session(transport, name, Caller(), self.turns, max_content_length=100)
        self.sessions.add(session)
        return session, transport

    async def busy(self, name):
        session, transport = self.enter(name)
        await session.receive(chat(id=name, stream=True))
        await eventually(lambda: transport.frames)
        return session, transport


@pytest.fixture
async def house():
    houses = []

    def build(timeout=PATIENCE_SECONDS, cluster=None):
        houses.append(House(timeout, cluster or SingleProcess()))
        return houses[-1]

    yield build
    for house in houses:
        for session in house.sessions:
            await session.end(is_goodbye=False)
        await house.turns.close()


async def test_an_empty_house_is_drained_at_once_and_lets_nobody_in(house, events):
    here = house()
    await here.drain.run()
    assert here.turns.is_closing
    told = [(event["event"], event["connections"], event["turns"]) for event in events]
    assert told == [("drain.started", 0, 0), ("drain.finished", 0, 0)]


@pytest.mark.parametrize(("pick", "milliseconds"), [(min, 1000), (max, 3000)])
async def test_an_idle_client_is_told_when_to_come_back_and_closed(house, monkeypatch, pick, milliseconds):
    monkeypatch.setattr("random.uniform", pick)
    here = house()
    _, transport = here.enter("idle")
    await here.drain.run()
    notice = {"type": "system", "content": RESTARTING[1], "retry_after": milliseconds, "reason": "restarting"}
    assert transport.frames == [notice]
    assert transport.closed == RESTARTING


async def test_the_more_clients_the_longer_they_are_spread(house, monkeypatch):
    monkeypatch.setattr(drain_module, "CLOSES_PER_SECOND", 0.8)
    monkeypatch.setattr("random.uniform", lambda low, high: (low, high)[1])
    here = house(timeout=0.1)
    transports = [here.enter(str(number))[1] for number in range(4)]
    await here.drain.run()
    assert [transport.frames[0]["retry_after"] for transport in transports] == [1000 + 5000] * 4


async def test_a_busy_client_is_told_at_once_and_closed_when_it_has_its_answer(house, events):
    here = house()
    _, transport = await here.busy("busy")
    draining = asyncio.create_task(here.drain.run())
    await eventually(lambda: transport.frames[-1]["type"] == "system")
    assert (transport.closed, draining.done()) == (None, False)
    here.source.put(Text("words"), None)
    await draining
    assert [frame["content"] for frame in transport.frames] == [
        "Some ", RESTARTING[1], "words", "Some words"
    ]  # fmt: skip
    assert (transport.closed, transport.frames[-1]["status"]) == (RESTARTING, "done")
    assert [event["turns"] for event in logged(events, "drain.started")] == [1]


async def test_the_busy_are_told_first_and_at_once_and_then_the_idle_a_few_at_a_time(house, monkeypatch):
    pauses = []

    class Instant(SimpleNamespace):
        def __getattr__(self, name):
            return getattr(asyncio, name)

    async def sleep(seconds):
        pauses.append(seconds)

    here = house()
    here.enter("idle")
    await here.busy("busy")
    here.enter("idle too")
    here.source.put(None)
    monkeypatch.setattr(drain_module, "asyncio", Instant(sleep=sleep))
    await here.drain.run()
    assert here.order == ["busy", "idle", "idle too"]
    assert pauses == [1 / drain_module.CLOSES_PER_SECOND] * 2


async def test_all_the_idle_are_gone_within_half_of_the_time(house, monkeypatch, events):
    monkeypatch.setattr(drain_module, "CLOSES_PER_SECOND", 0.001)
    here = house(timeout=1)
    transports = [here.enter(str(number))[1] for number in range(4)]
    loop = asyncio.get_running_loop()
    began = loop.time()
    await here.drain.run()
    assert [transport.closed for transport in transports] == [RESTARTING] * 4
    assert loop.time() - began >= 0.499
    assert [event["connections"] for event in logged(events, "drain.finished")] == [0]


async def test_what_takes_too_long_breaks_off_in_words_before_its_client_is_closed(house):
    here = house(timeout=0.05)
    _, transport = await here.busy("busy")
    await here.drain.run()
    _, notice, answer = transport.frames
    assert (notice["content"], transport.closed) == (RESTARTING[1], RESTARTING)
    assert (answer["status"], answer["reason"], answer["content"]) == ("incomplete", "restarting", "Some ")


async def test_who_takes_no_last_words_holds_up_nobody(house, monkeypatch):
    monkeypatch.setattr(drain_module, "CLOSE_TIMEOUT_SECONDS", 0.02)
    here = house(timeout=0.02)
    _, transport = here.enter("deaf")
    transport.blocked = True
    await here.drain.run()
    assert transport.closed is None


async def test_what_others_may_come_back_for_elsewhere_is_written_to_its_end(house):
    class Peers(SingleProcess):
        can_resume = True

    here = house(cluster=Peers())
    session, _ = await here.busy("busy")
    await session.end(is_goodbye=False)
    here.sessions.remove(session)
    draining = asyncio.create_task(here.drain.run())
    await asyncio.sleep(0.02)
    assert not draining.done()
    here.source.put(None)
    await draining
    assert here.turns.counts()["answers"] == {"done": 1}


async def test_requests_under_way_are_waited_for(house):
    here = house()
    with here.drain.requests.track() as request:
        draining = asyncio.create_task(here.drain.run())
        await asyncio.sleep(0.02)
        assert not draining.done()
        assert not request.lifetime.when()
    assert await draining > 0


async def test_requests_that_take_too_long_are_aborted_and_may_say_so(house, monkeypatch):
    here, told = house(timeout=0.02), []

    async def upload():
        with here.drain.requests.track() as request:
            try:
                async with request.lifetime:
                    await asyncio.Event().wait()
            except TimeoutError:
                await asyncio.sleep(0.02)
                told.append("503")

    uploading = asyncio.create_task(upload())
    await asyncio.sleep(0)
    assert await here.drain.run() == 0
    assert told == ["503"]
    await uploading


async def test_a_request_that_cannot_even_say_so_holds_up_nobody(house, monkeypatch):
    monkeypatch.setattr(drain_module, "CLOSE_TIMEOUT_SECONDS", 0.02)
    here = house(timeout=0.02)
    with here.drain.requests.track():
        await here.drain.run()


async def test_handshakes_are_aborted_at_once(house):
    here = house()

    async def shake_hands():
        with here.drain.handshakes.track() as handshake:
            async with handshake.lifetime:
                await asyncio.Event().wait()

    shaking = asyncio.create_task(shake_hands())
    await asyncio.sleep(0)
    await here.drain.run()
    with pytest.raises(TimeoutError):
        await shaking


async def test_who_is_in_a_hurry_is_not_kept_waiting_for_answers(house):
    here, hurry = house(), asyncio.Event()
    _, transport = await here.busy("busy")
    draining = asyncio.create_task(here.drain.run(hurry))
    await eventually(lambda: transport.frames[-1]["type"] == "system")
    hurry.set()
    assert 0 < await draining <= PATIENCE_SECONDS
    assert (transport.frames[-1]["status"], transport.frames[-1]["reason"]) == ("incomplete", "restarting")
    assert transport.closed == RESTARTING
