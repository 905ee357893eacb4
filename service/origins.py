"""Origins of web pages (RFC 6454): which may use the service. No I/O."""

from urllib.parse import urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}
_MAX_LABEL = 63


def is_allowed(origin: str, host: str, allowed: tuple[str, ...]) -> bool:
    """`origin` and `host` are the request's headers. The service's own pages have the same host and port.

    The scheme may differ: TLS often ends before the service.
    """
    origin = origin.lower()
    if "*" in allowed or origin in allowed:
        return True
    scheme = origin.partition("://")[0]
    return scheme in DEFAULT_PORTS and _authority(origin) == _authority(f"{scheme}://{host}")


def http_origin(url: str) -> str | None:
    """The origin of a URL as a browser writes it, without a default port; None for what is no http(s) URL."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # malformed brackets or port
        return None
    labels = (parts.hostname or "").removesuffix(".").split(".")
    if parts.scheme not in DEFAULT_PORTS or "@" in parts.netloc or not all(0 < len(it) <= _MAX_LABEL for it in labels):
        return None
    netloc = parts.netloc.removesuffix(f":{port}") if port == DEFAULT_PORTS[parts.scheme] else parts.netloc
    return f"{parts.scheme}://{netloc}"


def _authority(origin: str) -> tuple[str | None, int | None]:
    """Host and port of an origin, by default the scheme's port. (None, None) for what is no origin."""
    try:
        url = urlsplit(origin)
        return url.hostname, url.port or DEFAULT_PORTS.get(url.scheme)
    except ValueError:
        return None, None
