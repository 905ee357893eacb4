"""The settings, read once at start; nothing else sees the environment."""

import math
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

from environs import Env, EnvValidationError, ValidationError

_PORTS = {"http": 80, "https": 443}
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class SettingsError(Exception):
    """One or more settings are wrong; the message names each variable and says why, a line each."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(("Bad settings, see env.sample:", *lines)))


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
    dify_first_event_timeout: float = 30
    dify_idle_timeout: float = 60
    dify_total_timeout: float = 1200
    dify_max_concurrency: int = 200
    dify_max_waiting: int = 200
    dify_wait_timeout: float = 20
    dify_retry_budget: float = 8
    dify_breaker_failures: int = 5
    dify_breaker_rest: float = 20
    degrade_to_mock: bool = True
    mock_mode: bool = True
    mock_tokens_per_second: float = 25
    websocket_heartbeat_interval: float = 30
    websocket_heartbeat_timeout: float = 120
    websocket_max_size: int = 1024 * 1024
    allowed_origins: tuple[str, ...] = ()
    frame_ancestors: tuple[str, ...] = ()
    orphan_grace: float = 30
    resume_window: float = 60
    drain_timeout: float = 25
    redis_url: str = field(default="", repr=False)
    web_concurrency: int = 1
    max_connections: int = 5000
    max_content_length: int = 10_000
    log_level: str = "INFO"
    log_dir: str = "logs"

    @property
    def mode(self) -> str:
        return "mock" if self.mock_mode else "dify"

    def masked(self) -> dict[str, Any]:
        """For the log: everything but secrets, of which it says only whether they are there."""
        return asdict(self) | {name: "***" if getattr(self, name) else "" for name in ("dify_api_key", "redis_url")}


def read_settings(env_file: str = ".env") -> Settings:
    """Read the environment, and `env_file` for what the environment does not say.

    Raises SettingsError naming every bad variable.
    """
    env = Env(eager=False)
    try:
        env.read_env(env_file, recurse=False)
    except (OSError, ValueError) as error:
        raise SettingsError(f"{env_file}: cannot be read: {error}.") from None
    env.add_parser("http_url", _http_url)
    env.add_parser("redis_url", _redis_url)
    env.add_parser("level", _level)
    env.add_parser("origins", _origins)
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
        dify_first_event_timeout=env.float(
            "DIFY_FIRST_EVENT_TIMEOUT", default.dify_first_event_timeout, validate=_positive
        ),
        dify_total_timeout=env.float("DIFY_TOTAL_TIMEOUT", default.dify_total_timeout, validate=_positive),
        dify_max_concurrency=env.int("DIFY_MAX_CONCURRENCY", default.dify_max_concurrency, validate=_positive),
        dify_max_waiting=env.int("DIFY_MAX_WAITING", default.dify_max_waiting, validate=_not_negative),
        dify_wait_timeout=env.float("DIFY_WAIT_TIMEOUT", default.dify_wait_timeout, validate=_positive),
        dify_retry_budget=env.float("DIFY_RETRY_BUDGET", default.dify_retry_budget, validate=_not_negative),
        dify_breaker_failures=env.int("DIFY_BREAKER_FAILURES", default.dify_breaker_failures, validate=_positive),
        dify_breaker_rest=env.float("DIFY_BREAKER_REST", default.dify_breaker_rest, validate=_positive),
        degrade_to_mock=env.bool("DEGRADE_TO_MOCK", default.degrade_to_mock),
        mock_mode=env.bool("MOCK_MODE", not key),
        mock_tokens_per_second=env.float("MOCK_TOKENS_PER_SECOND", default.mock_tokens_per_second, validate=_positive),
        websocket_heartbeat_interval=env.float(
            "WEBSOCKET_HEARTBEAT_INTERVAL", default.websocket_heartbeat_interval, validate=_positive
        ),
        websocket_heartbeat_timeout=env.float(
            "WEBSOCKET_HEARTBEAT_TIMEOUT", default.websocket_heartbeat_timeout, validate=_positive
        ),
        websocket_max_size=env.int("WEBSOCKET_MAX_SIZE", default.websocket_max_size, validate=_positive),
        allowed_origins=env.origins("ALLOWED_ORIGINS", ""),
        frame_ancestors=env.origins("FRAME_ANCESTORS", ""),
        orphan_grace=env.float("ORPHAN_GRACE", default.orphan_grace, validate=_not_negative),
        resume_window=env.float("RESUME_WINDOW", default.resume_window, validate=_not_negative),
        drain_timeout=env.float("DRAIN_TIMEOUT", default.drain_timeout, validate=_not_negative),
        redis_url=env.redis_url("REDIS_URL", default.redis_url),
        web_concurrency=env.int("WEB_CONCURRENCY", default.web_concurrency, validate=_positive),
        max_connections=env.int("MAX_CONNECTIONS", default.max_connections, validate=_positive),
        max_content_length=env.int("MAX_CONTENT_LENGTH", default.max_content_length, validate=_positive),
        log_level=env.level("LOG_LEVEL", "DEBUG" if debug else default.log_level),
        log_dir=env.str("LOG_DIR", default.log_dir),
    )
    try:
        env.seal()
    except EnvValidationError as error:
        messages = cast(Mapping[str, list[str]], error.error_messages)
        raise SettingsError(*(f"{name}: {' '.join(words)}" for name, words in messages.items())) from None
    _check_together(settings)
    return settings


def _check_together(settings: Settings) -> None:
    if not settings.mock_mode and not settings.dify_api_key:
        raise SettingsError("DIFY_API_KEY: is needed when MOCK_MODE is off.")
    if settings.web_concurrency > 1 and not settings.redis_url:
        raise SettingsError(
            "WEB_CONCURRENCY: more than one process needs REDIS_URL, or a client that comes back finds nothing."
        )
    if settings.web_concurrency > 1 and sys.platform == "win32":
        raise SettingsError("WEB_CONCURRENCY: more than one process is not possible on Windows.")
    if settings.websocket_heartbeat_timeout <= settings.websocket_heartbeat_interval:
        raise SettingsError("WEBSOCKET_HEARTBEAT_TIMEOUT: must be longer than WEBSOCKET_HEARTBEAT_INTERVAL.")


def _positive(value: float) -> None:
    if not 0 < value < math.inf:
        raise ValidationError("Must be a number above zero.")


def _not_negative(value: float) -> None:
    if not 0 <= value < math.inf:
        raise ValidationError("Must be zero or a number above.")


def _port(value: int) -> None:
    if not 0 <= value <= 65535:  # noqa: PLR2004 - the range of TCP ports; 0 takes a free one
        raise ValidationError("Must be a port number, 0 to 65535.")


def _sendable(value: str) -> None:
    if not value.isascii() or not value.isprintable() or any(char in " '\"" for char in value):
        raise ValidationError("Has a character that no key has: look for a space, a quote or a line break.")


def _http_url(value: str) -> str:
    if _http_origin(value) is None or "?" in value or "#" in value:
        raise ValidationError("Must be a URL such as https://api.dify.ai/v1.")
    return value.rstrip("/")


def _redis_url(value: str) -> str:
    try:
        url = urlsplit(value)
        is_good = not value or (url.scheme in {"redis", "rediss", "unix"} and url.port != 0)
    except ValueError:  # brackets or a port that make no sense
        is_good = False
    if not is_good:
        raise ValidationError("Must be a URL such as redis://:password@host:6379/0.")
    return value


def _origins(value: str) -> tuple[str, ...]:
    return tuple(_origin(item.strip()) for item in value.split(",") if item.strip())


def _origin(value: str) -> str:
    value = value.rstrip("/").lower()
    origin = "*" if value == "*" else _http_origin(value)
    if origin is None or value.removeprefix(origin) not in {"", ":80", ":443"}:
        raise ValidationError(f'"{value}" is not an origin: write * or scheme://host[:port], separated by commas.')
    return origin


def _http_origin(value: str) -> str | None:
    """The origin of a URL as a browser writes it, without the scheme's own port; None for what is no http(s) URL."""
    try:
        url = urlsplit(value)
        port = url.port
    except ValueError:  # brackets or a port that make no sense
        return None
    labels = (url.hostname or "").removesuffix(".").split(".")
    if url.scheme not in _PORTS or "@" in url.netloc or not all(0 < len(label) < 64 for label in labels):  # noqa: PLR2004
        return None
    netloc = url.netloc.removesuffix(f":{port}") if port == _PORTS[url.scheme] else url.netloc
    return f"{url.scheme}://{netloc}"


def _level(value: str) -> str:
    if value.upper() not in LOG_LEVELS:
        raise ValidationError(f"Must be one of {', '.join(LOG_LEVELS)}.")
    return value.upper()
