"""Whether what the service sends to Dify is what Dify takes, by tests/data/dify_requests.json."""

import json
import re

import jsonschema
from aiohttp import web

from tests.recordings import DATA

ROUTES = json.loads((DATA / "dify_requests.json").read_text(encoding="utf-8"))["routes"]
FORM = web.RequestKey("form", dict)
"""The fields of a form, put here by who read them to the end."""


def trouble_with(method, path, content_type, query, body):
    """What is wrong with a request, in words; None if nothing is."""
    route = next((r for r in ROUTES if r["method"] == method and re.fullmatch(r["path"], path)), None)
    if route is None:
        return f"{method} {path}: Dify has no such route"
    if content_type != route.get("content_type", content_type):
        return f"{method} {path}: sent as {content_type}"
    for what, schema in ((query, route.get("query", {"maxProperties": 0})), (body, route.get("body", {}))):
        try:
            jsonschema.validate(what, schema)
        except jsonschema.ValidationError as error:
            return f"{method} {path}: {error.message}"
    return None


class Inspector:
    """Looks at each request of the service to the fake Dify; `troubles` is what it found."""

    def __init__(self):
        self.troubles = []

    def middleware(self):
        @web.middleware
        async def inspect(request, handler):
            return await self._inspect(request, handler)

        return inspect

    async def _inspect(self, request, handler):
        is_json = request.content_type == "application/json"
        body = await request.json() if is_json else {}
        try:
            return await handler(request)
        finally:
            is_whole = request.content_type != "multipart/form-data" or FORM in request
            if request.path.startswith("/v1/") and is_whole:  # elsewhere there is no Dify
                self._look(request, request.get(FORM, body))

    def _look(self, request, body):
        found = trouble_with(request.method, request.path, request.content_type, dict(request.query), body)
        if found:
            self.troubles.append(found)
