"""Ids that say by themselves whether a mock issued them, and to whom: it stores nothing. No I/O."""

import hashlib
import secrets
from typing import Any
from uuid import UUID

from service.answers.json_values import as_uuid

_RANDOM_BYTES = 6  # before the first bits that a UUID's version takes


def issue(what: str, user: str) -> str:
    """A UUID, of `what` it is, for that user only."""
    return _signed(secrets.token_bytes(_RANDOM_BYTES), what, user)


def is_issued(id_: Any, what: str, user: str) -> bool:
    given = as_uuid(id_)
    return given is not None and _signed(given.bytes[:_RANDOM_BYTES], what, user) == str(given)


def _signed(random: bytes, what: str, user: str) -> str:
    """No secret: what a mock has is nobody's."""
    return str(UUID(bytes=random + hashlib.sha256(random + f"{what} {user}".encode()).digest()[:10], version=4))
