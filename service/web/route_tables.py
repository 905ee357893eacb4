"""The routes as /docs shows them: one section each, with tables of what goes in and comes out. No I/O."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from service.web.examples import Example
from service.web.frame_tables import Row, Shape, shape_of
from service.web.openapi import openapi
from service.web.operations import OPERATIONS, Operation
from service.web.route_examples import EXAMPLES
from service.web.schemas import in_words

_WHO = {
    "": "anybody",
    "token": "whoever holds a token",
    "operator": "operators",
}


class Route(NamedTuple):
    """`anchor` is the id on the page: get-api-app. `reply` is the name of a shape, or what the reply is."""

    anchor: str
    method: str
    path: str
    summary: str
    who: str
    parameters: list[Row]
    body: str
    reply: str
    success: Example
    failure: Example


@cache
def routes() -> dict[str, Route]:
    """By their anchors."""
    return {route.anchor: route for route in map(_route, OPERATIONS)}


@cache
def shapes() -> list[Shape]:
    schemas = openapi()["components"]["schemas"]
    return [shape_of(name, schema) for name, schema in schemas.items() if "properties" in schema]


def _route(operation: Operation) -> Route:
    described = openapi()["paths"][operation.path][operation.method]
    anchor = f"{operation.method}-{re.sub(r'[^a-z]+', '-', operation.path).strip('-') or 'root'}"
    who = " or ".join(dict.fromkeys(_WHO[name] for each in operation.security for name in (each or {"": []})))
    parameters = [
        Row(it["name"], _kind(it), "required" if it.get("required") else "", it["description"])
        for it in described.get("parameters", ())
    ]
    return Route(
        anchor, operation.method.upper(), operation.path, operation.summary, who, parameters,
        next(_contents(described.get("requestBody", {})), ""), _reply(operation, described),
        *EXAMPLES[f"{operation.method} {operation.path}"],
    )  # fmt: skip


def _kind(parameter: Mapping[str, Any]) -> str:
    return f"{in_words(parameter['schema'])}, in the {parameter['in']}"


def _reply(operation: Operation, described: Mapping[str, Any]) -> str:
    if operation.media:
        return ", ".join(operation.media)
    return next(_contents(described["responses"]["200"]))


def _contents(described: Mapping[str, Any]) -> Iterator[str]:
    """The name of a shape, or the type in words."""
    for media, content in described.get("content", {}).items():
        schema = content["schema"].get("properties", {}).get("data") or content["schema"]
        yield str(schema["$ref"]).rpartition("/")[2] if "$ref" in schema else _plain(media, schema)


def _plain(media: str, schema: Mapping[str, Any]) -> str:
    if media == "multipart/form-data":
        return "a form with a part file"
    return {"array": "array of strings", "null": "null"}[str(schema["type"])]
