"""Who is an operator."""

import pytest
from starlette.requests import Request

from service.web.operator_tokens import carries

TOKEN = "token-of-an-operator"


def request(authorization):
    headers = [] if authorization is None else [(b"authorization", authorization.encode("latin-1"))]
    return Request({"type": "http", "headers": headers})


@pytest.mark.parametrize("authorization", [f"Bearer {TOKEN}", f"bearer  {TOKEN} "])
def test_who_sends_one_of_the_tokens_is(authorization):
    assert carries(request(authorization), "another-token-of-one", TOKEN)


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer ", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer é"]
)
def test_nobody_else_is(authorization):
    assert not carries(request(authorization), "", TOKEN)
