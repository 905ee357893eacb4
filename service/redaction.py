"""Secrets of clients, taken out of the log: header fields and frames at DEBUG, and tokens anywhere. No I/O."""

import re

MASK = "***"
JWT_START = "eyJ"
"""The header of nearly every JWT begins so: `{"` in base64."""

_SECRET = re.compile(
    r"""
    (?P<field> ^[<>][ ] (?: (?:proxy-)?authorization | cookie | set-cookie | sec-websocket-protocol ) : [ ] ) .*
    | (?P<member> \\?(?P<q>["']) (?:resume_token|token|continuation) \\?(?P=q) \s* : \s* \\?(?P=q) )
      (?: (?!(?P=q)) [\s\S] )*
    | (?P<scheme> \bbearer [ .] ) \S+
    | (?P<jwt> (?<![\w-])eyJ ) [\w-]+ [.] [\w.-]+
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""A header field as websockets logs it, a member of an object, cut or not, a credential of RFC 6750, or a JWT."""
_HEADER_STARTS = "> ", "< "


def may_hold_secret(text: str) -> bool:
    """A quick look, for each string of each line: what _SECRET finds, this has to find, too."""
    return JWT_START in text or '"' in text or "'" in text or "earer" in text.lower() or text[:2] in _HEADER_STARTS


def redacted(text: str) -> str:
    """With MASK in place of each secret."""
    if not may_hold_secret(text):
        return text
    return _SECRET.sub(lambda match: f"{match[match.lastgroup or 0]}{MASK}", text)
