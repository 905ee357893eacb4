"""Settings that contradict each other, or lack another one. No I/O."""

import sys
from collections.abc import Iterator

from service.settings import Settings


def conflicts_of(settings: Settings) -> Iterator[str]:
    """A line for each, which begins with the name of the variable."""
    yield from _service_conflicts(settings)
    yield from _auth_conflicts(settings)


def _service_conflicts(settings: Settings) -> Iterator[str]:
    if not settings.mock_mode and not settings.dify_api_key:
        yield "DIFY_API_KEY: is needed when MOCK_MODE is off."
    if settings.web_concurrency > 1 and not settings.redis_url:
        yield "WEB_CONCURRENCY: more than one process needs REDIS_URL, or a client that comes back finds nothing."
    if settings.web_concurrency > 1 and sys.platform == "win32":
        yield "WEB_CONCURRENCY: more than one process is not possible on Windows."
    if settings.websocket_heartbeat_timeout <= settings.websocket_heartbeat_interval:
        yield "WEBSOCKET_HEARTBEAT_TIMEOUT: must be longer than WEBSOCKET_HEARTBEAT_INTERVAL."


def _auth_conflicts(settings: Settings) -> Iterator[str]:
    if settings.auth_jwt_secret and settings.auth_jwks_url:
        yield "AUTH_JWT_SECRET: cannot be combined with AUTH_JWKS_URL: tokens are signed in one way."
    if settings.auth_header and settings.takes_tokens:
        yield "AUTH_HEADER: cannot be combined with AUTH_JWT_SECRET or AUTH_JWKS_URL."
    if settings.auth_jwks_url and not settings.auth_jwt_audience:
        yield "AUTH_JWT_AUDIENCE: is needed with AUTH_JWKS_URL, or the provider's tokens for other apps would do."
    if settings.auth_jwt_audience and not settings.takes_tokens:
        yield "AUTH_JWT_AUDIENCE: means nothing without AUTH_JWT_SECRET or AUTH_JWKS_URL."
    if settings.auth_jwt_issuer and not settings.takes_tokens:
        yield "AUTH_JWT_ISSUER: means nothing without AUTH_JWT_SECRET or AUTH_JWKS_URL."
    if settings.auth_header and not settings.auth_proxy_ips:
        yield "AUTH_PROXY_IPS: is needed with AUTH_HEADER, which anybody could send."
    if settings.auth_proxy_ips and not settings.auth_header:
        yield "AUTH_PROXY_IPS: means nothing without AUTH_HEADER."
