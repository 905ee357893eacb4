"""Reasons on frames as the reference has them; those of limits stand beside their settings. No I/O."""

from typing import NamedTuple

from service.answers import failures
from service.answers.base import STOPPED_ELSEWHERE
from service.chat import chat_failures
from service.chat.authentication import TOKEN_EXPIRING, TOKEN_RENEWED
from service.chat.chat_failures import BAD_FRAME
from service.chat.session import FORGOTTEN
from service.chat.turn_status import CANCELLED, CLIENT_LEFT, CLIENT_STOPPED, DISPLACED, WAITING_FOR_HUMAN


class Reason(NamedTuple):
    """`again`: whether the client may try the same again."""

    frame: str
    meaning: str
    again: str


FAILURES = (*failures.ALL, *chat_failures.FAILURES)

OTHER_REASONS = {
    BAD_FRAME.reason: Reason("error", BAD_FRAME.cause, "final"),
    CLIENT_STOPPED: Reason("chat, stopped", "You stopped it.", "at once"),
    CLIENT_LEFT: Reason("chat, stopped", "You stayed away for longer than ORPHAN_GRACE.", "at once"),
    DISPLACED: Reason("chat, stopped", "Nobody listened, and others waited for its place at Dify.", "at once"),
    STOPPED_ELSEWHERE: Reason("chat, stopped", "Through another turn, another process, or in Dify.", "at once"),
    CANCELLED: Reason("chat, stopped", "The service ended before the answer did.", "when you have come back"),
    WAITING_FOR_HUMAN: Reason("chat, paused", "A person has to decide; a form frame goes on.", "by form or resume"),
    TOKEN_EXPIRING: Reason("system", "The user's token ends in expires_in milliseconds.", "send auth"),
    TOKEN_RENEWED: Reason("system", "The newer token is taken.", "nothing to do"),
    FORGOTTEN: Reason("system", "All turns of a token are forgotten, as a forget frame asked.", "nothing to do"),
}
