"""Reads a Dockerfile: instructions, stages, and what of them a machine without Docker can do."""

import json
import re
from typing import NamedTuple


class Instruction(NamedTuple):
    name: str
    value: str


def instructions(text):
    """In order; continued lines are joined, comments left out."""
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    joined = re.sub(r"\s*\\\n\s*", " ", lines)
    return [Instruction(*line.split(None, 1)) for line in joined.splitlines() if line.strip()]


def stages(text):
    """A list of instructions for each FROM, which is its first."""
    found = []
    for instruction in instructions(text):
        if instruction.name == "FROM":
            found.append([])
        found[-1].append(instruction)
    return found


def environment(stage):
    """What ENV sets there; values without blanks."""
    pairs = [pair for name, value in stage if name == "ENV" for pair in value.split()]
    return dict(pair.split("=", 1) for pair in pairs)


def command(stage, name):
    """The list of CMD, or of HEALTHCHECK."""
    (value,) = [value for each, value in stage if each == name]
    return json.loads(value[value.index("[") :])
