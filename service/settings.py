"""The settings, read once at start; nothing else sees the environment."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

from environs import Env, EnvValidationError, ValidationError

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class SettingsError(Exception):
    """One or more settings are wrong; the message names each variable and says why, a line each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What `env.sample` documents. Durations are seconds, sizes bytes unless said otherwise."""

    app_name: str = "Dify Live"
    debug: bool = False
    host: str = "0.0.0.0"  # noqa: S104 - a dyno's or sidecar's router reaches the service from outside
    port: int = 8000
    reload: bool = False
    dify_api_url: str = "https://api.dify.ai/v1"
    dify_api_key: str = field(default="", repr=False)
    dify_connect_timeout: float = 5
    dify_idle_timeout: float = 60
    mock_mode: bool = True
    websocket_heartbeat_interval: float = 30
    websocket_heartbeat_timeout: float = 120
    websocket_max_size: int = 1024 * 1024
    allowed_origins: tuple[str, ...] = ()
    max_connections: int = 5000
    max_content_length: int = 10_000
    log_level: str = "INFO"
    log_dir: str = "logs"

    @property
    def mode(self) -> str:
        return "mock" if self.mock_mode else "dify"

    def masked(self) -> dict[str, Any]:
        """For the log: everything but secrets, of which it says only whether they are there."""
        return asdict(self) | {"dify_api_key": "***" if self.dify_api_key else ""}


def read_settings(env_file: str = ".env") -> Settings:
    """Read the environment, and `env_file` for what the environment does not say.

    Raises SettingsError naming every bad variable.
    """
    env = Env(eager=False)
    env.read_env(env_file, recurse=False)
    env.add_parser("http_url", _http_url)
    env.add_parser("level", _level)
    default = Settings()
    key = env.str("DIFY_API_KEY", default.dify_api_key, validate=_sendable)
    debug = env.bool("DEBUG", default.debug)
    settings = Settings(
        app_name=env.str("APP_NAME", default.app_name),
        debug=debug,
        host=env.str("HOST", default.host),
        port=env.int("PORT", default.port, validate=_port),
        reload=env.bool("RELOAD", default.reload),
        dify_api_url=env.http_url("DIFY_API_URL", default.dify_api_url),
        dify_api_key=key,
        dify_connect_timeout=env.float("DIFY_CONNECT_TIMEOUT", default.dify_connect_timeout, validate=_positive),
        dify_idle_timeout=env.float("DIFY_IDLE_TIMEOUT", default.dify_idle_timeout, validate=_positive),
        mock_mode=env.bool("MOCK_MODE", not key),
        websocket_heartbeat_interval=env.float(
            "WEBSOCKET_HEARTBEAT_INTERVAL", default.websocket_heartbeat_interval, validate=_positive
        ),
        websocket_heartbeat_timeout=env.float(
            "WEBSOCKET_HEARTBEAT_TIMEOUT", default.websocket_heartbeat_timeout, validate=_positive
        ),
        websocket_max_size=env.int("WEBSOCKET_MAX_SIZE", default.websocket_max_size, validate=_positive),
        allowed_origins=tuple(env.list("ALLOWED_ORIGINS", [], subcast=_origin) or ()),
        max_connections=env.int("MAX_CONNECTIONS", default.max_connections, validate=_positive),
        max_content_length=env.int("MAX_CONTENT_LENGTH", default.max_content_length, validate=_positive),
        log_level=env.level("LOG_LEVEL", "DEBUG" if debug else default.log_level),
        log_dir=env.str("LOG_DIR", default.log_dir),
    )
    try:
        env.seal()
    except EnvValidationError as error:
        raise SettingsError("\n".join(_lines(error.error_messages))) from None
    _check_together(settings)
    return settings


def _lines(errors: Any) -> Iterator[str]:
    for name, messages in errors.items():
        yield f"{name}: {' '.join(_words(messages))}"


def _words(messages: Any) -> list[str]:
    """Flatten what environs reports: a list of words, or for a list setting words by the index of the item."""
    if isinstance(messages, Mapping):
        return [word for value in messages.values() for word in _words(value)]
    if isinstance(messages, list):
        return [word for value in messages for word in _words(value)]
    return [str(messages)]


def _check_together(settings: Settings) -> None:
    if not settings.mock_mode and not settings.dify_api_key:
        raise SettingsError("DIFY_API_KEY: is needed when MOCK_MODE is off.")
    if settings.websocket_heartbeat_timeout <= settings.websocket_heartbeat_interval:
        raise SettingsError("WEBSOCKET_HEARTBEAT_TIMEOUT: must be longer than WEBSOCKET_HEARTBEAT_INTERVAL.")


def _positive(value: float) -> None:
    if not 0 < value < math.inf:
        raise ValidationError("Must be a number above zero.")


def _port(value: int) -> None:
    if not 0 <= value <= 65535:  # noqa: PLR2004 - the range of TCP ports; 0 takes a free one
        raise ValidationError("Must be a port number, 0 to 65535.")


def _sendable(value: str) -> None:
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ValidationError("Has a character that no key has: look for a space, a quote or a line break.")


def _http_url(value: str) -> str:
    url = urlsplit(value)
    if url.scheme not in {"http", "https"} or not url.hostname or url.query or url.fragment:
        raise ValidationError("Must be a URL such as https://api.dify.ai/v1.")
    return value.rstrip("/")


def _origin(value: str) -> str:
    value = value.strip().rstrip("/").lower()
    url = urlsplit(value)
    if value != "*" and (url.scheme not in {"http", "https"} or value != f"{url.scheme}://{url.netloc}"):
        raise ValidationError(f'"{value}" is not an origin: write * or scheme://host[:port], separated by commas.')
    return value


def _level(value: str) -> str:
    if value.upper() not in LOG_LEVELS:
        raise ValidationError(f"Must be one of {', '.join(LOG_LEVELS)}.")
    return value.upper()
