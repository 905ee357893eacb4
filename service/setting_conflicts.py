"""Settings that contradict each other, or lack another one. No I/O."""

from collections.abc import Iterator
from typing import Protocol


class AuthSettings(Protocol):
    """The part of Settings that says who may ask."""

    @property
    def auth_jwt_secret(self) -> str: ...
    @property
    def auth_jwks_url(self) -> str: ...
    @property
    def auth_jwt_audience(self) -> str: ...
    @property
    def auth_jwt_issuer(self) -> str: ...
    @property
    def auth_header(self) -> str: ...
    @property
    def auth_proxy_ips(self) -> tuple[str, ...]: ...


def auth_conflicts(settings: AuthSettings) -> Iterator[str]:
    """A line for each, which begins with the name of the variable."""
    takes_tokens = settings.auth_jwt_secret or settings.auth_jwks_url
    if settings.auth_jwt_secret and settings.auth_jwks_url:
        yield "AUTH_JWT_SECRET: cannot be combined with AUTH_JWKS_URL: tokens are signed in one way."
    if settings.auth_header and takes_tokens:
        yield "AUTH_HEADER: cannot be combined with AUTH_JWT_SECRET or AUTH_JWKS_URL."
    if settings.auth_jwks_url and not settings.auth_jwt_audience:
        yield "AUTH_JWT_AUDIENCE: is needed with AUTH_JWKS_URL, or the provider's tokens for other apps would do."
    if settings.auth_jwt_audience and not takes_tokens:
        yield "AUTH_JWT_AUDIENCE: means nothing without AUTH_JWT_SECRET or AUTH_JWKS_URL."
    if settings.auth_jwt_issuer and not takes_tokens:
        yield "AUTH_JWT_ISSUER: means nothing without AUTH_JWT_SECRET or AUTH_JWKS_URL."
    if settings.auth_header and not settings.auth_proxy_ips:
        yield "AUTH_PROXY_IPS: is needed with AUTH_HEADER, which anybody could send."
    if settings.auth_proxy_ips and not settings.auth_header:
        yield "AUTH_PROXY_IPS: means nothing without AUTH_HEADER."
