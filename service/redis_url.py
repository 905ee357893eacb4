"""What REDIS_URL may be. No I/O."""

import re
from collections.abc import Callable, Mapping
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from environs import ValidationError

_SHAPE = "Must be a URL such as redis://:password@host:6379/0."
_DATABASE = re.compile(r"/?|/\d{1,4}/?", re.ASCII)
_OPTION = re.compile(r"[a-z_]{1,30}")


def _one_of(*words: str) -> Callable[[str], bool]:
    return lambda value: value.lower() in words


def _count(value: str) -> bool:
    return value.isascii() and value.isdecimal() and len(value) < 10  # noqa: PLR2004 - of any meaning


def _seconds(value: str) -> bool:
    return re.fullmatch(r"\d{1,6}(\.\d{1,6})?", value, re.ASCII) is not None and float(value) > 0


_truth = _one_of("true", "false", "yes", "no", "1", "0", "t", "f", "y", "n", "on", "off")
_OPTIONS: Mapping[str, Callable[[str], bool]] = {
    "db": _count,
    "username": bool,
    "password": bool,
    "client_name": bool,
    "socket_timeout": _seconds,
    "socket_connect_timeout": _seconds,
    "health_check_interval": _count,
    "max_connections": lambda value: _count(value) and int(value) > 0,
    "timeout": _seconds,
    "protocol": _one_of("2", "3"),
}
"""Of redis-py's `from_url`, what can be said in words and makes sense here."""
_TCP_OPTIONS: Mapping[str, Callable[[str], bool]] = {"socket_keepalive": _truth}
_TLS_OPTIONS: Mapping[str, Callable[[str], bool]] = {
    "ssl_cert_reqs": _one_of("none", "optional", "required"),
    "ssl_check_hostname": _truth,
    "ssl_ca_certs": bool,
    "ssl_ca_path": bool,
    "ssl_ca_data": bool,
    "ssl_certfile": bool,
    "ssl_keyfile": bool,
    "ssl_password": bool,
    "ssl_ciphers": bool,
    "ssl_min_version": _count,
}
_OPTIONS_BY_SCHEME = {
    "redis": {**_OPTIONS, **_TCP_OPTIONS},
    "rediss": {**_OPTIONS, **_TCP_OPTIONS, **_TLS_OPTIONS},
    "unix": _OPTIONS,
}


def redis_url(value: str) -> str:
    """Raises ValidationError, whose words show nothing of a password, also of one that was written wrongly."""
    if "#" in value:
        raise ValidationError("Has a # in it: in a password write it as %23.")
    try:
        url = urlsplit(value)
        is_valid = not value or (url.scheme in _OPTIONS_BY_SCHEME and url.port != 0)
    except ValueError:  # malformed brackets or port
        is_valid = False
    if not is_valid or " " in value or not value.isprintable():
        raise ValidationError(_SHAPE)
    if value:
        _check_path(url)
        _check_options(url)
    return value


def _check_path(url: SplitResult) -> None:
    if url.scheme == "unix":
        if url.path.strip("/") == "":
            raise ValidationError("Must have the path of a socket: unix:///run/redis.sock.")
    elif not _DATABASE.fullmatch(unquote(url.path)):
        raise ValidationError("Must end in the number of a database, such as /0; a / in a password is written as %2F.")


def _check_options(url: SplitResult) -> None:
    options = _OPTIONS_BY_SCHEME[url.scheme]
    for name, value in parse_qsl(url.query, keep_blank_values=True):
        if "@" in url.query or not _OPTION.fullmatch(name):
            raise ValidationError("Has something behind a ? that is no option; in a password write it as %3F.")
        if name not in options:
            raise ValidationError(f"Has ?{name}, which is no option of a {url.scheme}:// here.")
        if not options[name](value):
            raise ValidationError(f"Has a value of ?{name} that is none.")
