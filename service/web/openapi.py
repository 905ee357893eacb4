"""/openapi.json: what is asked over HTTP (OpenAPI 3.1). No I/O.

Each reply but a file's has one envelope, {"code", "message", "data"}; here is what its `data` is.
"""

from functools import cache
from typing import Any

from service import __version__
from service.result_codes import ResultCode
from service.web.examples import JSON, Example
from service.web.operations import OPERATIONS, FileForm, Operation
from service.web.replies import FailureReply
from service.web.reply_fields import FIELDS
from service.web.route_examples import EXAMPLES
from service.web.schemas import components, reference

_FILE = {"type": "string", "contentMediaType": "application/octet-stream"}
_SOMETHING_TO_SAY = [
    {"required": ["text"], "properties": {"text": {"type": "string", "pattern": r"\S"}}},
    {"required": ["message_id"], "properties": {"message_id": {"type": "string"}}},
]
_TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "description": "The resume_token of the connection's first frame; where users have to prove who they are, a JWT.",
}
_OPERATOR = {"type": "http", "scheme": "bearer", "description": "METRICS_TOKEN or ADMIN_TOKEN, as the route says."}


@cache
def openapi() -> dict[str, Any]:
    told = [it for each in OPERATIONS for it in (each.data, each.body)]
    types = [it for it in told if it is not None and not isinstance(it, FileForm)]
    found, schemas = components([*types, FailureReply])
    for name, meanings in FIELDS.items():
        for field, meaning in meanings.items():
            schemas[name]["properties"][field]["description"] = meaning
    schemas["SpeechRequest"]["anyOf"] = _SOMETHING_TO_SAY
    schema_of = {str(it): schema for it, schema in zip(types, found, strict=False)}
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Dify Live, over HTTP",
            "version": __version__,
            "description": "Around the chat, which is a WebSocket: see /asyncapi.json.",
        },
        "servers": [{"url": "."}],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": {"token": _TOKEN, "operator": _OPERATOR}},
    }


def _operation(operation: Operation, schema_of: dict[str, Any]) -> dict[str, Any]:
    success, failure = EXAMPLES[f"{operation.method} {operation.path}"]
    failed = {"description": "It failed.", "content": {JSON: {"schema": reference("FailureReply")}}}
    responses: dict[str, dict[str, Any]] = {"200": _success(operation, schema_of), "default": failed}
    for status, words in operation.others.items():
        responses[status] = {"description": words} | ({"content": _contents(operation)} if status == "206" else {})
    if operation.path == "/ready":
        responses["503"] = _enveloped("Questions get no answers.", schema_of[str(operation.data)])
    _add_example(responses["200"], "success", success)
    _add_example(responses.get(str(failure.status), failed), "failure", failure)
    described: dict[str, Any] = {"summary": operation.summary, "security": operation.security, "responses": responses}
    if operation.parameters:
        described["parameters"] = list(operation.parameters)
    if operation.body is not None:
        described["requestBody"] = _body(operation.body, schema_of)
        if success.sent is not None:
            described["requestBody"]["content"][JSON]["examples"] = {"success": {"value": success.sent}}
    return described


def _add_example(response: dict[str, Any], name: str, example: Example) -> None:
    if example.reply is not None:
        response["content"][example.media]["examples"] = {name: {"value": example.reply}}


def _success(operation: Operation, schema_of: dict[str, Any]) -> dict[str, Any]:
    if operation.media:
        return {"description": operation.summary, "content": _contents(operation)}
    return _enveloped(operation.summary, schema_of[str(operation.data)])


def _contents(operation: Operation) -> dict[str, Any]:
    return {media: {} for media in operation.media}


def _enveloped(description: str, data: dict[str, Any]) -> dict[str, Any]:
    envelope = {
        "type": "object",
        "required": ["code", "message", "data"],
        "properties": {
            "code": {"enum": sorted(int(code) for code in ResultCode)},
            "message": {"type": "string"},
            "data": data,
        },
    }
    return {"description": description, "content": {JSON: {"schema": envelope}}}


def _body(body: Any, schema_of: dict[str, Any]) -> dict[str, Any]:
    if isinstance(body, FileForm):
        form = {"schema": {"type": "object", "required": ["file"], "properties": {"file": _FILE}}}
        kinds = {"encoding": {"file": {"contentType": ", ".join(body.media)}}} if body.media else {}
        return {"required": True, "content": {"multipart/form-data": form | kinds}}
    return {"required": True, "content": {JSON: {"schema": schema_of[str(body)]}}}
