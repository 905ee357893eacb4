"""How Redis is connected to."""

from typing import Any

from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff


def redis_options(url: str, timeout: float) -> dict[str, Any]:
    """For `from_url`: `timeout` in seconds, and no retries.

    Certificates are not verified by default: Heroku's are self-signed.
    """
    options: dict[str, Any] = {
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "retry": Retry(NoBackoff(), 0),  # a repeated write could arrive twice
    }
    if url.startswith("rediss:") and "ssl_cert_reqs" not in url:
        options["ssl_cert_reqs"] = "none"
    return options
