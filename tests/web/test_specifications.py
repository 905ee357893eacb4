"""/openapi.json and /asyncapi.json over HTTP."""

import pytest

from service.web.asyncapi import asyncapi
from service.web.openapi import openapi


@pytest.mark.parametrize(("path", "document"), [("/openapi.json", openapi), ("/asyncapi.json", asyncapi)])
async def test_tools_of_other_pages_may_read_the_documents(start, http, path, document):
    service = await start()
    async with http.get(f"{service.url}{path}") as response:
        assert await response.json() == document()
        assert response.headers["Access-Control-Allow-Origin"] == "*"
