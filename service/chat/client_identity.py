"""Resume tokens: turns, conversations and files belong to the holder of one. A client id is no secret."""

import hashlib
import re
import secrets

_TOKEN = re.compile(r"[0-9a-f]{32}\Z")


def new_token() -> str:
    """128 random bits, as 32 hexadecimal digits."""
    return secrets.token_hex(16)


def is_token(text: str) -> bool:
    return _TOKEN.match(text) is not None


def user_of(token: str) -> str:
    """Dify's `user` for the holder of a token, from which the token cannot be derived."""
    return hashlib.sha256(token.encode()).hexdigest()[:32]
