"""What an app does on its way to the answer."""

import json

import pytest

from service.answers.base import Step
from service.answers.dify.progress_events import ProgressParser


def event(kind, **fields):
    return json.dumps({"event": kind, **fields}).encode()


def steps(*events):
    parser = ProgressParser()
    return [step for raw in events for step in parser.parse(raw)]


def test_workflows_and_nodes_tell_their_names_ends_and_durations_and_nothing_of_what_is_in_them():
    node = {"id": "n", "title": "LLM", "node_type": "llm", "inputs": {"prompt": "secret"}}
    finished = node | {"status": "succeeded", "elapsed_time": 1.2345, "outputs": "secret"}
    assert steps(
        event("workflow_started", data={"id": "run"}),
        event("node_started", data=node),
        event("node_finished", data=finished),
        event("workflow_finished", data={"id": "run", "status": "failed", "elapsed_time": 0}),
    ) == [
        Step("workflow_started", "run"),
        Step("node_started", "n", "LLM", "llm"),
        Step("node_finished", "n", "LLM", "llm", "succeeded", 1234),
        Step("workflow_finished", "run", status="failed", duration_ms=0),
    ]


def test_an_agent_s_thought_is_told_once_though_dify_tells_it_again_and_again():
    thought = {"id": "t", "thought": "", "tool": "", "observation": ""}
    told = steps(
        event("agent_thought", **thought),
        event("agent_thought", **thought | {"thought": "I look it up.", "tool": "weather"}),
        event("agent_thought", **thought | {"thought": "I look it up.", "tool": "weather", "observation": "secret"}),
    )
    assert told == [
        Step("thought_started", "t"),
        Step("thought_finished", "t", content="I look it up."),
        Step("tool_started", "t", "weather"),
        Step("tool_finished", "t", "weather"),
    ]


def test_an_observation_without_a_tool_finishes_none():
    assert steps(event("agent_thought", id="t", observation="secret")) == [Step("thought_started", "t")]


def test_an_agent_node_s_log_tells_thoughts_and_tools():
    def entry(label, status):
        return event("agent_log", data={"id": label, "label": label, "status": status, "data": {"key": "secret"}})

    assert steps(
        entry("ROUND 1", "start"), entry("CALL weather", "start"), entry("CALL weather", "success"),
        entry("ROUND 1", "success"),
    ) == [
        Step("thought_started", "ROUND 1", "ROUND 1", status="start"),
        Step("tool_started", "CALL weather", "weather", status="start"),
        Step("tool_finished", "CALL weather", "weather", status="success"),
        Step("thought_finished", "ROUND 1", "ROUND 1", status="success"),
    ]  # fmt: skip


@pytest.mark.parametrize("raw", [b"", b"not json", event("node_started", data=[1]), b'{"event":' * 50_000])
def test_what_is_of_unknown_shape_tells_nothing(raw):
    assert steps(raw) == []


NODE = {"id": "n", "title": "HTTP", "node_type": "http-request"}


def test_a_node_that_is_tried_again_says_how_often():
    first, second = NODE | {"status": "retry", "retry_index": 1}, NODE | {"status": "retry", "retry_index": 2}
    assert steps(
        event("node_started", data=NODE), event("node_retry", data=first), event("node_retry", data=second)
    ) == [
        Step("node_started", "n", "HTTP", "http-request"),
        Step("node_retry", "n", "HTTP", "http-request", "retry", number=1),
        Step("node_retry", "n", "HTTP", "http-request", "retry", number=2),
    ]


def test_of_a_node_whose_outputs_are_cut_off_the_end_is_told_all_the_same():
    whole = event("node_finished", data=NODE | {"title": 'é "q"', "outputs": {"text": "x" * 9, "id": "other"}})
    cut = whole[: whole.index(b"xxx")]
    assert steps(cut) == [Step("node_finished", "n", 'é "q"', "http-request")]
    assert steps(whole[: whole.index(b'"n"')]) == steps(whole[:5]) == []


def test_a_number_that_is_none_costs_no_step():
    raw = b'{"event":"node_finished","data":{"id":"n","elapsed_time":NaN,"outputs":{"text":NaN}}}'
    assert steps(raw) == [Step("node_finished", "n")]


@pytest.mark.parametrize("name", ["iteration", "loop"])
def test_rounds_are_counted(name):
    data = {"id": "n", "title": "Each", "node_type": name}
    done = data | {"status": "succeeded", "elapsed_time": 1.5, "steps": 2, "outputs": {"secret": 1}}
    told = steps(
        event(f"{name}_started", data=data),
        event(f"{name}_next", data=data | {"index": 0}),
        event(f"{name}_next", data=data | {"index": 1}),
        event(f"{name}_completed", data=done),
    )
    assert told == [
        Step(f"{name}_started", "n", "Each", name),
        Step(f"{name}_next", "n", "Each", name, number=0),
        Step(f"{name}_next", "n", "Each", name, number=1),
        Step(f"{name}_completed", "n", "Each", name, "succeeded", 1500),
    ]


def test_text_between_nodes_is_told_each_time():
    chunk = event("text_chunk", data={"text": "Hi", "from_variable_selector": ["llm", "text"]})
    assert steps(chunk, chunk) == [Step("text_chunk", "llm.text", content="Hi")] * 2


def test_what_a_reasoning_model_thought_is_told_before_its_node_is_finished():
    data = NODE | {"outputs": {"text": "secret", "reasoning_content": "Let me think."}, "status": "succeeded"}
    assert steps(event("node_finished", data=data)) == [
        Step("thought_started", "n:thought"),
        Step("thought_finished", "n:thought", content="Let me think."),
        Step("node_finished", "n", "HTTP", "http-request", "succeeded"),
    ]


@pytest.mark.parametrize("outputs", [None, {}, [], "text", {"reasoning_content": ""}, {"reasoning_content": 5}])
def test_outputs_without_a_thought_tell_nothing(outputs):
    assert [step.event for step in steps(event("node_finished", data=NODE | {"outputs": outputs}))] == ["node_finished"]


@pytest.mark.parametrize("data", ["a word", {"id": 7}, {"elapsed_time": "long"}, {"index": "x"}, [[]]])
def test_a_step_of_unknown_shape_is_left_out(data):
    assert steps(event("node_started", data=data)) == []
