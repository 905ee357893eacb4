"""Host names and addresses: how they are written, and which of them the service answers to. No I/O.

DNS rebinding: a page of a foreign name, whose owner lets it point to this machine, is of the service's own origin for
its browser. The Host header is that name then; addresses and localhost are nobody's to point elsewhere.
"""

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address

import idna

from service.admission.addresses import LONGEST_ADDRESS, REMEMBERED

LONGEST_HEADER = 260
"""A name has 253 characters at most (RFC 1035), then comes a port."""
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_HEADER = re.compile(r"(?:\[([^\]]*)\]|([^:\[\]]*))(?::\d*)?")
_NAMES_BELOW = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_PRIVATE_SUFFIXES = {"corp", "home", "internal", "intranet", "lan", "local", "localhost", "test"}
"""Names without a dot under which a wildcard is no invitation to the whole world."""


def canonical_host(text: str) -> str:
    """As browsers write it: in lower case, IDN as punycode, IPv6 in brackets. Raises ValueError."""
    text = text.lower()
    if text.startswith("[") and text.endswith("]"):
        return f"[{IPv6Address(text[1:-1])}]"
    if not text.isascii():
        text = idna.encode(text, uts46=True).decode()
    labels = text.split(".")
    if not all(map(_LABEL.fullmatch, labels)):
        raise ValueError(text)
    return str(IPv4Address(text)) if _NUMBER.fullmatch(labels[-1]) else text


def canonical_pattern(text: str) -> str:
    """The same, or `*.` before a name: all names below it, but not itself. Raises ValueError, also for `*.com`."""
    if not text.startswith("*."):
        return canonical_host(text)
    name = canonical_host(text.removeprefix("*."))
    if is_address(name) or ("." not in name and name not in _PRIVATE_SUFFIXES):
        raise ValueError(text)
    return f"*.{name}"


def covers(pattern: str, name: str) -> bool:
    """`pattern` in canonical form; `name` is what a client wrote, in lower case."""
    if not pattern.startswith("*."):
        return name == pattern
    suffix = pattern[1:]
    return name.endswith(suffix) and _NAMES_BELOW.fullmatch(name.removesuffix(suffix)) is not None


def host_of(header: str) -> str:
    """The name or address of a Host header, without brackets, port and final dot; empty for what is none."""
    match = _HEADER.fullmatch(header.strip().lower())
    return (match[1] or match[2] or "").removesuffix(".") if match else ""


def is_address(name: str) -> bool:
    return len(name) <= LONGEST_ADDRESS and _is_address(name)


@lru_cache(REMEMBERED)
def _is_address(name: str) -> bool:
    try:
        ip_address(name.strip("[]"))
    except (AddressValueError, ValueError):
        return False
    return True


def is_local(name: str) -> bool:
    """An address, or localhost (RFC 6761: names below it, too)."""
    return name == "localhost" or covers("*.localhost", name) or is_address(name)


def is_served(header: str, allowed: tuple[str, ...]) -> bool:
    """`header` is the request's Host. Where nothing is allowed explicitly, every name is."""
    if not allowed or "*" in allowed:
        return True
    name = host_of(header)
    return is_local(name) or any(covers(pattern, name) for pattern in allowed)


def is_foreign(header: str) -> bool:
    """A name that somebody else may have pointed here. One without a dot is of this network."""
    return len(header) <= LONGEST_HEADER and _is_foreign(header)


@lru_cache(REMEMBERED)
def _is_foreign(header: str) -> bool:
    name = host_of(header)
    return "." in name and not is_local(name)
