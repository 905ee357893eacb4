"""A provider's public keys (RFC 7517, a JWK set), and which algorithms each is for. No I/O."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

MAX_KEYS = 100
_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_BY_KIND: dict[tuple[Any, Any], tuple[str, ...]] = {
    ("RSA", None): _RSA,
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("OKP", "Ed25519"): ("EdDSA",),
    ("OKP", "Ed448"): ("EdDSA",),
}
ALGORITHMS = frozenset(name for names in _BY_KIND.values() for name in names)
"""None of them takes a secret: a public key that is used as one would let everybody sign (RFC 8725, 2.1)."""


class WebKey(NamedTuple):
    """`key` is one of cryptography's."""

    kid: str | None
    algorithms: frozenset[str]
    key: Any


class NoKeys(ValueError):
    """What came is no JWK set, or has no key that can be used."""


def read_keys(content: bytes) -> list[WebKey]:
    """Keys that are for something else, or of a kind that is not known here, are left out. Raises NoKeys."""
    try:
        found = msgspec.json.decode(content, type=dict[str, Any]).get("keys")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise NoKeys("it is not JSON") from None
    jwks = found[:MAX_KEYS] if isinstance(found, list) else []
    keys = [key for jwk in jwks if isinstance(jwk, dict) and (key := _read(jwk)) is not None]
    if not keys:
        raise NoKeys("it has no key for signatures")
    return keys


def fitting(keys: Iterable[WebKey], algorithm: str, kid: str | None) -> list[WebKey]:
    """A token without `kid` may be of any key."""
    return [key for key in keys if algorithm in key.algorithms and kid in (None, key.kid)]


def _read(jwk: dict[str, Any]) -> WebKey | None:
    from jwt import PyJWK  # noqa: PLC0415 - costs memory
    from jwt.exceptions import PyJWTError  # noqa: PLC0415

    kid, algorithms = jwk.get("kid"), _algorithms(jwk)
    if not algorithms or not isinstance(kid, str | None):
        return None
    try:
        return WebKey(kid, algorithms, PyJWK(jwk, min(algorithms)).key)
    except (PyJWTError, ValueError, TypeError, KeyError):
        return None


def _algorithms(jwk: dict[str, Any]) -> frozenset[str]:
    """By its kind, and by what it says itself that it is for (RFC 7517, 4.2 to 4.4). A private key is for nothing."""
    curve = jwk.get("crv")
    kind = (jwk.get("kty"), curve if isinstance(curve, str) else None)
    operations = jwk.get("key_ops", ["verify"])
    is_to_verify = isinstance(operations, list) and "verify" in operations and jwk.get("use", "sig") == "sig"
    if "d" in jwk or not is_to_verify or not isinstance(kind[0], str):
        return frozenset()
    possible = frozenset(_BY_KIND.get(kind, ()))
    return possible if "alg" not in jwk else possible.intersection([str(jwk["alg"])])
