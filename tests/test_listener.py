"""The socket on which the service listens."""

import errno
import socket

import pytest

from service.listener import listen, reason, url

needs_ipv6 = pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")


@pytest.mark.parametrize("address", ["127.0.0.1", pytest.param("::1", marks=needs_ipv6)])
@pytest.mark.parametrize("host", [pytest.param("::", marks=needs_ipv6), pytest.param("0::0", marks=needs_ipv6)])
def test_all_addresses_of_ipv6_are_those_of_ipv4_too(host, address):
    with listen(host, 0) as listener, socket.create_connection((address, listener.getsockname()[1]), 5):
        assert url(listener).startswith("http://localhost:")


@needs_ipv6
def test_one_address_of_ipv6_is_that_one():
    with listen("::1", 0) as listener:
        assert url(listener).startswith("http://[::1]:")


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.1", "http://127.0.0.1:"), ("0.0.0.0", "http://localhost:"), ("", "http://localhost:")]
)
def test_the_address_for_a_browser(host, shown):
    with listen(host, 0) as listener:
        assert url(listener).startswith(shown)


def test_a_port_that_is_taken_is_named():
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use") as raised:
            listen("127.0.0.1", port)
    assert reason(raised.value, "127.0.0.1", port).startswith(f"PORT: {port} is taken")


@pytest.mark.parametrize(("number", "begins"), [(errno.EACCES, "PORT: 80 "), (errno.EADDRNOTAVAIL, "HOST: 192.0.2.1 ")])
def test_what_else_keeps_it_from_listening_is_named_by_its_setting(number, begins):
    assert reason(OSError(number, "no"), "192.0.2.1", 80).startswith(begins)
