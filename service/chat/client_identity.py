"""Resume tokens, and whose turns, conversations and files are whose. A client id is a name, no secret. No I/O."""

import hashlib
import random
import re
import secrets
from typing import NamedTuple

_TOKEN = re.compile(r"[0-9a-f]{32}\Z")


class Owner(NamedTuple):
    """Whose turns these are. `user` is Dify's: conversations, files and messages are the same user's only.

    `key` names the owner of turns in this service and in Redis. No token can be derived from either.
    """

    user: str
    key: str


class Origin(NamedTuple):
    """Where a question came from; `address` is None where nobody is counted by it."""

    connection: str = ""
    address: str | None = None

    @property
    def holder(self) -> str:
        """To whom it counts."""
        return self.address or self.connection


NOWHERE = Origin()


def new_token() -> str:
    """128 random bits, as 32 hexadecimal digits."""
    return secrets.token_hex(16)


def new_name() -> str:
    """For what is no secret: 16 hexadecimal digits, in less time than the system's random source takes."""
    return random.randbytes(8).hex()  # noqa: S311


def is_token(text: str) -> bool:
    return _TOKEN.match(text) is not None


def owner_of(token: str, subject: str | None = None) -> Owner:
    """The holder of a resume token. Where users prove who they are, turns take both: the same `subject`, and the token.

    Without a subject, `user` is made from the token.
    """
    key = _digest(token if subject is None else f"{token} {subject}")
    return Owner(key if subject is None else subject, key)


def client_key(owner: Owner, client_id: str) -> str:
    """The same client has the same id, and the same owner."""
    return _digest(f"{owner.key} {client_id}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
