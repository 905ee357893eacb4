"""What the service says, held against /openapi.json and /asyncapi.json; each shape of it once."""

import json
import re
from fnmatch import fnmatch
from functools import cache

from jsonschema import Draft202012Validator

from service.admission.quotas import LIMITS_HIT
from service.web.asyncapi import asyncapi
from service.web.openapi import OPERATIONS, openapi
from service.web.reasons import FAILURES, OTHER_REASONS

JSON = "application/json"
_TOLD_APART = {"type", "event", "kind", "status", "source", "code", "media_type", "role"}
_seen = set()


def frame_faults(text):
    """In words, of a frame from the service."""
    frame = json.loads(text)
    (name,) = {message for message in _sent() if asyncapi()["components"]["messages"][message]["name"] == frame["type"]}
    schema = {"$ref": f"#/components/schemas/{name}", "components": asyncapi()["components"]}
    unknown = set(frame) - set(asyncapi()["components"]["schemas"][name]["properties"])
    reasons = {frame["reason"]} - _reasons() if "reason" in frame else set()
    return _faults(("frame", name), schema, frame, unknown) + [
        f"{reason} is not in the reference" for reason in reasons
    ]


def reply_faults(method, path, status, media_type, body):
    """In words, of a reply over HTTP by one of the operations."""
    if (operation := _operation(method, path)) is None:
        return []
    responses = operation["responses"]
    content = (responses.get(str(status)) or responses["default"]).get("content", {})
    if media_type == JSON and JSON in content:
        schema = content[JSON].get("schema", {}) | {"components": openapi()["components"]}
        return _faults((method, operation["summary"], status), schema, json.loads(body))
    is_known = not body or any(fnmatch(media_type, it) for it in content)
    return [] if is_known else [f"{status} with {media_type}"]


def _faults(where, schema, value, unknown=()):
    if (key := (where, _shape(value))) in _seen:
        return []
    _seen.add(key)
    found = [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(value)]
    return found + [f"{name} is not in the schema" for name in sorted(unknown)]


def _shape(value, key=None):
    """What a schema looks at."""
    if isinstance(value, dict):
        return tuple(sorted((name, _shape(each, name)) for name, each in value.items()))
    if isinstance(value, list):
        return ("list", *sorted({repr(_shape(each)) for each in value}))
    return (type(value).__name__, value if key in _TOLD_APART else None)


@cache
def _reasons():
    """All that the reference has, in any of its tables."""
    return {failure.reason for failure in FAILURES} | {hit.reason for hit in LIMITS_HIT.values()} | {*OTHER_REASONS}


@cache
def _sent():
    operations = asyncapi()["operations"].values()
    return {it["$ref"].rpartition("/")[2] for each in operations if each["action"] == "send" for it in each["messages"]}


def _operation(method, path):
    for it in OPERATIONS:
        pattern = re.sub(r"{(\w+)}", lambda part: ".+" if part[1] == "path" else "[^/]+", it.path)
        if it.method == method.lower() and re.fullmatch(pattern, path):
            return openapi()["paths"][it.path][it.method]
    return None
