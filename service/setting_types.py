"""How settings are declared, and what their values may be. No I/O."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import field
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from environs import ValidationError, validate

from service.admission.addresses import Networks
from service.admission.hosts import canonical_pattern
from service.admission.origins import csp_source, http_origin, parse_origin
from service.answers.speech_engine import SpeechEngine
from service.outbound import is_near

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
MIN_SECRET_BYTES = 32
"""Of an HMAC key (RFC 7518, 3.2: HS256)."""
MIN_TOKEN_CHARACTERS = 16
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]*\Z")
_OTHERS_HEADERS = re.compile(
    r"authorization|connection|cookie|forwarded|host|origin|referer|te|upgrade|user-agent|via|"
    r"(accept|access-control|content|if|sec|transfer)(-.*)?|x-(client|real)-ip|x-forwarded-(by|for|host|port|proto)",
    re.IGNORECASE,
)
"""What clients write, or proxies by other means than a login."""
_KEY_FILES = ("-----BEGIN", "ssh-")
_WITH_PORT = re.compile(r"([^:]+|\[.+\]):\d{1,5}")
_NO_ORIGIN = (
    "is not an origin: write * or scheme://host[:port], without a path, or *. before a name of two parts at least; "
    "separated by commas."
)
_NO_FRAME_SOURCE = f"{_NO_ORIGIN.removesuffix('.')}. Neither null nor an IPv6 address can show a frame."
_NO_HOST = "is not a host name: write chat.example.com, *.example.com or *, separated by commas."


MAX_COUNT, MAX_SECONDS, MAX_PROCESSES = 10**12, 10**9, 256
POSITIVE = validate.Range(
    min=0, min_inclusive=False, max=MAX_COUNT, error=f"Must be a number above zero, up to {MAX_COUNT}."
)
NOT_NEGATIVE = validate.Range(min=0, max=MAX_COUNT, error=f"Must be zero or a number above, up to {MAX_COUNT}.")
DURATION = validate.Range(
    min=0, min_inclusive=False, max=MAX_SECONDS, error=f"Must be a number above zero, up to {MAX_SECONDS}."
)
DURATION_OR_ZERO = validate.Range(min=0, max=MAX_SECONDS, error=f"Must be zero or a number above, up to {MAX_SECONDS}.")
PROCESSES = validate.Range(min=1, max=MAX_PROCESSES, error=f"Must be a number from 1 to {MAX_PROCESSES}.")
TCP_PORT = validate.Range(min=0, max=65535, error="Must be a port number, 0 to 65535.")  # 0 takes a free one


def is_text(value: str) -> None:
    """Bytes of the environment that are no UTF-8 come as surrogates (PEP 383), which nothing can write out again."""
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        raise ValidationError("Has bytes that are no UTF-8.")
    if "\0" in value:
        raise ValidationError("Has a NUL character.")


def is_one_line(value: str) -> None:
    is_text(value)
    if any(char < " " or char == "\x7f" for char in value):
        raise ValidationError("Has a control character, such as a line break or a tab.")


class Declaration(NamedTuple):
    """A setting, besides its name and type.

    A `section` begins with the first setting that names it. Of a `secret` only its presence is shown. `parse` is for
    types that environs lacks. One `of_many_lines` may have control characters. `derive` makes a default from the values
    read so far, `derived` says it in words.
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
    of_many_lines: bool = False

    @property
    def shown_default(self) -> str:
        """For tables, with its unit."""
        return self.derived or f"{'' if self.default == () else self.default} {self.unit}".strip()


def setting(default: Any, meaning: str, bounds: validate.Range | None = None, **details: Any) -> Any:
    declaration = Declaration(default, meaning, bounds, **details)
    return field(default=default, repr=not declaration.secret, metadata={"declaration": declaration})


number = partial(setting, bounds=POSITIVE)
limit = partial(setting, bounds=NOT_NEGATIVE)
seconds = partial(setting, bounds=DURATION, unit="s")


def api_key(value: str) -> str:
    if not value.isascii() or not value.isprintable() or any(char in " '\"" for char in value):
        raise ValidationError("Has a character that no key has: look for a space, a quote or a line break.")
    return value


def http_url(value: str) -> str:
    if http_origin(value) is None or "?" in value or "#" in value or not _is_written_well(value):
        raise ValidationError("Must be a URL such as https://api.dify.ai/v1, without a blank.")
    return value.rstrip("/")


