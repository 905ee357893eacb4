"""Whose something is: the holder of a token."""

import pytest

from service.chat.client_identity import Origin, client_key, is_token, new_name, new_token, owner_of

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
    made_by_older_versions = "3eb1bd439947eb762998e566ccc2e099"  # files at Dify are its own
    assert owner_of(TOKEN) == (made_by_older_versions, made_by_older_versions)


def test_who_proves_to_be_somebody_is_that_user_and_turns_take_the_same_token_too():
    owners = [owner_of(token, subject) for token in (TOKEN, TOKEN[::-1]) for subject in (None, "ann", "ben")]
    assert [owner.user for owner in owners] == [owners[0].user, "ann", "ben", owners[3].user, "ann", "ben"]
    assert len({owner.key for owner in owners}) == len(owners)


def test_names_are_never_the_same_either():
    names = {new_name() for _ in range(100)}
    assert {len(name) for name in names} == {16}
    assert len(names) == 100


def test_a_client_is_an_owner_under_an_id():
    ann, ben = owner_of(TOKEN, "ann"), owner_of(TOKEN, "ben")
    keys = {client_key(owner, name) for owner in (ann, ben) for name in ("bed-7", "bed-8")}
    assert len(keys) == 4
    assert client_key(ann, "bed-7") in keys


def test_a_question_counts_to_its_address_or_to_its_connection():
    assert Origin("c1").holder == "c1"
    assert Origin("c1", "192.0.2.7").holder == "192.0.2.7"
