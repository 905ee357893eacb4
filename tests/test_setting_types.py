"""What the values of settings may be."""

import re

import pytest
from environs import ValidationError

from service import setting_types
from service.setting_types import (
    DURATION,
    DURATION_OR_ZERO,
    NOT_NEGATIVE,
    POSITIVE,
    PROCESSES,
    TCP_PORT,
    Declaration,
    setting,
)


@pytest.mark.parametrize(
    ("bounds", "good", "bad"),
    [
        (POSITIVE, [1, 0.001, 10**12], [0, -1, 1e13]),
        (NOT_NEGATIVE, [0, 1], [-0.001, 1e13]),
        (DURATION, [0.001, 1e9], [0, 1e10]),
        (DURATION_OR_ZERO, [0, 1e9], [-1, 1e10]),
        (PROCESSES, [1, 256], [0, 257]),
        (TCP_PORT, [0, 65535], [-1, 65536]),
    ],
)
def test_numbers_have_bounds_that_are_named(bounds, good, bad):
    assert [bounds(value) for value in good] == good
    for value in bad:
        with pytest.raises(ValidationError, match=bounds.error):
            bounds(value)


@pytest.mark.parametrize(
    ("declaration", "shown"),
    [
        (Declaration(30, "…", unit="s"), "30 s"),
        (Declaration("", "…"), ""),
        (Declaration((), "…"), ""),
        (Declaration(False, "…"), "False"),
        (Declaration(None, "…", derived="on without a key"), "on without a key"),
    ],
)
def test_a_default_is_shown_with_its_unit(declaration, shown):
    assert declaration.shown_default == shown


def test_a_secret_is_never_printed():
    assert [setting("x", "…", secret=secret).repr for secret in (True, False)] == [False, True]
    assert setting(5, "…").default == 5


