"""Dify's events of workflows, nodes, tools and thoughts as Steps. No I/O.

Inputs and outputs of nodes and tools are left out: they may hold prompts and secrets of the app.
"""

import json
import math
import re
from typing import cast

import msgspec

from service.answers.base import Step, StepEvent
from service.answers.dify.event_fields import decode_fields

_RUNS = frozenset({"workflow_started", "workflow_finished", "node_started", "node_finished", "node_retry"})
_ROUNDS = frozenset(f"{name}_{event}" for name in ("iteration", "loop") for event in ("started", "next", "completed"))
KINDS = _RUNS | _ROUNDS | {"text_chunk", "agent_thought", "agent_log"}
# Dify tells these of a node before what went into it and came out.
_HEAD_FIELD = re.compile(
    rb'"(id|title|node_type)"\s*:\s*("(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})){1,200}")'
)
_TOOL_LABEL = "CALL "


class _Data(msgspec.Struct):
    id: str = ""
    title: str | None = None
    node_type: str | None = None
    status: str | None = None
    elapsed_time: float | None = None
    label: str = ""
    index: int | None = None
    retry_index: int | None = None
    text: str = ""
    from_variable_selector: list[str] | None = None
    outputs: msgspec.Raw = msgspec.Raw(b"null")


class _Outputs(msgspec.Struct):
    reasoning_content: str = ""


class _Event(msgspec.Struct):
    event: str
    id: str = ""
    thought: str | None = None
    tool: str | None = None
    observation: str | None = None
    data: _Data = msgspec.field(default_factory=_Data)


_decode = msgspec.json.Decoder(_Event).decode
_decode_outputs = msgspec.json.Decoder(_Outputs | None).decode


class ProgressParser:
    """The steps of one answer, each once: Dify repeats some."""

    def __init__(self) -> None:
        self._seen: set[tuple[StepEvent, str, int | None]] = set()

    def parse(self, raw: bytes) -> list[Step]:
        """The steps of an event of one of KINDS; none, if its shape is unknown."""
        event = _read(raw)
        if event is None:
            return []
        if event.event == "text_chunk":
            return [_of_text(event.data)]
        new = [step for step in _steps(event) if _key(step) not in self._seen]
        self._seen.update(map(_key, new))
        return new


def _read(raw: bytes) -> _Event | None:
    """Of an event that is cut off, a node's whole outputs for instance, what comes before."""
    try:
        return _decode(raw)
    except (ValueError, RecursionError):
        pass
    fields = decode_fields(raw)
    data = fields.get("data")
    if isinstance(data, dict) and "id" not in data:
        fields |= {"data": _data_of_head(raw)}
    try:
        event = _decode(msgspec.json.encode(fields))
    except ValueError:
        return None
    return event if event.id or event.data.id else None


def _data_of_head(head: bytes) -> dict[str, str]:
    """Without a status, which stands after all that is cut off."""
    fields: dict[str, str] = {}
    for name, value in _HEAD_FIELD.findall(head.partition(b'"data"')[2]):
        fields.setdefault(name.decode(), json.loads(value.decode(errors="replace")))
    return fields


def _key(step: Step) -> tuple[StepEvent, str, int | None]:
    return step.event, step.step, step.number


def _steps(event: _Event) -> list[Step]:
    match event.event:
        case "agent_thought":
            return _of_thought(event)
        case "agent_log":
            return [_of_log(event.data)]
        case "node_finished":
            return [*_of_reasoning(event.data), _of_run(event.event, event.data)]
        case _:
            return [_of_run(event.event, event.data)]


def _of_run(event: str, data: _Data) -> Step:
    seconds = data.elapsed_time
    duration_ms = round(seconds * 1000) if seconds is not None and math.isfinite(seconds) else None
    numbers = {"node_retry": data.retry_index, "iteration_next": data.index, "loop_next": data.index}
    return Step(
        cast(StepEvent, event),
        data.id,
        data.title,
        data.node_type,
        data.status,
        duration_ms,
        number=numbers.get(event),
    )


def _of_reasoning(data: _Data) -> list[Step]:
    """What a reasoning model thought, where its node separates that from the answer."""
    try:
        outputs = _decode_outputs(data.outputs)
    except (ValueError, RecursionError):
        return []
    if outputs is None or not outputs.reasoning_content:
        return []
    thought = f"{data.id}:thought"
    return [Step("thought_started", thought), Step("thought_finished", thought, content=outputs.reasoning_content)]


def _of_text(data: _Data) -> Step:
    """Text of a node on its way to another: it may be in the answer, too."""
    return Step("text_chunk", ".".join(data.from_variable_selector or []), content=data.text)


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
