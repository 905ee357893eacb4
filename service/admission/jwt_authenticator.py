"""AUTH_JWT_SECRET and AUTH_JWKS_URL: users prove who they are by a JWT (RFC 7519, checked as RFC 8725 says).

PyJWT is imported when a token comes: with cryptography it takes memory that services without users do not have to pay.
"""

from typing import TYPE_CHECKING, Any, Protocol

from service.admission.authentication import Reason, Scope, Unauthenticated
from service.admission.bearer_tokens import bearer_token, is_by_subprotocol
from service.admission.caller import Principal
from service.admission.claims import BadClaims, principal_of

if TYPE_CHECKING:
    from jwt.types import Options

LEEWAY_SECONDS = 30
"""Clocks differ."""
MAX_TOKEN_CHARACTERS = 16_384


class Keys(Protocol):
    """`algorithms` are fixed by the setting, not by what a token says."""

    @property
    def algorithms(self) -> frozenset[str]: ...

    async def find(self, algorithm: str, kid: str | None) -> Any:
        """Raises Unauthenticated."""

    async def refresh(self) -> None: ...

    async def close(self) -> None: ...


class Secret:
    """The key of AUTH_JWT_SECRET. HS384 takes a secret of 48 bytes, HS512 one of 64 (RFC 7518, 3.2)."""

    algorithms = frozenset(("HS256", "HS384", "HS512"))

    def __init__(self, secret: str) -> None:
        self._secret = secret

    async def find(self, algorithm: str, kid: str | None) -> str:
        return self._secret

    async def refresh(self) -> None:
        pass

    async def close(self) -> None:
        pass


class JwtAuthenticator:
    """`audience` and `issuer` are checked unless they are empty."""

    def __init__(self, keys: Keys, audience: str, issuer: str) -> None:
        self._keys = keys
        self._audience = audience or None
        self._issuer = issuer or None
        self._options: Options = {
            "require": ["exp", "sub"],
            "verify_aud": bool(audience),
            "enforce_minimum_key_length": True,
        }

    @property
    def tokens(self) -> "JwtAuthenticator":
        return self

    async def identify(self, scope: Scope) -> Principal | None:
        if (token := bearer_token(scope)) is None:
            return None
        try:
            return await self.verify(token)
        except Unauthenticated as error:
            error.by_close = is_by_subprotocol(scope)
            raise

    async def verify(self, token: str) -> Principal:
        from jwt import ExpiredSignatureError, PyJWTError  # noqa: PLC0415 - costs memory

        if len(token) > MAX_TOKEN_CHARACTERS or not token.isascii():
            raise Unauthenticated(Reason.INVALID, f"not up to {MAX_TOKEN_CHARACTERS} ASCII characters")
        try:
            return principal_of(await self._claims(token))
        except ExpiredSignatureError:
            raise Unauthenticated(Reason.EXPIRED, "it has expired") from None
        except (PyJWTError, BadClaims) as error:
            raise Unauthenticated(Reason.INVALID, str(error)[:200]) from None

    async def _claims(self, token: str) -> dict[str, Any]:
        """Raises Unauthenticated, and PyJWT's errors."""
        import jwt  # noqa: PLC0415 - costs memory

        header = jwt.get_unverified_header(token)
        algorithm = header.get("alg")
        if not isinstance(algorithm, str) or algorithm not in self._keys.algorithms:
            raise Unauthenticated(
                Reason.INVALID, f"the algorithm is none of {', '.join(sorted(self._keys.algorithms))}"
            )
        key = await self._keys.find(algorithm, header.get("kid"))
        return jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            options=self._options,
            audience=self._audience,
            issuer=self._issuer,
            leeway=LEEWAY_SECONDS,
        )

    async def start(self) -> None:
        await self._keys.refresh()

    async def close(self) -> None:
        await self._keys.close()
