"""Which pages may use the service."""

import pytest

from service.admission.origins import csp_source, http_origin, is_allowed, parse_origin

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
        ("https://a.shop.example", "chat.example", ("https://*.shop.example",), True),
        ("https://B.a.shop.example", "chat.example", ("https://*.shop.example",), True),
        ("https://shop.example", "chat.example", ("https://*.shop.example",), False),
        ("https://evilshop.example", "chat.example", ("https://*.shop.example",), False),
        ("http://a.shop.example", "chat.example", ("https://*.shop.example",), False),
        ("https://a.shop.example:8443", "chat.example", ("https://*.shop.example",), False),
        ("https://a.shop.example:8443", "chat.example", ("https://*.shop.example:8443",), True),
        ("https://evil.example/.shop.example", "chat.example", ("https://*.shop.example",), False),
        ("https://evil.example?.shop.example", "chat.example", ("https://*.shop.example",), False),
        ("https://evil.example:80.shop.example", "chat.example", ("https://*.shop.example",), False),
        ("https://evil@a.shop.example", "chat.example", ("https://*.shop.example",), False),
        ("https://evil.example\\.shop.example", "chat.example", ("https://*.shop.example",), False),
        ("https://*.shop.example", "chat.example", ("https://*.shop.example",), False),
        ("https://[::1].shop.example", "chat.example", ("https://*.shop.example",), False),
        ("capacitor://localhost", "chat.example", ("capacitor://localhost",), True),
        ("capacitor://localhost", "localhost", SHOP, False),
        ("file://", "chat.example", ("file://",), True),
        ("null", "chat.example", ("null",), True),
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


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("*", "*"),
        ("NULL", "null"),
        ("https://Shop.example:443/", "https://shop.example"),
        ("https://*.Shop.example:8443", "https://*.shop.example:8443"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("http://[::0001]:8000", "http://[::1]:8000"),
        ("http://a.example:1", "http://a.example:1"),
        ("file:///", "file://"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("tauri://localhost", "tauri://localhost"),
        ("app://.", "app://."),
        ("app://Bundle:3000", "app://bundle:3000"),
        ("chrome-extension://" + "abcdefghijklmnop" * 2, "chrome-extension://" + "abcdefghijklmnop" * 2),
        (
            "moz-extension://5e0d5ba0-3c0f-4b5a-8d0a-7f6a3c1f0b11",
            "moz-extension://5e0d5ba0-3c0f-4b5a-8d0a-7f6a3c1f0b11",
        ),
    ],
)
def test_an_allowed_origin_is_kept_as_a_browser_writes_it(text, origin):
    assert parse_origin(text) == origin


@pytest.mark.parametrize(
    "text",
    ["shop.example", "https://", "https://*", "https://*.com", "https://a.*.example", "https://a;b", "https://a b",
     "https://'self'", "https://a.example/path", "https://a.example//", "https://a.example?x", "https://me@a.example",
     "https://a.example:0", "https://a.example:65536", "https://a.example:*", "https://a..b", "http://127.1",
     "wss://a.example", "ftp://a.example", "data:", "file://host", "file://:80", "capacitor://*", "capacitor://",
     "chrome-extension://a"],
)  # fmt: skip
def test_what_would_never_match_is_no_origin(text):
    with pytest.raises(ValueError):  # noqa: PT011 - of several libraries
        parse_origin(text)


@pytest.mark.parametrize(
    ("origin", "source"),
    [
        ("*", "*"),
        ("https://*.shop.example:8443", "https://*.shop.example:8443"),
        ("http://192.0.2.7", "http://192.0.2.7"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("file://", "file:"),
    ],
)
def test_an_origin_stands_in_a_policy(origin, source):
    assert csp_source(origin) == source


@pytest.mark.parametrize("origin", ["null", "http://[::1]:8000", "app://.", "https://a_b.example"])
def test_what_a_policy_cannot_say_is_no_source(origin):
    with pytest.raises(ValueError, match=r".+"):
        csp_source(origin)
