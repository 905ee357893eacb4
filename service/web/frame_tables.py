"""The frames as /docs shows them: one section each, with a table of its fields and an example. No I/O."""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import msgspec

from service.web.asyncapi import asyncapi
from service.web.client_frames import CLIENT_FRAMES
from service.web.frames import Frame
from service.web.schemas import in_words
from service.web.server_frames import FRAME_SHAPES, SERVER_FRAMES


class Row(NamedTuple):
    """`need` is `required`, the default, or empty."""

    name: str
    type: str
    need: str
    meaning: str


class Section(NamedTuple):
    """`anchor` is the id on the page: client-chat, server-chat."""

    anchor: str
    type: str
    meaning: str
    rows: list[Row]
    example: str


class Shape(NamedTuple):
    """A type within frames, of bodies, or of replies; `anchor` is shape-App."""

    anchor: str
    name: str
    rows: list[Row]


@cache
def frame_sections() -> dict[str, Section]:
    """By their anchors."""
    sides = (("client", CLIENT_FRAMES), ("server", SERVER_FRAMES))
    sections = [_section(side, frame) for side, frames in sides for frame in frames]
    return {section.anchor: section for section in sections}


@cache
def frame_shapes() -> list[Shape]:
    schemas = asyncapi()["components"]["schemas"]
    return [shape_of(name, schemas[name]) for name in FRAME_SHAPES]


def shape_of(name: str, schema: Mapping[str, Any]) -> Shape:
    required = schema.get("required", ())
    rows = [row_of(field, each, is_required=field in required) for field, each in schema["properties"].items()]
    return Shape(f"shape-{name}", name, rows)


def _section(side: str, frame: Frame) -> Section:
    schema = asyncapi()["components"]["schemas"][frame.kind.__name__]
    properties, required = schema["properties"], schema["required"]
    rows = [row_of(name, properties[name], is_required=name in required) for name in frame.fields]
    return Section(f"{side}-{frame.type.replace('_', '-')}", frame.type, frame.meaning, rows, frame.json)


def row_of(name: str, schema: Mapping[str, Any], *, is_required: bool) -> Row:
    """A property of a schema."""
    default = "" if schema.get("default") in (None, "") else _shown(schema["default"])
    return Row(name, in_words(schema), "required" if is_required else default, schema["description"])


def _shown(value: Any) -> str:
    """As JSON with spaces, at which lines may break."""
    return msgspec.json.format(msgspec.json.encode(value), indent=0).decode()
