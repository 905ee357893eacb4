"""What REDIS_URL may be."""

import pytest
from environs import ValidationError
from redis.asyncio import BlockingConnectionPool

from service.redis_options import redis_options
from service.redis_url import redis_url

GOOD = [
    "redis://host", "redis://host:6379/", "redis://host:6379/15", "redis://:p%23a%2Fb%3Fc@host:6379/0?socket_timeout=2",
    "redis://me:secret@host/0?db=3&client_name=a&socket_keepalive=yes&max_connections=5&timeout=0.5&protocol=3",
    "redis://[::1]:6379/0?health_check_interval=30&socket_connect_timeout=1.5",
    "rediss://:secret@host:6380/0?ssl_cert_reqs=required&ssl_check_hostname=true&ssl_ca_certs=/ca.pem",
    "rediss://host?ssl_certfile=/c&ssl_keyfile=/k&ssl_password=p&ssl_ca_path=/ca&ssl_ciphers=HIGH&ssl_min_version=771",
    "unix:///run/redis.sock", "unix://:secret@/run/redis.sock?db=5",
]  # fmt: skip
BAD = [
    ("localhost:6379", "URL such as"), ("redis://host:port", "URL such as"), ("redis://[host", "URL such as"),
    ("redis://host:0", "URL such as"), ("redis://host:6379/0 ", "URL such as"),
    ("redis://host:6379/0\n", "URL such as"),
    ("redis://:sec#ret@host:6379/0", "%23"), ("redis://:12/secret@host:6379/0", "%2F"),
    ("redis://:12?secret@host:6379/0", "%3F"), ("redis://:12?secret=1@host", "%3F"),
    ("redis://host/abc", "number of a database"), ("redis://host/-1", "number of a database"),
    ("redis://host/0?foo=1", "[?]foo, which is no option"), ("redis://host?ssl_cert_reqs=none", "no option of a redis://"),
    ("unix:///run/redis.sock?socket_keepalive=1", "no option of a unix://"),
    ("redis://host?retry_on_timeout=1", "no option"),
    ("redis://host?socket_timeout=x", "socket_timeout that is none"), ("redis://host?socket_timeout=0", "that is none"),
    ("redis://host?socket_timeout=nan", "that is none"), ("redis://host?db=x", "[?]db that is none"),
    ("rediss://host?ssl_cert_reqs=maybe", "ssl_cert_reqs that is none"), ("redis://host?max_connections=0", "is none"),
    ("unix://", "path of a socket"), ("unix:///", "path of a socket"),
]  # fmt: skip


def test_without_one_there_is_no_redis():
    assert redis_url("") == ""


@pytest.mark.parametrize("value", GOOD)
def test_what_is_taken_is_what_the_client_can_connect_with(value):
    assert redis_url(value) == value
    BlockingConnectionPool.from_url(value, **redis_options(value, 1)).make_connection()


@pytest.mark.parametrize(("value", "words"), BAD)
def test_what_is_not_is_explained_and_its_password_is_not_shown(value, words):
    with pytest.raises(ValidationError, match=words) as raised:
        redis_url(value)
    assert "secret" not in str(raised.value)
    assert "ret@" not in str(raised.value)
