"""Which pages may talk to the service: its own, and those of the origins that are allowed."""

from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


def is_allowed(origin: str, host: str, allowed: tuple[str, ...]) -> bool:
    """`origin` and `host` are the request's headers. A page of ours has the same host and port.

    The scheme may differ: TLS often ends before the service.
    """
    origin = origin.lower()
    if "*" in allowed or origin in allowed:
        return True
    scheme = origin.partition("://")[0]
    return scheme in _DEFAULT_PORTS and _authority(origin) == _authority(f"{scheme}://{host}")


def _authority(origin: str) -> tuple[str | None, int | None]:
    """Host and port of an origin, the scheme's own port where it names none. (None, None) for what is no origin."""
    try:
        url = urlsplit(origin)
        return url.hostname, url.port or _DEFAULT_PORTS.get(url.scheme)
    except ValueError:
        return None, None
