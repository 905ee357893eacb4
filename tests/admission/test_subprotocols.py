"""Which subprotocol is spoken."""

import pytest

from service.admission.subprotocols import UnknownSubprotocol, choose


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ([], None),
        ([""], None),
        (["bearer.e30"], None),
        (["Bearer.e30", "BEARER.e30"], None),
        (["dify-live"], "dify-live"),
        (["dify-live", "bearer.e30"], "dify-live"),
        (["other", "dify-live"], "dify-live"),
    ],
)
def test_the_service_speaks_one_or_none(offered, chosen):
    assert choose(offered) == chosen


def test_others_are_named_and_a_token_is_not():
    with pytest.raises(UnknownSubprotocol) as refused:
        choose(["bearer.secret", "graphql-ws", "x" * 100])
    assert refused.value.named == "graphql-ws"
    words = str(refused.value)
    assert "graphql-ws" in words
    assert "secret" not in words
    assert len(words) < 200


def test_a_bare_token_is_not_shown_either():
    with pytest.raises(UnknownSubprotocol) as refused:
        choose(["eyJhbGciOi.eyJzdWIi.c2ln"])
    assert "eyJzdWIi" not in str(refused.value)
