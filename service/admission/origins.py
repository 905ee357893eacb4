"""Origins of web pages (RFC 6454): which may use the service. No I/O."""

from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_MAX_LABEL = 63


def is_allowed(origin: str, host: str, allowed: tuple[str, ...]) -> bool:
    """`origin` and `host` are the request's headers. The service's own pages have the same host and port.

    The scheme may differ: TLS often ends before the service.
    """
    origin = origin.lower()
    if "*" in allowed or origin in allowed:
        return True
    own = http_origin(f"{origin.partition('://')[0]}://{host.lower()}")
    return own is not None and own == http_origin(origin)


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
