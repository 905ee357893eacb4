"""Whose something is: the holder of a token."""

import pytest

from service.chat.client_identity import is_token, new_token, user_of

TOKEN = "0123456789abcdef" * 2


def test_tokens_are_128_bits_and_never_the_same():
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(is_token(token) for token in tokens)


@pytest.mark.parametrize(
    "text", ["", TOKEN[1:], TOKEN + "0", TOKEN.upper(), TOKEN[:-1] + "g", TOKEN + "\n", " " + TOKEN]
)
def test_anything_else_is_no_token(text):
    assert not is_token(text)


def test_a_holder_is_always_the_same_user_and_the_user_does_not_tell_the_token():
    assert user_of(TOKEN) == "3eb1bd439947eb762998e566ccc2e099"  # what an older version made of it: files are its own
