"""What a token that is signed rightly says of its user. No I/O.

RFC 7519, 4.1, and one claim of this service's own, `dify_live`.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from service.admission.caller import MAX_SUBJECT_CHARACTERS, Principal, UserLimits, is_subject

Limit = Annotated[int, Meta(ge=0, le=1_000_000_000)]


class BadClaims(Exception):
    """In words for the log, without the values."""


class _DifyLive(Struct, frozen=True, forbid_unknown_fields=True):
    """A misspelt limit would be none."""

    inputs: dict[str, Any] = {}
    questions_per_minute: Limit | None = None
    answers_at_once: Limit | None = None
    tokens_per_day: Limit | None = None


class _Claims(Struct, frozen=True):
    sub: str
    exp: int | float
    dify_live: _DifyLive = _DifyLive()


def principal_of(claims: Mapping[str, Any]) -> Principal:
    """Raises BadClaims. Whether the times fit is checked elsewhere."""
    try:
        known = msgspec.convert(claims, _Claims)
        expires_at = float(known.exp)
    except (msgspec.ValidationError, OverflowError) as error:
        raise BadClaims(str(error)) from None
    if not is_subject(known.sub):
        raise BadClaims(f"`sub` is not 1 to {MAX_SUBJECT_CHARACTERS} printable characters")
    ours = known.dify_live
    limits = UserLimits(ours.questions_per_minute, ours.answers_at_once, ours.tokens_per_day)
    return Principal(known.sub, expires_at, ours.inputs, limits)
