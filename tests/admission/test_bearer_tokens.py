"""Where a request carries its token."""

import pytest

from service.admission.authentication import Unauthenticated
from service.admission.bearer_tokens import bearer_token, is_by_subprotocol


def scope(*authorizations, subprotocols=None, path="/ws/chat"):
    head = {"headers": [(b"authorization", value.encode()) for value in authorizations], "path": path}
    return head if subprotocols is None else head | {"subprotocols": subprotocols}


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (scope(), None),
        (scope("Bearer a.b.c"), "a.b.c"),
        (scope("bEARER   a.b.c "), "a.b.c"),
        (scope("Bearer"), ""),
        (scope("Basic bWU6c2VjcmV0"), None),
        (scope("Basic bWU6c2VjcmV0", "Bearer a.b.c"), "a.b.c"),
        (scope("Bearer a.b.c", "Bearer a.b.c"), "a.b.c"),
        (scope(subprotocols=[]), None),
        (scope(subprotocols=["dify-live", "bearer.a.b.c"]), "a.b.c"),
        (scope(subprotocols=["dify-live", "Bearer.a.b.c"]), "a.b.c"),
        (scope(subprotocols=["dify-live", "bearer"]), None),
        (scope("Bearer a.b.c", subprotocols=["bearer.a.b.c"]), "a.b.c"),
        ({**scope(), "query_string": b"token=a.b.c"}, None),
    ],
)
def test_a_token_is_found(head, found):
    assert bearer_token(head) == found


@pytest.mark.parametrize(
    ("head", "by_close"),
    [
        (scope("Bearer a.b.c", "Bearer d.e.f"), False),
        (scope("Bearer a.b.c", subprotocols=["bearer.d.e.f"]), True),
        (scope(subprotocols=["bearer.a.b.c", "bearer.d.e.f"]), True),
        (scope("Bearer a.b.c", "Bearer"), False),
    ],
)
def test_different_tokens_at_once_are_refused(head, by_close):
    with pytest.raises(Unauthenticated, match="token_invalid") as caught:
        bearer_token(head)
    assert caught.value.by_close is by_close


def test_a_page_sends_it_as_a_subprotocol():
    assert is_by_subprotocol(scope(subprotocols=["dify-live", "bearer.a.b.c"]))
    assert not is_by_subprotocol(scope("Bearer a.b.c", subprotocols=["dify-live"]))
    assert not is_by_subprotocol(scope("Bearer a.b.c"))
