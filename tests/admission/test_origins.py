"""Which pages may use the service."""

import pytest

from service.admission.origins import http_origin, is_allowed

SHOP = ("https://shop.example",)


@pytest.mark.parametrize(
    ("origin", "host", "allowed", "is_let_in"),
    [
        ("http://chat.example", "chat.example", (), True),
        ("https://chat.example", "chat.example", (), True),
        ("HTTP://Chat.example", "chat.EXAMPLE", (), True),
        ("https://chat.example", "chat.example:443", (), True),
        ("http://chat.example:80", "chat.example", (), True),
        ("http://chat.example:8000", "chat.example:8000", (), True),
        ("http://chat.example", "chat.example:8000", (), False),
        ("http://chat.example", "chat.example:443", (), False),
        ("http://elsewhere.example", "chat.example", (), False),
        ("http://chat.example.elsewhere.example", "chat.example", (), False),
        ("file://chat.example", "chat.example", (), False),
        ("null", "chat.example", (), False),
        ("http://[broken", "chat.example", (), False),
        ("http://[broken", "[broken", (), False),
        ("https://shop.example", "chat.example", SHOP, True),
        ("https://SHOP.example", "chat.example", SHOP, True),
        ("http://shop.example", "chat.example", SHOP, False),
        ("null", "chat.example", SHOP, False),
        ("null", "chat.example", ("*",), True),
        ("http://elsewhere.example", "chat.example", ("*",), True),
    ],
)
def test_pages_of_the_same_host_and_of_allowed_origins_are_let_in(origin, host, allowed, is_let_in):
    assert is_allowed(origin, host, allowed) is is_let_in


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://shop.example", "https://shop.example"),
        ("https://shop.example/a/path", "https://shop.example"),
        ("https://shop.example.", "https://shop.example."),
        ("https://shop.example:443", "https://shop.example"),
        ("http://shop.example:80/", "http://shop.example"),
        ("http://shop.example:443", "http://shop.example:443"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://" + "x" * 63 + ".example", "http://" + "x" * 63 + ".example"),
        ("http://" + "x" * 64 + ".example", None),
        ("http://a..example", None),
        ("http://", None),
        ("http://me@shop.example", None),
        ("ftp://shop.example", None),
        ("shop.example", None),
        ("http://shop.example:port", None),
        ("http://[shop.example", None),
    ],
)
def test_the_origin_of_a_url_is_as_a_browser_writes_it(url, origin):
    assert http_origin(url) == origin
