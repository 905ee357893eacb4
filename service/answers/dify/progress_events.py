"""Dify's events of workflows, nodes, tools and thoughts as Steps. No I/O.

Inputs and outputs of nodes and tools are left out: they may hold prompts and secrets of the app.
"""

from typing import cast

import msgspec

from service.answers.base import Step, StepEvent

KINDS = frozenset(
    {"workflow_started", "workflow_finished", "node_started", "node_finished", "agent_thought", "agent_log"}
)
_TOOL_LABEL = "CALL "


class _Data(msgspec.Struct):
    id: str = ""
    title: str | None = None
    node_type: str | None = None
    status: str | None = None
    elapsed_time: float | None = None
    label: str = ""


class _Event(msgspec.Struct):
    event: str
    id: str = ""
    thought: str | None = None
    tool: str | None = None
    observation: str | None = None
    data: _Data = msgspec.field(default_factory=_Data)


_decode = msgspec.json.Decoder(_Event).decode


class ProgressParser:
    """The steps of one answer, each once: Dify repeats some."""

    def __init__(self) -> None:
        self._seen: set[tuple[StepEvent, str]] = set()

    def parse(self, raw: bytes) -> list[Step]:
        """The steps of an event of one of KINDS; none, if its shape is unknown."""
        try:
            event = _decode(raw)
        except (ValueError, RecursionError):
            return []
        match event.event:
            case "agent_thought":
                steps = _of_thought(event)
            case "agent_log":
                steps = [_of_log(event.data)]
            case _:
                steps = [_of_run(event.event, event.data)]
        new = [step for step in steps if (step.event, step.step) not in self._seen]
        self._seen.update((step.event, step.step) for step in new)
        return new


def _of_run(event: str, data: _Data) -> Step:
    duration_ms = None if data.elapsed_time is None else round(data.elapsed_time * 1000)
    return Step(cast(StepEvent, event), data.id, data.title, data.node_type, data.status, duration_ms)


def _of_thought(event: _Event) -> list[Step]:
    """Dify repeats a thought each time that something is added: the thought, the tool, its result."""
    steps = [Step("thought_started", event.id)]
    if event.thought:
        steps.append(Step("thought_finished", event.id, content=event.thought))
    if event.tool:
        steps.append(Step("tool_started", event.id, event.tool))
    if event.tool and event.observation:
        steps.append(Step("tool_finished", event.id, event.tool))
    return steps


def _of_log(data: _Data) -> Step:
    """Of an agent node. Labels are such as `CALL weather` or `ROUND 1`."""
    started = data.status == "start"
    if data.label.startswith(_TOOL_LABEL):
        name = data.label.removeprefix(_TOOL_LABEL)
        return Step("tool_started" if started else "tool_finished", data.id, name, status=data.status)
    return Step("thought_started" if started else "thought_finished", data.id, data.label, status=data.status)
