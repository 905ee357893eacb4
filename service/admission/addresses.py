"""Addresses of clients: whose it is behind proxies, and what quotas count by. No I/O."""

from collections.abc import Collection, Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple

SITE_PREFIX_BITS = 64
"""Of IPv6: so much has one customer at least, and one machine takes any address of it (RFC 6177, RFC 8981)."""
LONGEST_ADDRESS = 64
"""In characters: an IPv6 address with its zone and brackets."""
REMEMBERED = 4096
"""Hosts whose parsing and comparing is not repeated: it would take a twentieth of a handshake."""
_FORWARDING = frozenset((b"forwarded", b"x-real-ip", b"x-client-ip", b"true-client-ip", b"cf-connecting-ip"))
_LOOPBACK = ("127.0.0.0/8", "::1")
# RFC 1122, 1918, 3927, 4193, 4291, 6598: not `is_global`, which leaves out more than those that many people share.
_SHARED = ("0.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10",
           "::", "fc00::/7", "fe80::/10")  # fmt: skip

Headers = Collection[tuple[bytes, bytes]]
"""As ASGI has them: names are in lower case."""


class Networks:
    """A set of addresses and networks (CIDR); `*` is all of them. Raises ValueError for anything else."""

    def __init__(self, entries: Iterable[str]) -> None:
        entries = frozenset(entries)
        self.is_all = "*" in entries
        self._networks = [ip_network(entry) for entry in entries - {"*"}]
        self._has = lru_cache(REMEMBERED)(self._has_address)

    def __bool__(self) -> bool:
        return self.is_all or bool(self._networks)

    def __contains__(self, host: str | None) -> bool:
        """`host` is an address; other names are in no network."""
        if host is None or self.is_all:
            return self.is_all
        return bool(self._networks) and len(host) <= LONGEST_ADDRESS and self._has(host)

    def _has_address(self, host: str) -> bool:
        address = _parse(host)
        return address is not None and any(address in network for network in self._networks)


LOOPBACK, _UNCOUNTED = Networks(_LOOPBACK), Networks(_LOOPBACK + _SHARED)


class Source(NamedTuple):
    """`client` is the address that is most probably the client's, `address` what quotas count by, or None.

    `is_unproven`: there are forwarding headers, and no proxy is trusted.
    """

    client: str
    address: str | None
    is_unproven: bool = False


def source_of(peer: str, headers: Headers, trusted: Networks) -> Source:
    """`peer` is the socket's own. Where proxies are trusted, what others claim does not take them out of any count."""
    is_forwarded = False
    for name, _ in headers:  # faster than any()
        if name[:12] == b"x-forwarded-" or name in _FORWARDING:
            is_forwarded = True
            break
    if not is_forwarded or peer not in trusted:
        is_unproven = is_forwarded and not trusted
        return Source(peer, None if is_unproven else _counted(peer, trusted), is_unproven)
    client = _client_of(peer, headers, trusted)
    return Source(client, _counted(client, trusted))


def _client_of(peer: str, headers: Headers, trusted: Networks) -> str:
    """The last hop that is no trusted proxy: each proxy appends who connected to it, a client may write what it likes.

    Where all are trusted, the last one.
    """
    hops = [peer]
    for name, value in headers:
        if name == b"x-forwarded-for":
            hops += (_without_port(hop.strip()) for hop in value.decode("latin-1").split(",") if hop.strip())
    if trusted.is_all:
        return hops[-1]
    return next((hop for hop in reversed(hops[1:]) if hop not in trusted), hops[0])


def _without_port(hop: str) -> str:
    """Of 192.0.2.1:80 and [2001:db8::1]:80, too."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


def _counted(host: str, trusted: Networks) -> str | None:
    """Many people have a proxy's address, or a private one. IPv6 by SITE_PREFIX_BITS."""
    return _counted_address(host, trusted) if len(host) <= LONGEST_ADDRESS else None


@lru_cache(REMEMBERED)
def _counted_address(host: str, trusted: Networks) -> str | None:
    address = _parse(host)
    if address is None or host in _UNCOUNTED or (host in trusted and not trusted.is_all):
        return None
    return _site(address)


def site_of(host: str) -> str:
    """One customer's address, or network (IPv6, by SITE_PREFIX_BITS); what is no address as it is."""
    address = _parse(host)
    return host if address is None else _site(address)


def _site(address: IPv4Address | IPv6Address) -> str:
    return str(address) if address.version == 4 else str(ip_network((address, SITE_PREFIX_BITS), strict=False))  # noqa: PLR2004


def _parse(host: str) -> IPv4Address | IPv6Address | None:
    """IPv4-mapped IPv6 is IPv4 (RFC 4291, 2.5.5.2)."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return (address.version == 6 and address.ipv4_mapped) or address  # noqa: PLR2004
