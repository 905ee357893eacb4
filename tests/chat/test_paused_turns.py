"""Paused turns, and the frames by which they go on."""

import asyncio
import zlib

import pytest

from service.answers.base import Identity, Question, Text
from service.answers.pauses import Continuation, Decision, Form, FormAction, FormInput, Pause, PausedRun
from service.chat import client_messages, paused_turns
from service.chat.client_identity import new_token, owner_of
from service.chat.client_messages import Resume
from service.chat.cluster import SingleProcess
from service.chat.message_parser import BadMessage
from service.chat.paused_turns import (
    CONTINUATION_INVALID,
    FORM_BY_EMAIL,
    NOT_PAUSED,
    continuation_of,
    paused_run,
)
from service.chat.seal import Seal
from service.chat.turn_failures import TURN_UNREACHABLE, Refused
from service.chat.turn_registry import TurnRegistry
from service.chat.turn_status import Ending, Status
from tests.chat.followed import followed_turn
from tests.conftest import PATIENCE_SECONDS, eventually
from tests.scripted import Scripted

FORM = Form("Yes?", [FormInput("comment", "paragraph")], [FormAction("yes", "Yes", "primary")], 5, "t0")
OWNER = owner_of(new_token())
SEAL = Seal("app-key")


@pytest.fixture
async def registry():
    turns = TurnRegistry(
        Scripted(), SingleProcess(), SEAL, orphan_grace=PATIENCE_SECONDS, resume_window=PATIENCE_SECONDS
    )
    yield turns
    await turns.close()


@pytest.fixture
def ended(registry):
    """A turn that has told these parts."""

    async def ended(*parts):
        registry._answerer = Scripted(*parts)
        turn = registry.start(OWNER, "q", Question("Hi", "user"))
        await eventually(lambda: turn.status is not None)
        return turn

    return ended


def form(**fields):
    return client_messages.Form(**{"action": "yes", "inputs": {"comment": ""}} | fields)


async def test_a_paused_turn_says_all_that_is_needed_to_go_on(ended):
    turn = await ended(Identity("dify", "c", "m"), Text("Draft"), Pause(FORM, "r", "t"))
    crc = zlib.crc32(b"Draft")
    assert paused_run(turn) == PausedRun("r", "t", "c", "m", "t0", ["yes"], ["comment"], 5, 5, crc)


async def test_the_text_of_earlier_turns_counts(ended):
    turn = await ended(Text("ü two"), Pause(None, "r", length=4, checksum=zlib.crc32(b"one ")))
    run = paused_run(turn)
    assert (run.length, run.checksum) == (9, zlib.crc32("one ü two".encode()))
    assert run.form_token is None


@pytest.mark.parametrize("parts", [(Text("All."),), (Pause(FORM),)])
async def test_what_does_not_go_on_is_no_paused_run(ended, parts):
    assert paused_run(await ended(*parts)) is None


@pytest.mark.parametrize(("fields", "streams"), [({}, False), ({"stream": True}, True)])
async def test_a_form_is_a_decision_on_its_run(registry, fields, streams):
    run = PausedRun("r", form_token="t0")
    frame = form(continuation=SEAL.seal(run, OWNER.user), events=True, audio=True, **fields)
    decision = Decision("yes", {"comment": ""})
    expected = Continuation(run, OWNER.user, decision, steps=streams, speech=streams)
    assert await continuation_of(frame, OWNER, registry) == expected


async def test_a_resume_asks_only(registry):
    run = PausedRun("r")  # by e-mail
    frame = Resume(new_token(), continuation=SEAL.seal(run, OWNER.user), events=True)
    assert await continuation_of(frame, OWNER, registry) == Continuation(run, OWNER.user, steps=True)


async def test_the_id_of_a_paused_turn_is_enough(registry, ended):
    turn = await ended(Pause(FORM, "r", "t"))
    assert (await continuation_of(form(id="q"), OWNER, registry)).run == paused_run(turn)


async def refused(frame, registry, owner=OWNER):
    with pytest.raises(Refused) as caught:
        await continuation_of(frame, owner, registry)
    return caught.value.failure


async def test_what_names_no_paused_turn_is_refused(registry, ended):
    assert await refused(form(), registry) is NOT_PAUSED
    assert await refused(form(id="q"), registry) is NOT_PAUSED
    await ended(Text("All."))
    assert await refused(form(id="q"), registry) is NOT_PAUSED


async def test_of_another_owner_s_turn_nothing_is_told(registry, ended):
    await ended(Pause(FORM, "r", "t"))
    assert await refused(form(id="q"), registry, owner_of(new_token())) is NOT_PAUSED


async def test_what_was_sealed_for_another_owner_is_refused(registry):
    frame = form(continuation=SEAL.seal(PausedRun("r", form_token="t0"), owner_of(new_token()).user))
    assert await refused(frame, registry) is CONTINUATION_INVALID


async def test_a_form_that_went_out_by_email_is_refused(registry):
    assert await refused(form(continuation=SEAL.seal(PausedRun("r"), OWNER.user)), registry) is FORM_BY_EMAIL


@pytest.mark.parametrize(
    ("fields", "field"), [({"action": "no"}, "action"), ({"inputs": {}}, "comment"), ({"inputs": {"x": 1}}, "comment")]
)
async def test_what_the_form_does_not_take_names_its_field(registry, ended, fields, field):
    await ended(Pause(FORM, "r", "t"))
    with pytest.raises(BadMessage) as caught:
        await continuation_of(form(id="q", turn_id="n", **fields), OWNER, registry)
    assert (caught.value.field, caught.value.turn_id) == (field, "n")
    assert field in str(caught.value)


async def test_a_form_of_which_nothing_is_known_is_left_to_dify(registry):
    frame = form(continuation=SEAL.seal(PausedRun("r", form_token="t0"), OWNER.user), inputs={})
    assert (await continuation_of(frame, OWNER, registry)).decision == Decision("yes", {})


@pytest.fixture
def elsewhere(registry):
    """A turn of another process, of which nothing is known yet."""
    turn = registry._followed[OWNER, "q"] = followed_turn(turn_id="q", owner=OWNER)
    return turn


async def test_a_turn_of_another_process_is_read_to_its_end_first(registry, elsewhere):
    asking = asyncio.create_task(continuation_of(form(id="q"), OWNER, registry))
    await asyncio.sleep(0)
    elsewhere.receive([Identity("dify", "c", "m")], 0)
    elsewhere.end(Ending(Status.PAUSED, pause=Pause(FORM, "r", "t")))
    assert (await asking).run.run_id == "r"


async def test_one_that_does_not_end_is_waited_for_a_moment(registry, elsewhere, monkeypatch):
    monkeypatch.setattr(paused_turns, "FOLLOWED_SECONDS", 0.01)
    assert await refused(form(id="q"), registry) is NOT_PAUSED
    assert elsewhere.is_gone  # nobody listens any more


async def test_one_that_is_lost_meanwhile_is_waited_for_no_longer(registry, elsewhere):
    asking = asyncio.create_task(refused(form(id="q"), registry))
    await asyncio.sleep(0)
    elsewhere.lose(TURN_UNREACHABLE)
    assert await asking is NOT_PAUSED
