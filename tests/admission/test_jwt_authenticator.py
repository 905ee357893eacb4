"""Users' tokens, true and false ones."""

import base64
import json

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from service.admission.authentication import Reason, Unauthenticated
from service.admission.caller import UserLimits
from service.admission.jwt_authenticator import MAX_TOKEN_CHARACTERS, JwtAuthenticator, Secret
from service.admission.web_keys import ALGORITHMS, fitting, read_keys
from tests.tokens import SECRET, Provider, claims, key_set, token

RSA, EC, ED = Provider("rsa"), Provider("ec", "ES256"), Provider("ed", "EdDSA")
ISSUER = "https://login.example.com"


class Shown:
    """Keys that are known already."""

    algorithms = ALGORITHMS

    def __init__(self, *jwks):
        self.keys = read_keys(key_set(*jwks))

    async def find(self, algorithm, kid):
        if not (found := fitting(self.keys, algorithm, kid)):
            raise Unauthenticated(Reason.INVALID, "no key")
        return found[0].key


BY_SECRET = JwtAuthenticator(Secret(SECRET), "", "")
BY_KEYS = JwtAuthenticator(Shown(RSA.jwk, EC.jwk, ED.jwk), "chat", "")


async def refused(authenticator, text, reason="token_invalid"):
    with pytest.raises(Unauthenticated) as caught:
        await authenticator.verify(text)
    assert caught.value.reason == reason
    assert len(text) < 20 or text[:20] not in caught.value.why
    return caught.value.why


def unsigned(header, payload=None):
    parts = [json.dumps(part).encode() for part in (header, payload or claims(aud="chat"))]
    return b".".join([*(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts), b""]).decode()


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
async def test_a_secret_signs(algorithm):
    principal = await BY_SECRET.verify(token("ana", algorithm=algorithm, dify_live={"answers_at_once": 2}))
    assert (principal.subject, principal.limits) == ("ana", UserLimits(answers_at_once=2))


@pytest.mark.parametrize("provider", [RSA, EC, ED])
async def test_a_provider_s_key_signs(provider):
    assert (await BY_KEYS.verify(provider.token())).subject == "ana"


async def test_an_rsa_key_signs_in_either_way():
    assert (await BY_KEYS.verify(RSA.token(algorithm="PS512"))).subject == "ana"


async def test_a_short_secret_signs_no_longer_hash_than_it_has_bytes():
    short = JwtAuthenticator(Secret("x" * 32), "", "")
    assert (await short.verify(token(key="x" * 32))).subject == "ana"
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        too_long = token(key="x" * 32, algorithm="HS512")
    assert "bytes" in await refused(short, too_long)


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "NONE", "nOnE", "", None, ["HS256"], 7, "HS1", "RS256", "ES256K"]
)
async def test_no_other_algorithm_will_do_with_a_secret(algorithm):
    await refused(BY_SECRET, unsigned({"alg": algorithm, "typ": "JWT"}))


@pytest.mark.parametrize("algorithm", ["none", "HS256", "HS512", None])
async def test_nor_with_keys(algorithm):
    await refused(BY_KEYS, unsigned({"alg": algorithm, "kid": "rsa"}))


async def test_a_public_key_is_no_secret():
    """RFC 8725, 2.1: else whoever has read the public key could sign."""
    pem = RSA.key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    for secret in (pem, json.dumps(RSA.jwk).encode(), RSA.jwk["n"].encode()):
        signed = f"{unsigned({'alg': 'HS256', 'kid': 'rsa'}).rpartition('.')[0]}"
        signature = base64.urlsafe_b64encode(jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
            signed.encode(), secret)).rstrip(b"=").decode()  # fmt: skip
        await refused(BY_KEYS, f"{signed}.{signature}")


@pytest.mark.parametrize("kid", ["../../dev/null", "ec", "' OR 1=1", "", 7, None, ["rsa"], {"kid": "rsa"}, "x" * 9000])
async def test_naming_another_key_helps_nobody(kid):
    forged = Provider("rsa")
    headers = unsigned({"alg": "RS256", "kid": kid}).split(".")[0]
    await refused(BY_KEYS, f"{headers}.{forged.token().split('.', 1)[1]}")


@pytest.mark.parametrize("header", ["jwk", "jku", "x5u", "x5c"])
async def test_keys_that_a_token_brings_along_are_not_looked_at(header):
    forged = Provider("rsa")
    shown = {"jwk": forged.jwk, "jku": "http://127.0.0.1:1/keys", "x5u": "http://127.0.0.1:1/x", "x5c": ["MII="]}
    why = await refused(BY_KEYS, forged.token(headers={"kid": "rsa", header: shown[header]}))
    assert why == "Signature verification failed"


@pytest.mark.parametrize(
    "extension", [{"crit": ["exp"]}, {"crit": ["b64"], "b64": False}, {"crit": []}, {"b64": False}]
)
async def test_extensions_that_are_not_known_are_refused(extension):
    _, payload, signature = token().split(".")
    await refused(BY_SECRET, f"{unsigned({'alg': 'HS256', **extension}).split('.')[0]}.{payload}.{signature}")


async def test_a_small_rsa_key_signs_nothing(monkeypatch):
    small = Provider("small")
    small.key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    small.jwk |= json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(small.key.public_key()))
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        signed = small.token()
    assert "bits" in await refused(JwtAuthenticator(Shown(small.jwk), "chat", ""), signed)


