"""What the service says, held against /openapi.json and /asyncapi.json; each shape of it once."""

import json
import re
from fnmatch import fnmatch
from functools import cache
from http import HTTPStatus

from jsonschema import Draft202012Validator

from service.admission.limit_table import LIMITS_HIT
from service.web.asyncapi import asyncapi
from service.web.openapi import openapi
from service.web.operations import OPERATIONS
from service.web.reasons import FAILURES, OTHER_REASONS
from service.web.schemas import reference

JSON = "application/json"
_TOLD_APART = {"type", "event", "kind", "status", "source", "code", "media_type", "role"}
_FAILED = {"content": {JSON: {"schema": reference("FailureReply")}}}
_seen = set()


def frame_faults(text):
    """In words, of a frame from the service."""
    frame = json.loads(text)
    (name,) = {message for message in _sent() if asyncapi()["components"]["messages"][message]["name"] == frame["type"]}
    schema = {"$ref": f"#/components/schemas/{name}", "components": _strict(asyncapi)["components"]}
    return _faults(("frame", name), schema, frame) + _unknown_reasons(frame)


def reply_faults(method, path, status, media_type, body):
    """In words, of a reply over HTTP: by one of the operations, or a failure of another path."""
    operation = _operation(method, path)
    if operation is None and (media_type != JSON or status < HTTPStatus.BAD_REQUEST):
        return []
    responses = operation["responses"] if operation else {"default": _FAILED}
    content = (responses.get(str(status)) or responses["default"]).get("content", {})
    if media_type == JSON and JSON in content:
        schema = content[JSON].get("schema", {}) | {"components": _strict(openapi)["components"]}
        reply = json.loads(body)
        where = (method, operation["summary"], status) if operation else (status,)
        return _faults(where, schema, reply) + _unknown_reasons(reply.get("data"))
    is_known = not body or any(fnmatch(media_type, it) for it in content)
    return [] if is_known else [f"{status} with {media_type}"]


def _faults(where, schema, value):
    if (key := (where, _shape(value))) in _seen:
        return []
    _seen.add(key)
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(value)]


def _unknown_reasons(value):
    """Those that the reference does not have: of a frame, of the `data` of a failure, and of the trouble of /ready."""
    if not isinstance(value, dict):
        return []
    reasons = {value.get("reason"), (value.get("trouble") or {}).get("reason")} - {None}
    return [f"{reason} is not in the reference" for reason in reasons - _reasons()]


def _shape(value, key=None):
    """What a schema looks at."""
    if isinstance(value, dict):
        return tuple(sorted((name, _shape(each, name)) for name, each in value.items()))
    if isinstance(value, list):
        return ("list", *sorted({repr(_shape(each)) for each in value}))
    return (type(value).__name__, value if key in _TOLD_APART else None)


@cache
def _strict(document):
    """With no field that is not named. Clients are told to ignore others: a later version may have more."""
    return _closed(document())


def _closed(schema):
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(each) for name, each in schema.items()}
    return closed if not isinstance(schema.get("properties"), dict) else {"additionalProperties": False} | closed


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
            return _strict(openapi)["paths"][it.path][it.method]
    return None
