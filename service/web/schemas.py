"""JSON Schemas (draft 2020-12) of what goes over the wire, from the types by which it is encoded. No I/O."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

_REF = "#/components/schemas/{name}"


def reference(name: str) -> dict[str, Any]:
    return {"$ref": _REF.format(name=name)}


def components(types: Sequence[Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """A schema of each of the types, and by their names those that they refer to. Enums stand where they are used."""
    found, named = msgspec.json.schema_components(types, ref_template=_REF)
    enums = {reference(name)["$ref"]: {"enum": it["enum"]} for name, it in named.items() if "enum" in it}
    shown = {name: _plain(it, enums) for name, it in named.items() if "enum" not in it}
    return [_plain(each, enums) for each in found], shown


def _plain(schema: Any, enums: Mapping[str, Any]) -> Any:
    r"""Docstrings without their margin, and patterns as ECMA-262 has them: `$` is the very end there, as \Z is here."""
    if isinstance(schema, list):
        return [_plain(each, enums) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    plain = {key: _plain(value, enums) for key, value in schema.items()}
    if plain.get("$ref") in enums:
        plain |= enums[plain.pop("$ref")]
    if isinstance(plain.get("description"), str):
        plain["description"] = inspect.cleandoc(plain["description"])
    if isinstance(plain.get("pattern"), str):
        plain["pattern"] = plain["pattern"].replace(r"\Z", "$")
    return plain


def in_words(schema: Mapping[str, Any]) -> str:
    """A property's type as a table shows it: `string, null`, `integer from 0`, `uuid`, `one of "a", "b"`."""
    if "anyOf" in schema:
        return ", ".join(dict.fromkeys(in_words(each) for each in schema["anyOf"]))
    if "enum" in schema:
        values = [msgspec.json.encode(each).decode() for each in schema["enum"]]
        return values[0] if len(values) == 1 else f"one of {', '.join(values)}"
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    kind = str(schema.get("format") or schema.get("type", "any"))
    if kind == "array" and schema.get("items"):
        return f"array of {in_words(schema['items'])}"
    return kind + _limits(schema)


def _limits(schema: Mapping[str, Any]) -> str:
    least = f" from {schema['minimum']}" if "minimum" in schema else ""
    most = f" of up to {schema['maxLength']:,} characters" if "maxLength" in schema else ""
    pattern = f" that fits {schema['pattern']}" if "pattern" in schema else ""
    return least + most + pattern
