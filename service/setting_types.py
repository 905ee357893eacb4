"""How settings are declared, and what their values may be. No I/O."""

from collections.abc import Callable, Mapping
from dataclasses import field
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from environs import ValidationError, validate

from service.admission.addresses import Networks
from service.admission.origins import http_origin

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


POSITIVE = validate.Range(min=0, min_inclusive=False, error="Must be a number above zero.")
NOT_NEGATIVE = validate.Range(min=0, error="Must be zero or a number above.")
TCP_PORT = validate.Range(min=0, max=65535, error="Must be a port number, 0 to 65535.")  # 0 takes a free one


class Declaration(NamedTuple):
    """A setting, besides its name and type.

    A `section` begins with the first setting that names it. Of a `secret` only its presence is shown. `parse` is for
    types that environs lacks. `derive` makes a default from the values read so far, `derived` says it in words.
    """

    default: Any
    meaning: str
    bounds: validate.Range | None = None
    unit: str = ""
    section: str = ""
    secret: bool = False
    parse: Callable[[str], Any] | None = None
    derive: Callable[[Mapping[str, Any]], Any] | None = None
    derived: str = ""

    @property
    def shown_default(self) -> str:
        """For tables, with its unit."""
        return self.derived or f"{'' if self.default == () else self.default} {self.unit}".strip()


def setting(default: Any, meaning: str, bounds: validate.Range | None = None, **details: Any) -> Any:
    declaration = Declaration(default, meaning, bounds, **details)
    return field(default=default, repr=not declaration.secret, metadata={"declaration": declaration})


number = partial(setting, bounds=POSITIVE)
seconds = partial(number, unit="s")


def api_key(value: str) -> str:
    if not value.isascii() or not value.isprintable() or any(char in " '\"" for char in value):
        raise ValidationError("Has a character that no key has: look for a space, a quote or a line break.")
    return value


def http_url(value: str) -> str:
    if http_origin(value) is None or "?" in value or "#" in value:
        raise ValidationError("Must be a URL such as https://api.dify.ai/v1.")
    return value.rstrip("/")


def redis_url(value: str) -> str:
    try:
        url = urlsplit(value)
        is_valid = not value or (url.scheme in {"redis", "rediss", "unix"} and url.port != 0)
    except ValueError:  # malformed brackets or port
        is_valid = False
    if not is_valid:
        raise ValidationError("Must be a URL such as redis://:password@host:6379/0.")
    return value


def origins(value: str) -> tuple[str, ...]:
    return tuple(_origin(item.strip()) for item in value.split(",") if item.strip())


def _origin(value: str) -> str:
    value = value.rstrip("/").lower()
    origin = "*" if value == "*" else http_origin(value)
    if origin is None or value.removeprefix(origin) not in {"", ":80", ":443"}:
        raise ValidationError(f'"{value}" is not an origin: write * or scheme://host[:port], separated by commas.')
    return origin


def networks(value: str) -> tuple[str, ...]:
    """As uvicorn takes them."""
    entries = tuple(item.strip() for item in value.split(",") if item.strip())
    try:
        Networks(entries)
    except ValueError as error:
        raise ValidationError(f"Must be addresses and networks (CIDR), separated by commas, or *: {error}.") from None
    return entries


def log_level(value: str) -> str:
    if value.upper() not in LOG_LEVELS:
        raise ValidationError(f"Must be one of {', '.join(LOG_LEVELS)}.")
    return value.upper()