@pytest.mark.parametrize("lifetime", [-29, 1, 10**12])
async def test_clocks_may_differ_by_half_a_minute(lifetime):
    assert (await BY_SECRET.verify(token(lifetime=lifetime))).subject == "ana"


async def test_an_expired_token_is_told_so_only_if_it_was_true_once():
    assert await refused(BY_SECRET, token(lifetime=-31), "token_expired") == "it has expired"
    await refused(BY_SECRET, token(lifetime=-31, key="another secret of more than thirty-two bytes"))
    await refused(BY_SECRET, token(sub=None, lifetime=-31))


@pytest.mark.parametrize("claim", ["nbf", "iat"])
async def test_a_token_of_the_future_is_refused(claim):
    soon, later = (claims(lifetime=seconds)["exp"] for seconds in (20, 60))
    assert (await BY_SECRET.verify(token(**{claim: soon}))).subject == "ana"
    assert claim in await refused(BY_SECRET, token(**{claim: later}))


@pytest.mark.parametrize("changes", [{"exp": None}, {"sub": None}, {"exp": "soon"}, {"exp": [1]}, {"exp": float("nan")},
                                     {"exp": float("inf")}, {"nbf": "x"}, {"iat": {}}, {"sub": 7}, {"sub": ""},
                                     {"sub": "a\nb"}, {"sub": "x" * 256}, {"dify_live": {"inputs": 1}},
                                     {"jti": 7}])  # fmt: skip
async def test_claims_that_are_missing_or_odd_are_refused(changes):
    await refused(BY_SECRET, token(**changes))


@pytest.mark.parametrize(
    ("aud", "is_taken"),
    [("chat", True), (["other", "chat"], True), ("other", False), (["other"], False), ("chat ", False), (None, False),
     ("", False), ([], False), ({"chat": 1}, False), (["chat", 7], False), ("chatty", False)],
)  # fmt: skip
async def test_a_token_for_another_app_is_none_for_this_one(aud, is_taken):
    for authenticator, text in (
        (BY_KEYS, RSA.token(aud=aud)),
        (JwtAuthenticator(Secret(SECRET), "chat", ""), token(aud=aud)),
    ):
        if is_taken:
            assert (await authenticator.verify(text)).subject == "ana"
        else:
            await refused(authenticator, text)


@pytest.mark.parametrize(("iss", "is_taken"), [(ISSUER, True), (f"{ISSUER}/", False), (None, False), ("", False)])
async def test_the_issuer_must_be_the_one_of_the_settings(iss, is_taken):
    authenticator = JwtAuthenticator(Secret(SECRET), "", ISSUER)
    if is_taken:
        assert (await authenticator.verify(token(iss=iss))).subject == "ana"
    else:
        await refused(authenticator, token(iss=iss))


async def test_without_settings_for_them_audience_and_issuer_are_not_looked_at():
    assert (await BY_SECRET.verify(token(aud="other", iss="other"))).subject == "ana"


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "a.b", "a.b.c", "é.b.c", "\ud800", "a" * (MAX_TOKEN_CHARACTERS + 1), "e30.e30.", "W10.W10.W10"],
)
async def test_what_is_no_token_is_refused(text):
    await refused(BY_SECRET, text)


async def test_a_huge_token_is_refused_before_it_is_decoded(monkeypatch):
    huge = token(name="x" * MAX_TOKEN_CHARACTERS)
    monkeypatch.setattr(jwt, "get_unverified_header", None)
    await refused(BY_SECRET, huge)


@given(st.text(max_size=60) | st.lists(st.binary(max_size=20), min_size=3, max_size=3).map(
    lambda parts: b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts).decode()))  # fmt: skip
async def test_no_text_raises_anything_else(text):
    await refused(BY_SECRET, text)


ODD = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text()) | st.sampled_from(["RS256", "rsa"])


@given(st.dictionaries(st.sampled_from(["alg", "kid", "crit", "b64", "typ", "zip", "cty"]), ODD))
async def test_no_header_raises_anything_else(header):
    await refused(BY_KEYS, unsigned(header) + "AAAA")


async def test_a_changed_byte_is_noticed():
    good = token()
    for place in range(0, len(good), 7):
        changed = good[:place] + ("A" if good[place] != "A" else "B") + good[place + 1 :]
        with pytest.raises(Unauthenticated):
            await BY_SECRET.verify(changed)


async def test_a_request_s_head_is_enough():
    head = {"headers": [(b"authorization", f"Bearer {token()}".encode())]}
    assert (await BY_SECRET.identify(head)).subject == "ana"
    assert await BY_SECRET.identify({"headers": []}) is None


@pytest.mark.parametrize("by_close", [True, False])
async def test_a_page_is_told_by_a_close_code(by_close):
    bad = "bearer.a.b.c" if by_close else "x"
    head = {"headers": [] if by_close else [(b"authorization", b"Bearer a.b.c")], "subprotocols": [bad]}
    with pytest.raises(Unauthenticated) as caught:
        await BY_SECRET.identify(head)
    assert caught.value.by_close is by_close


async def test_it_is_its_own_tokens_and_starts_and_ends_with_its_keys():
    assert BY_SECRET.tokens is BY_SECRET
    await BY_SECRET.start()
    await BY_SECRET.close()
