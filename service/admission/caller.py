"""Who is at the other end of a connection or a request, as far as it is known. No I/O."""

from collections.abc import Mapping
from typing import Any, NamedTuple

MAX_SUBJECT_CHARACTERS = 255
"""Dify, end_users.session_id."""


def is_subject(text: str) -> bool:
    return len(text) <= MAX_SUBJECT_CHARACTERS and text.isprintable() and bool(text.strip())


class UserLimits(NamedTuple):
    """What differs from the settings for one user; None where nothing does. 0 means no limit."""

    questions_per_minute: int | None = None
    answers_at_once: int | None = None
    tokens_per_day: int | None = None


class Principal(NamedTuple):
    """Who a user proved to be. `subject` is Dify's `user`; it is proved until `expires_at` (Unix seconds).

    `inputs` go with each question, and replace what the client sends under the same names.
    """

    subject: str
    expires_at: float | None = None
    inputs: Mapping[str, Any] = {}
    limits: UserLimits = UserLimits()


class Caller(NamedTuple):
    """`address` is what quotas are counted by, or None where nobody is to be counted by it.

    Without a `principal` nobody has proved anything: a resume token alone says whose turns are whose.
    """

    address: str | None = None
    principal: Principal | None = None

    @property
    def subject(self) -> str | None:
        return self.principal and self.principal.subject

    def inputs(self, own: Mapping[str, Any] | None) -> dict[str, Any]:
        """Of a question: the client's own ones, and the user's over them."""
        return {**(own or {}), **(self.principal.inputs if self.principal is not None else {})}
