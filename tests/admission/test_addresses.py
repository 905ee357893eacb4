"""Whose address it is behind proxies, and what quotas count by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.admission.addresses import LOOPBACK, Networks, Source, site_of, source_of

NOBODY, LOCAL, EVERYBODY = Networks(()), Networks(["127.0.0.1", "::1"]), Networks(["*"])


def forwarded(*values):
    return [(b"host", b"chat.example"), *((b"x-forwarded-for", value.encode()) for value in values)]


@pytest.mark.parametrize(
    ("peer", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("172.32.0.1", "172.32.0.1"),
        ("100.128.0.1", "100.128.0.1"),
    ],
)
def test_public_addresses_are_counted_and_of_ipv6_whole_sites(peer, counted):
    assert source_of(peer, [], NOBODY) == Source(peer, counted)


@pytest.mark.parametrize(
    "peer",
    ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
     "::ffff:192.168.1.1", "169.254.1.1", "100.64.0.1", "100.127.255.255", "fe80::1", "fe80::1%eth0", "fd12::1",
     "0.0.0.0", "::", "", "unix:", "client.example"],
)  # fmt: skip
def test_nobody_is_counted_by_an_address_that_many_may_share_or_that_is_none(peer):
    assert source_of(peer, [], NOBODY) == Source(peer, None)


@pytest.mark.parametrize(
    "header", [b"x-forwarded-for", b"x-forwarded-proto", b"forwarded", b"x-real-ip", b"cf-connecting-ip"]
)
def test_headers_of_a_proxy_take_its_address_out_of_the_count_where_no_proxy_is_trusted(header):
    headers = [(header, b"198.51.100.1")]
    assert source_of("203.0.113.7", headers, NOBODY) == Source("203.0.113.7", None, is_unproven=True)


def test_where_proxies_are_trusted_what_others_claim_changes_nothing():
    assert source_of("203.0.113.7", forwarded("198.51.100.1"), LOCAL) == Source("203.0.113.7", "203.0.113.7")


@pytest.mark.parametrize(
    ("hops", "client"),
    [
        (["198.51.100.1"], "198.51.100.1"),
        (["198.51.100.1, 203.0.113.7"], "203.0.113.7"),
        (["198.51.100.1", "203.0.113.7"], "203.0.113.7"),
        (["198.51.100.1, 203.0.113.7, 127.0.0.1,, ::1"], "203.0.113.7"),
        (["203.0.113.7:4711"], "203.0.113.7"),
        (["[2001:db8::7]:4711"], "2001:db8::7"),
        (["[2001:db8::7]"], "2001:db8::7"),
        (["2001:db8::7"], "2001:db8::7"),
        (["10.0.0.9"], "10.0.0.9"),
    ],
)
@pytest.mark.parametrize("peer", ["127.0.0.1", "::ffff:127.0.0.1"])
def test_the_client_is_the_last_hop_that_is_no_trusted_proxy(hops, client, peer):
    assert source_of(peer, forwarded(*hops), LOCAL).client == client


@pytest.mark.parametrize("hops", [[], [""], ["127.0.0.1"], ["::1, 127.0.0.1"]])
def test_a_trusted_proxy_that_names_nobody_is_not_counted_itself(hops):
    trusted = Networks(["127.0.0.1", "::1", "203.0.113.0/24"])
    assert source_of("203.0.113.7", forwarded(*hops), trusted) == Source("203.0.113.7", None)


@pytest.mark.parametrize(
    ("hops", "counted"),
    [(["198.51.100.1, 203.0.113.7"], "203.0.113.7"), (["198.51.100.1, 10.0.0.1"], None), ([], "192.0.2.1")],
)
def test_where_all_are_trusted_the_last_hop_counts_which_no_client_can_write(hops, counted):
    assert source_of("192.0.2.1", forwarded(*hops), EVERYBODY).address == counted


@given(st.text(max_size=40), st.text("0123456789abcdef.:[],% \x00é", max_size=60))
def test_any_header_gives_an_answer(peer, hops):
    headers = [(b"x-forwarded-for", hops.encode())]
    for trusted in (NOBODY, LOCAL, EVERYBODY):
        assert isinstance(source_of(peer, headers, trusted), Source)


def test_networks_contain_addresses_only():
    trusted = Networks(["10.0.0.0/8", "2001:db8::/32"])
    assert trusted
    assert not NOBODY
    assert [host in trusted for host in ("10.9.9.9", "2001:db8:9::1", "11.0.0.1", "proxy", "")] == [1, 1, 0, 0, 0]
    assert "proxy" in EVERYBODY
    assert "127.0.0.2" in LOOPBACK


@pytest.mark.parametrize("entry", ["localhost", "10.0.0.1/8", "10.0.0"])
def test_what_is_no_network_is_refused(entry):
    with pytest.raises(ValueError, match=entry):
        Networks([entry])


@pytest.mark.parametrize(
    ("host", "site"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("a:b", "a:b"),
    ],
)
def test_a_site_is_one_customer_s_address_or_network(host, site):
    assert site_of(host) == site
