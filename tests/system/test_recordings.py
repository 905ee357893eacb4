"""What a client gets for each recording of a real Dify 1.14.2, however the network cuts it."""

import pytest

from tests import fake_dify, recordings
from tests.clients import text_of

CUTS = [None, pytest.param(fake_dify.byte_by_byte, marks=pytest.mark.slow), fake_dify.all_at_once]
OF_ROUTES = {"9_hitl_2_form_get", "9_hitl_4_form_submit", "9_hitl_5_form_again", "4_stop_flow.STOP"}
"""Replies of other routes than the chat's."""
ANSWERS = {  # status, reason, text
    "1s_chat": ("done", None, "tok0 tok1 tok2 tok3 tok4 "),
    "1s_agent_tool": ("done", None, "Let me look. tok0 tok1 tok2 tok3 "),
    "1s_flow": ("done", None, "tok0 tok1 tok2 tok3 tok4 "),
    "1s_flow_branch_long": ("done", None, "You said [N=4] LONG (10). LONG: tok0 tok1 tok2 tok3  Then the end."),
    "1s_flow_form": ("done", None, "Dear Ann (low): tok0 tok1 "),
    "1s_flow_moderated": ("done", None, "I must not say that."),
    "1s_flow_cite": ("done", None, "tok0 tok1 tok2 tok3 "),
    "1s_flow_think_tagged": ("done", None, "<think>\nsecret thoughts here\n</think>\nThe answer is 42."),
    "1s_flow_modin": ("done", None, "I cannot talk about that."),
    "1s_chat_modin": ("done", None, "I cannot talk about that."),
    "1s_flow_hitl": ("paused", "waiting_for_human", "Draft: tok0 tok1 tok2 \n"),
    "9_hitl_3_events_continue": ("done", None, "Approved (good): tok0 tok1 tok2 "),
    "1s_flow_fail": ("incomplete", "failed", "First: tok0 tok1 tok2  n="),
    "3e_chat_llm_fails3": ("incomplete", "failed", "tok0 tok1 tok2 "),
    "4_stop_flow": ("incomplete", "failed", "tok0 tok1 tok2 tok3 tok4 tok5 tok6 tok7 tok8 "),  # stopped by others
    "4_stop_chat": ("done", None, "tok0 tok1 tok2 tok3 tok4 tok5 tok6 tok7 tok8 tok9 tok10 "),
}
ERRORS = {
    "1s_flow_form_missing": ("invalid", 30000),
    "3e_chat_form_missing": ("invalid", 30000),
    "3e_chat_cid_unknown": ("conversation_not_found", 404),
    "3e_flow_unpublished": ("misconfigured", 30000),
}


def test_each_recording_is_looked_at():
    assert {f"1.14/{name}" for name in {*ANSWERS, *ERRORS, *OF_ROUTES}} == set(recordings.names("1.14"))


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("name", ANSWERS)
async def test_an_answer(with_dify, dify, connect, name, cut):
    dify.plays(fake_dify.replay(f"1.14/{name}", cut))
    client = await connect(await with_dify())
    await client.ask("Hello", stream=True)
    *deltas, answer = await client.frames_until_end()
    assert (answer["status"], answer.get("reason"), answer["content"]) == ANSWERS[name]
    assert text_of(deltas) == answer["content"]
    assert (answer["source"], "usage" in answer) == ("dify", answer["status"] == "done")
    assert (len(dify.questions), dify.stops) == (1, [])


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("name", ERRORS)
async def test_an_error(with_dify, dify, connect, name, cut):
    dify.plays(fake_dify.replay(f"1.14/{name}", cut))
    client = await connect(await with_dify(degrade_to_mock=False))
    error = await client.answer("Hello")
    assert (error["type"], error["reason"], error["code"]) == ("error", *ERRORS[name])
    assert (len(dify.questions), dify.stops) == (1, [])
