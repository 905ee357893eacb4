"""Schemas made from types."""

import re
from enum import StrEnum
from typing import Annotated

import msgspec

from service.web.schemas import components, in_words, reference


class Ward(msgspec.Struct):
    """A ward.

    With a margin.
    """

    number: Annotated[str, msgspec.Meta(pattern=r"^\d\Z")]


def test_a_type_is_referred_to_by_its_name():
    found, named = components([Ward, int])
    assert found == [reference("Ward"), {"type": "integer"}]
    assert list(named) == ["Ward"]


class Wing(StrEnum):
    NORTH = "north"
    SOUTH = "south"


def test_an_enum_stands_where_it_is_used():
    found, named = components([dict[str, Wing]])
    assert (found[0]["additionalProperties"], named) == ({"enum": ["north", "south"]}, {})


def test_a_docstring_has_no_margin():
    _, named = components([Ward])
    assert named["Ward"]["description"] == "A ward.\n\nWith a margin."


def test_a_pattern_ends_as_in_javascript():
    _, named = components([list[Ward]])
    assert re.compile(named["Ward"]["properties"]["number"]["pattern"]).pattern == r"^\d$"


def test_a_type_is_told_in_words():
    assert in_words({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}]}) == "integer from 0, null"
    assert in_words({"enum": ["dify", "mock"]}) == 'one of "dify", "mock"'
    assert in_words({"enum": ["mock"]}) == '"mock"'
    assert in_words({"type": "array", "items": {"$ref": "#/components/schemas/Ward"}}) == "array of Ward"
    assert in_words({"type": "string", "maxLength": 4_000}) == "string of up to 4,000 characters"
    assert in_words({"type": "string", "format": "uuid"}) == "uuid"
    assert in_words({"type": "string", "pattern": "^a$"}) == "string that fits ^a$"
    assert in_words({}) == "any"