def jwt_secret(value: str) -> str:
    if value and len(value.encode(errors="replace")) < MIN_SECRET_BYTES:
        raise ValidationError(f"Must have {MIN_SECRET_BYTES} bytes or more: openssl rand -hex 32 makes a good one.")
    if value.startswith(_KEY_FILES):
        raise ValidationError("Is a public key, which everybody may know: give the provider's AUTH_JWKS_URL.")
    return value


def operator_token(value: str) -> str:
    """As it can stand in `Authorization: Bearer`."""
    if value and len(value) < MIN_TOKEN_CHARACTERS:
        raise ValidationError(f"Must have {MIN_TOKEN_CHARACTERS} characters or more: openssl rand -hex 32 makes one.")
    if not value.isascii() or not value.isprintable() or any(char in " '\"" for char in value):
        raise ValidationError("Has a character that no token has: look for a space, a quote or a line break.")
    return value


def jwks_url(value: str) -> str:
    if value and (http_origin(value) is None or "#" in value or not _is_written_well(value)):
        raise ValidationError("Must be a URL such as https://login.example.com/keys.")
    url = urlsplit(value)
    if url.scheme == "http" and not is_near(url.hostname or ""):
        raise ValidationError("Must begin with https://, or anybody on the way could put in keys of their own.")
    return value


def proxy_url(value: str) -> str:
    """Its words show nothing of the value, which may hold a password."""
    try:
        url = urlsplit(value)
        origin = http_origin(f"{url.scheme}://{url.netloc.rpartition('@')[2]}")
        is_valid = not value or (origin is not None and url.port != 0 and url.path in {"", "/"} and not url.query)
    except ValueError:  # malformed brackets or port
        is_valid = False
    if "#" in value:
        raise ValidationError("Has a # in it: write it as %23.")
    if not is_valid or not _is_written_well(value):
        raise ValidationError("Must be a URL such as http://user:password@proxy.example.com:3128.")
    return value


def _is_written_well(url: str) -> bool:
    """Without blanks, control characters and backslashes, which some parsers drop and others do not."""
    return url.isprintable() and " " not in url and "\\" not in url


def header_name(value: str) -> str:
    if not _HEADER_NAME.match(value) or _OTHERS_HEADERS.fullmatch(value):
        raise ValidationError("Must be the name of a header of the proxy's own, such as X-Forwarded-User.")
    return value


def proxies(value: str) -> tuple[str, ...]:
    """Addresses and networks (CIDR)."""
    return tuple(_proxy(item.strip()) for item in value.split(",") if item.strip())


def _proxy(value: str) -> str:
    try:
        network = ipaddress.ip_network(value)
    except ValueError:
        raise ValidationError(f'"{value}" is no address and no network such as 10.0.0.0/8.') from None
    if network.prefixlen == 0:
        raise ValidationError(f'"{value}" is everybody: name the proxies.')
    return value


def origins(value: str) -> tuple[str, ...]:
    return tuple(_read(item, parse_origin, _NO_ORIGIN) for item in _items(value))


def frame_sources(value: str) -> tuple[str, ...]:
    return tuple(_read(item, lambda it: csp_source(parse_origin(it)), _NO_FRAME_SOURCE) for item in _items(value))


def hosts(value: str) -> tuple[str, ...]:
    """Without ports: names count, whatever the port."""
    return tuple("*" if item == "*" else _read(item, _host, _NO_HOST) for item in _items(value))


def _host(item: str) -> str:
    match = _WITH_PORT.fullmatch(item)
    return canonical_pattern((match[1] if match else item).removesuffix("."))


def _items(value: str) -> list[str]:
    return [item.strip() for item in value.split(",") if item.strip()]


def _read(item: str, parse: Callable[[str], str], words: str) -> str:
    try:
        return parse(item)
    except ValueError:
        raise ValidationError(f'"{item}" {words}') from None


def networks(value: str) -> tuple[str, ...]:
    """As uvicorn takes them."""
    entries = tuple(item.strip() for item in value.split(",") if item.strip())
    try:
        Networks(entries)
    except ValueError as error:
        raise ValidationError(f"Must be addresses and networks (CIDR), separated by commas, or *: {error}.") from None
    return entries


def speech_engine(value: str) -> str:
    if value.lower() not in set(SpeechEngine):
        raise ValidationError(f"Must be one of {', '.join(SpeechEngine)}.")
    return value.lower()


def log_level(value: str) -> str:
    if value.upper() not in LOG_LEVELS:
        raise ValidationError(f"Must be one of {', '.join(LOG_LEVELS)}.")
    return value.upper()
