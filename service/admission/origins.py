"""Origins of web pages (RFC 6454): which may use the service. No I/O."""

import re
from urllib.parse import urlsplit

from service.admission.hosts import canonical_pattern, covers

_DEFAULT_PORTS = {"http": 80, "https": 443}
_MAX_LABEL = 63
_MAX_PORT = 65_535
_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://([^/?#\\@:\[\]]*|\[[^\]]*\])(?::(\d{1,5}))?/?", re.IGNORECASE)
_APP_HOST = re.compile(r"[a-z0-9._-]+")  # of schemes that apps register, such as capacitor, tauri and app
_EXTENSION_IDS = {"chrome-extension": re.compile(r"[a-p]{32}")}
_NO_ORIGINS = {"about", "blob", "data", "ftp", "javascript", "ws", "wss"}
_CSP_SOURCE = re.compile(r"\*|[a-z][a-z0-9+.-]*://(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:\d+)?")


def is_allowed(origin: str, host: str, allowed: tuple[str, ...]) -> bool:
    """`origin` and `host` are the request's headers. The service's own pages have the same host and port.

    The scheme may differ: TLS often ends before the service. `*` is every page, also one without an origin (`null`),
    since any page can make itself one.
    """
    origin = origin.lower()
    if "*" in allowed or any(_covers(pattern, origin) for pattern in allowed):
        return True
    own = http_origin(f"{origin.partition('://')[0]}://{host.lower()}")
    return own is not None and own == http_origin(origin)


def _covers(pattern: str, origin: str) -> bool:
    """`https://*.example.com:8443` covers all names below example.com, with this scheme and port."""
    if "://*." not in pattern:
        return origin == pattern
    if http_origin(origin) != origin:
        return False
    (scheme, _, names), (its_scheme, _, name) = pattern.partition("://"), origin.partition("://")
    return scheme == its_scheme and covers(names, name)


def http_origin(url: str) -> str | None:
    """The origin of a URL as a browser writes it, without a default port; None for what is no http(s) URL."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # malformed brackets or port
        return None
    labels = (parts.hostname or "").removesuffix(".").split(".")
    if parts.scheme not in _DEFAULT_PORTS or "@" in parts.netloc or not all(0 < len(it) <= _MAX_LABEL for it in labels):
        return None
    netloc = parts.netloc.removesuffix(f":{port}") if port == _DEFAULT_PORTS[parts.scheme] else parts.netloc
    return f"{parts.scheme}://{netloc}"


def parse_origin(text: str) -> str:
    """An origin that is allowed, as a browser writes it. Raises ValueError for what no page's origin can be."""
    if text == "*" or text.lower() == "null":
        return text.lower()
    match = _ORIGIN.fullmatch("file://" if text == "file:///" else text)
    if match is None or (scheme := match[1].lower()) in _NO_ORIGINS:
        raise ValueError(text)
    if scheme == "file":
        return _file_origin(match)
    return f"{scheme}://{_host(scheme, match[2])}{_port(scheme, match[3])}"


def csp_source(origin: str) -> str:
    """The same for a Content-Security-Policy (CSP3, 2.3.1), which has no IPv6 and no `null`. Raises ValueError."""
    if origin == "file://":
        return "file:"
    if not _CSP_SOURCE.fullmatch(origin):
        raise ValueError(origin)
    return origin


def _file_origin(match: re.Match[str]) -> str:
    if match[2] or match[3]:
        raise ValueError(match.string)
    return "file://"


def _host(scheme: str, host: str) -> str:
    if scheme in _DEFAULT_PORTS:
        return canonical_pattern(host)
    host = host.lower()
    if not _EXTENSION_IDS.get(scheme, _APP_HOST).fullmatch(host):
        raise ValueError(host)
    return host


def _port(scheme: str, digits: str | None) -> str:
    if digits is None or int(digits) == _DEFAULT_PORTS.get(scheme):
        return ""
    if not 0 < int(digits) <= _MAX_PORT:
        raise ValueError(digits)
    return f":{int(digits)}"
