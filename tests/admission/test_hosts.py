"""Host names, and which of them the service answers to."""

import pytest

from service.admission.hosts import canonical_host, canonical_pattern, covers, host_of, is_foreign, is_served

OURS = ("chat.example.com", "*.ward.example", "xn--bcher-kva.example")


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("Chat.Example.com", "chat.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("faß.example", "xn--fa-hia.example"),
        ("a_b.example", "a_b.example"),
        ("localhost", "localhost"),
        ("192.0.2.7", "192.0.2.7"),
        ("[2001:DB8::0:7]", "[2001:db8::7]"),
    ],
)
def test_a_host_is_written_as_browsers_write_it(text, host):
    assert canonical_host(text) == host


@pytest.mark.parametrize(
    "text",
    ["", "a..b", ".a", "a b", "a;b", "a'b", "a/b", "a:80", "u@a", "-a.b", "x" * 64, "127.1", "1.2.3.256", "a.0x7f",
     "[::1", "[a]", "*", "a.*", "☃.example"],
)  # fmt: skip
def test_what_no_browser_writes_is_no_host(text):
    with pytest.raises(ValueError):  # noqa: PT011 - of three libraries, each with words of its own
        canonical_host(text)


@pytest.mark.parametrize("text", ["*", "*.", "*.com", "*.192.0.2.7", "*.[::1]", "a.*.example", "*.*.example"])
def test_a_wildcard_stands_before_a_name_that_somebody_owns(text):
    with pytest.raises(ValueError):  # noqa: PT011
        canonical_pattern(text)
    assert canonical_pattern("*.Example.com") == "*.example.com"
    assert canonical_pattern("*.local") == "*.local"


def test_a_wildcard_covers_all_names_below_its_own():
    assert [covers("*.a.example", name) for name in ("b.a.example", "c.b.a.example")] == [True, True]
    assert [covers("*.a.example", name) for name in ("a.example", ".a.example", "ba.example")] == [False] * 3


@pytest.mark.parametrize(
    ("header", "host"),
    [
        ("Chat.Example.com", "chat.example.com"),
        ("chat.example.com.:8443", "chat.example.com"),
        ("chat.example.com:", "chat.example.com"),
        ("[::1]:8000", "::1"),
        ("127.0.0.1:8000", "127.0.0.1"),
        ("", ""),
        ("[::1]evil.example", ""),
        ("evil.example:80:90", ""),
        ("evil.example:x", ""),
    ],
)
def test_a_host_header_names_a_host_whatever_the_port(header, host):
    assert host_of(header) == host


@pytest.mark.parametrize(
    ("header", "allowed", "is_in"),
    [
        ("evil.example", (), True),
        ("evil.example", ("*",), True),
        ("chat.example.com", OURS, True),
        ("CHAT.example.com.:443", OURS, True),
        ("a.b.ward.example:8000", OURS, True),
        ("xn--bcher-kva.example", OURS, True),
        ("localhost:8000", OURS, True),
        ("shop.localhost", OURS, True),
        ("192.0.2.7:8000", OURS, True),
        ("[2001:db8::7]:8000", OURS, True),
        ("[fe80::1%eth0]", OURS, True),
        ("ward.example", OURS, False),
        ("evil.example", OURS, False),
        ("chat.example.com.evil.example", OURS, False),
        ("evilchat.example.com", OURS, False),
        ("192.0.2.7.evil.example", OURS, False),
        ("localhost.evil.example", OURS, False),
        ("[::1]evil.example", OURS, False),
        ("", OURS, False),
        ("evil.example/.ward.example", ("*.ward.example",), False),
        ("evil.example, a.ward.example", ("*.ward.example",), False),
        ("evil.example/.localhost", OURS, False),
        ("evil@a.ward.example", ("*.ward.example",), False),
        ("..ward.example", ("*.ward.example",), False),
    ],
)
def test_only_the_named_hosts_addresses_and_localhost_are_served(header, allowed, is_in):
    assert is_served(header, allowed) is is_in


def test_only_a_name_with_a_dot_can_be_pointed_here_by_others():
    assert [is_foreign(it) for it in ("evil.example:8000", "127.0.0.1:8000", "[::1]", "localhost", "ward", "")] == [
        True, False, False, False, False, False,
    ]  # fmt: skip
