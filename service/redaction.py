"""Secrets of clients, taken out of what libraries log at DEBUG: header fields and frames. No I/O."""

import re

MASK = "***"

_SECRET = re.compile(
    r"""
    (?P<field> ^[<>][ ] (?: (?:proxy-)?authorization | cookie | set-cookie | sec-websocket-protocol ) : [ ] ) .*
    | (?P<member> \\?"(?:resume_token|token|continuation)\\?" \s* : \s* \\?" ) [^"]*
    | (?P<scheme> \bbearer [ .] ) \S+
    | (?P<jwt> \beyJ ) [\w-]+ [.] [\w.-]+
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""A header field as websockets logs it, a member of a JSON object, cut or not, a credential of RFC 6750, or a JWT."""


def redacted(text: str) -> str:
    """With MASK in place of each secret."""
    return _SECRET.sub(lambda match: f"{match[match.lastgroup or 0]}{MASK}", text)