GOOD = [
    ("api_key", "app-x", "app-x"),
    ("api_key", "", ""),
    ("http_url", "https://api.dify.ai/v1/", "https://api.dify.ai/v1"),
    ("http_url", "http://10.0.0.1:5001/v1", "http://10.0.0.1:5001/v1"),
    ("origins", "", ()),
    ("origins", "*", ("*",)),
    (
        "origins",
        " https://A.example:443, http://b.example:8080/,",
        ("https://a.example", "http://b.example:8080"),
    ),
    ("log_level", "warning", "WARNING"),
    ("speech_engine", "Dify", "dify"),
    ("speech_engine", "off", "off"),
    ("is_one_line", "a line", None),
    ("proxy_url", "", ""),
    ("proxy_url", "http://me:secret@proxy.example.com:3128", "http://me:secret@proxy.example.com:3128"),
    ("operator_token", "", ""),
    ("operator_token", "x" * 16, "x" * 16),
    ("jwt_secret", "", ""),
    ("jwt_secret", "x" * 32, "x" * 32),
    ("jwt_secret", "ä" * 16, "ä" * 16),
    ("jwks_url", "", ""),
    ("jwks_url", "https://login.example.com/keys?p=policy", "https://login.example.com/keys?p=policy"),
    *[
        ("jwks_url", url, url)
        for url in (
            "http://localhost:8080/keys",
            "http://[::1]/keys",
            "http://10.1.2.3/keys",
            "http://keycloak:8080/certs",
            "http://login.hospital.internal/keys",
        )
    ],
    ("header_name", "", ""),
    ("header_name", "X-Forwarded-User", "X-Forwarded-User"),
    ("proxies", "", ()),
    (
        "proxies",
        "127.0.0.1, 10.0.0.0/8,fd00::/8",
        ("127.0.0.1", "10.0.0.0/8", "fd00::/8"),
    ),
]
BAD = [
    ("api_key", "app x", "no key has"),
    ("api_key", "app-x\n", "no key has"),
    ("api_key", "'app-x'", "no key has"),
    ("api_key", "äpp", "no key has"),
    ("http_url", "dify.local/v1", "URL such as"),
    ("http_url", "http://dify/v1?key=x", "URL such as"),
    ("http_url", "http://dify/v1#x", "URL such as"),
    ("http_url", "https://dify.example.com/v1 ", "without a blank"),
    ("http_url", "https://dify\\\\example.com/v1", "URL such as"),
    ("http_url", "https://dify.example.com/v1\n", "without a blank"),
    ("jwks_url", "https://login.example.com/ keys", "URL such as"),
    ("is_text", "\udcff", "no UTF-8"),
    ("is_text", "a\0b", "NUL"),
    ("is_one_line", "a\nb", "control character"),
    ("is_one_line", "\x7f", "control character"),
    ("proxy_url", "socks5://proxy.example.com:1080", "URL such as"),
    ("proxy_url", "proxy.example.com:3128", "URL such as"),
    ("proxy_url", "http://:3128", "URL such as"),
    ("proxy_url", "http://" + "a" * 64, "URL such as"),
    ("proxy_url", "http://proxy.example.com:port", "URL such as"),
    ("proxy_url", "http://proxy.example.com/path", "URL such as"),
    ("proxy_url", "http://[::1", "URL such as"),
    ("proxy_url", "http://me:secret@proxy.example.com:3128 ", "URL such as"),
    ("proxy_url", "http://me:sec#ret@proxy.example.com:3128", "%23"),
    ("origins", "https://a.example,shop.example", '"shop.example" is not an origin'),
    ("origins", "https://a.example/path", "is not an origin"),
    ("speech_engine", "google", "Must be one of auto, dify, browser, off"),
    ("speech_engine", "", "Must be one of"),
    ("log_level", "loud", "DEBUG, INFO, WARNING, ERROR, CRITICAL"),
    ("operator_token", "x" * 15, "16 characters or more"),
    ("operator_token", "a token of mine with spaces", "a space, a quote or a line break"),
    ("operator_token", "ä" * 16, "no token has"),
    ("jwt_secret", "x" * 31, "32 bytes or more"),
    ("jwt_secret", "-----BEGIN PUBLIC KEY-----" + "x" * 99, "AUTH_JWKS_URL"),
    ("jwks_url", "login.example.com/keys", "URL such as"),
    ("jwks_url", "https://me:secret@login.example.com/keys", "URL such as"),
    ("jwks_url", "https://login.example.com/keys#x", "URL such as"),
    ("jwks_url", "http://login.example.com/keys", "begin with https://"),
    ("jwks_url", "http://93.184.215.14/keys", "begin with https://"),
    ("header_name", "X-Forwarded User", "name of a header"),
    ("header_name", "X-User:", "name of a header"),
    ("header_name", "X-User\n", "name of a header"),
    ("header_name", "Cookie", "name of a header"),
    ("header_name", "X-Forwarded-For", "name of a header"),
    ("header_name", "sec-websocket-protocol", "name of a header"),
    ("proxies", "*", "no address"),
    ("proxies", "proxy", "no address"),
    ("proxies", "10.0.0.1/8", "no address"),
    ("proxies", "0.0.0.0/0", "everybody"),
    ("proxies", "10.0.0.1, ::/0", "everybody"),
]


@pytest.mark.parametrize(("kind", "value", "meaning"), GOOD)
def test_a_good_value_is_understood(kind, value, meaning):
    assert getattr(setting_types, kind)(value) == meaning


@pytest.mark.parametrize(("kind", "value", "words"), BAD)
def test_a_bad_value_is_explained(kind, value, words):
    with pytest.raises(ValidationError, match=words.replace("*", r"\*")):
        getattr(setting_types, kind)(value)


def test_proxies_are_addresses_and_networks_or_all():
    assert setting_types.networks(" 127.0.0.1, 10.0.0.0/8,") == ("127.0.0.1", "10.0.0.0/8")
    assert setting_types.networks("*") == ("*",)
    assert setting_types.networks("") == ()
    with pytest.raises(ValidationError, match="localhost"):
        setting_types.networks("localhost")


def test_lists_are_told_item_by_item_and_a_wrong_one_is_named():
    assert setting_types.origins(" https://A.example:443/ ,, null") == ("https://a.example", "null")
    assert setting_types.frame_sources("https://bücher.example,file://") == ("https://xn--bcher-kva.example", "file:")
    assert setting_types.hosts("Chat.example.:8443,*.ward.example,[::1]:80,*") == (
        "chat.example", "*.ward.example", "[::1]", "*",
    )  # fmt: skip
    for parse, bad in [
        (setting_types.origins, "https://a;b"),
        (setting_types.frame_sources, "null"),
        (setting_types.hosts, "https://a.example"),
        (setting_types.hosts, "*.com"),
    ]:
        with pytest.raises(ValidationError, match=re.escape(f'"{bad}" is not')):
            parse(f"x.example,{bad}" if parse is setting_types.hosts else f"https://x.example,{bad}")
