"""The service's promises, held against random sequences of what clients, processes and Redis may do.

`make soak` plays more of them. What fails here, `python -m tests.model --processes N --seed S` plays again.
"""

import pytest

from tests.model.plan import plan_of
from tests.model.scripts import SCRIPTS
from tests.model.stage import set_up

SEEDS = (1, 2, 3)
EACH_KIND = [
    "connect A1 0",
    "connect A2 0",
    *(f"ask A1 {kind} stream" for kind in list(SCRIPTS)[:8]),
    "wait 0.2",
    "replace A1 0",
    "resume A2 twice 0 known",
    "resume_stop A2 endless 1 known",
    "ask A1 words whole",
    "wait 0.5",
    "resume A1 shorter 0.5 unknown",
    "cut A2 reset",
    "connect B1 0",
    *(f"ask B1 {kind} stream" for kind in list(SCRIPTS)[8:]),
]


def readable(world):
    return "\n".join([*world.lines, *(f"{rule}: {text}" for rule, text in world.violations)])


@pytest.fixture
async def alone(tmp_path):
    async with set_up(tmp_path, 1) as stage:
        yield stage


async def test_whatever_clients_do_each_sees_what_was_written_and_its_one_end(alone):
    for plan in (EACH_KIND, *(plan_of(seed, 1, frozenset({0})) for seed in SEEDS)):
        world = await alone.run(plan)
        assert world.violations == [], readable(world)


async def test_the_model_notices_what_no_client_may_see(alone, monkeypatch):
    """A word that Dify never wrote, since the model knows of another answer."""
    dify_writes = SCRIPTS["words"]
    monkeypatch.setitem(SCRIPTS, "words", SCRIPTS["slow"])
    plan = ["connect A1 0", "ask A1 words stream", "wait 0.2"]
    monkeypatch.setattr("tests.model.scripted_dify.SCRIPTS", {"words": dify_writes})
    world = await alone.run(plan)
    assert {rule for rule, _ in world.violations} == {"text"}, readable(world)


def test_a_seed_is_a_plan():
    assert plan_of(7, 3) == plan_of(7, 3) != plan_of(8, 3)
