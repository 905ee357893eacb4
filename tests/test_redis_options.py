"""How Redis is connected to."""

import pytest
from redis.asyncio import Redis

from service.redis_options import redis_options


@pytest.mark.parametrize(
    ("url", "verification"),
    [("rediss://redis.example", "none"), ("rediss://redis.example?ssl_cert_reqs=required", "required")],
)
def test_a_certificate_is_verified_only_where_the_url_says_so(url, verification):
    options = Redis.from_url(url, **redis_options(url, 1)).connection_pool.connection_kwargs
    assert options["ssl_cert_reqs"] == verification


def test_nothing_is_tried_twice():
    options = redis_options("redis://redis.example", 1.5)
    assert options["retry"].get_retries() == 0
    assert (options["socket_timeout"], options["socket_connect_timeout"]) == (1.5, 1.5)
    assert "ssl_cert_reqs" not in options
