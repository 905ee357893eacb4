"""Each limit, and what a client is told that hits it. No I/O."""

from typing import NamedTuple


class Limits(NamedTuple):
    """The settings of these names, which begin with whom they limit: a user, an address, or else all together.

    0 is no limit.
    """

    user_questions_per_minute: int = 0
    user_max_answers: int = 0
    user_tokens_per_day: int = 0
    tokens_per_day: int = 0
    address_questions_per_minute: int = 0
    address_max_answers: int = 0
    address_max_connections: int = 0
    address_handshakes_per_minute: int = 0
    address_calls_per_minute: int = 0
    address_bytes_per_minute: int = 0


class LimitHit(NamedTuple):
    """What a client is told: `reason` is a stable word for pages to translate."""

    reason: str
    message: str


LIMITS_HIT = {
    "user_questions_per_minute": LimitHit("too_many_questions", "Too many questions: please wait a little."),
    "user_max_answers": LimitHit("too_many_answers", "Too many answers are on their way already: wait for one."),
    "user_tokens_per_day": LimitHit("daily_budget", "Your share of today is used up: please come back tomorrow."),
    "tokens_per_day": LimitHit("total_budget", "What all may use today is used up: please come back tomorrow."),
    "address_questions_per_minute": LimitHit(
        "address_questions", "Too many questions from your network: wait a little."
    ),
    "address_max_answers": LimitHit("address_answers", "Too many answers on their way to your network: wait for one."),
    "address_max_connections": LimitHit("address_connections", "Too many connections from your network: close one."),
    "address_handshakes_per_minute": LimitHit("address_handshakes", "Your network connects too often: wait a little."),
    "address_calls_per_minute": LimitHit("address_calls", "Too many requests from your network: wait a little."),
    "address_bytes_per_minute": LimitHit("address_bytes", "Too much data to and from your network: wait a little."),
}
BUDGETS = "user_tokens_per_day", "tokens_per_day"
RATES = "user_questions_per_minute", "address_questions_per_minute"
AT_ONCE = "user_max_answers", "address_max_answers"
OF_USER = {
    "user_questions_per_minute": "questions_per_minute",
    "user_max_answers": "answers_at_once",
    "user_tokens_per_day": "tokens_per_day",
}
"""Fields of UserLimits, which count instead of these settings."""
