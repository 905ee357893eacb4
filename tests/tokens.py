"""Users' tokens, as an operator's server or an identity provider signs them."""

import json
import time

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

SECRET = "a secret of tests, of more than thirty-two bytes, of sixty-four even"


def claims(sub="ana", lifetime=300, **others):
    """None leaves a claim out."""
    all_claims = {"sub": sub, "exp": int(time.time()) + lifetime, **others}
    return {name: value for name, value in all_claims.items() if value is not None}


def token(sub="ana", lifetime=300, *, key=SECRET, algorithm="HS256", headers=None, **others):
    return jwt.encode(claims(sub, lifetime, **others), key, algorithm, headers)


def bearer(sub="ana", **others):
    return {"Authorization": f"Bearer {token(sub, **others)}"}


class Provider:
    """An identity provider's key: what it signs with, and what it shows."""

    def __init__(self, kid="k1", algorithm="RS256", **shown):
        self.kid = kid
        self.algorithm = algorithm
        self.key, kind = _new_key(algorithm)
        self.jwk = json.loads(kind.to_jwk(self.key.public_key())) | {"kid": kid, "use": "sig", **shown}

    def token(self, sub="ana", lifetime=300, **others):
        options = {"aud": "chat", "headers": {"kid": self.kid}, "algorithm": self.algorithm} | others
        return token(sub, lifetime, key=self.key, **options)


def _new_key(algorithm):
    match algorithm:
        case "EdDSA":
            return ed25519.Ed25519PrivateKey.generate(), OKPAlgorithm
        case "ES256":
            return ec.generate_private_key(ec.SECP256R1()), ECAlgorithm
        case "ES384":
            return ec.generate_private_key(ec.SECP384R1()), ECAlgorithm
        case _:
            return rsa.generate_private_key(public_exponent=65537, key_size=2048), RSAAlgorithm


def key_set(*jwks):
    return json.dumps({"keys": jwks}).encode()
