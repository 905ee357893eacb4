"""A provider's public keys."""

import json
from contextlib import suppress

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.admission.web_keys import ALGORITHMS, MAX_KEYS, NoKeys, fitting, read_keys
from tests.tokens import Provider, key_set

RSA, EC, ED = Provider("rsa"), Provider("ec", "ES256"), Provider("ed", "EdDSA")


def test_each_kind_of_key_has_its_algorithms():
    keys = read_keys(key_set(RSA.jwk, EC.jwk, ED.jwk, Provider("ec3", "ES384").jwk))
    assert {key.kid: min(key.algorithms) for key in keys} == {
        "rsa": "PS256", "ec": "ES256", "ed": "EdDSA", "ec3": "ES384",
    }  # fmt: skip
    assert len(keys[0].algorithms) == 6


def test_no_algorithm_takes_a_secret_or_nothing():
    assert not {name for name in ALGORITHMS if name.startswith("HS") or name == "none"}


@pytest.mark.parametrize(
    ("changes", "algorithms"),
    [
        ({"alg": "RS512"}, {"RS512"}),
        ({"key_ops": ["verify"]}, read_keys(key_set(RSA.jwk))[0].algorithms),
        ({"use": "sig", "alg": "PS256"}, {"PS256"}),
    ],
)
def test_a_key_says_what_it_is_for(changes, algorithms):
    (key,) = read_keys(key_set(RSA.jwk | changes))
    assert key.algorithms == algorithms


@pytest.mark.parametrize(
    "changes",
    [
        {"use": "enc"}, {"use": None}, {"key_ops": ["encrypt"]}, {"key_ops": "verify"}, {"alg": "RSA-OAEP"},
        {"alg": "HS256"}, {"alg": "none"}, {"alg": None}, {"alg": ["RS256"]}, {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "EC"}, {"kty": None}, {"kty": ["RSA"]}, {"d": "AQAB"}, {"n": 5}, {"n": "!"}, {"n": None}, {"e": ""},
        {"kid": 7},
    ],
)  # fmt: skip
def test_a_key_for_something_else_is_left_out(changes):
    assert [key.kid for key in read_keys(key_set(RSA.jwk | changes, EC.jwk))] == ["ec"]


@pytest.mark.parametrize("curve", ["secp256k1", "P-384", 7, None])
def test_a_key_on_another_curve_than_it_says_is_left_out(curve):
    assert [key.kid for key in read_keys(key_set(EC.jwk | {"crv": curve}, RSA.jwk))] == ["rsa"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not JSON"), (b"<html>", "not JSON"), (b"[]", "not JSON"), (b"\xff", "not JSON"),
        (b'{"keys":' + b"[" * 5000, "not JSON"), (b"{}", "no key"), (b'{"keys":{}}', "no key"),
        (b'{"keys":[]}', "no key"), (b'{"keys":[1,null,"x"]}', "no key"),
    ],
)  # fmt: skip
def test_what_is_no_key_set_is_said_so(content, words):
    with pytest.raises(NoKeys, match=words):
        read_keys(content)


def test_only_so_many_keys_are_read():
    assert len(read_keys(key_set(*[EC.jwk] * (MAX_KEYS + 5)))) == MAX_KEYS


def test_a_token_names_its_key_or_may_be_of_any():
    keys = read_keys(key_set(RSA.jwk, EC.jwk))
    assert [key.kid for key in fitting(keys, "RS256", "rsa")] == ["rsa"]
    assert [key.kid for key in fitting(keys, "RS256", None)] == ["rsa"]
    assert fitting(keys, "ES256", "rsa") == fitting(keys, "RS256", "other") == fitting(keys, "HS256", None) == []


def test_a_key_without_a_name_has_only_tokens_that_name_none():
    keys = read_keys(key_set({name: value for name, value in RSA.jwk.items() if name != "kid"}))
    assert fitting(keys, "RS256", "rsa") == []
    assert jwt.decode(RSA.token(), fitting(keys, "RS256", None)[0].key, ["RS256"], audience="chat")["sub"] == "ana"


MEMBERS = ["kty", "crv", "n", "e", "x", "y", "use", "alg", "kid", "d"]
ANY = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=4)


@given(st.sampled_from([RSA, EC, ED]), st.dictionaries(st.sampled_from(MEMBERS), ANY))
def test_no_key_set_raises_anything_else(provider, changes):
    with suppress(NoKeys):
        read_keys(json.dumps({"keys": [provider.jwk | changes]}).encode())
