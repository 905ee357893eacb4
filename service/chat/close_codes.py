"""Close codes as named values: what happened, in words, and what a client should do next. No I/O.

Codes from 4500 on say: do not come back by yourself. Any other code says: come back.
(RFC 6455, 7.4: 4000-4999 are for applications.)
"""

from dataclasses import dataclass

DO_NOT_RECONNECT_FROM = 4500


@dataclass(frozen=True, slots=True)
class CloseCode:
    """A close frame's code and reason."""

    code: int
    reason: str

    @property
    def may_reconnect(self) -> bool:
        return self.code < DO_NOT_RECONNECT_FROM


INTERNAL_ERROR = CloseCode(1011, "Something went wrong here.")
IDLE = CloseCode(4000, "Nothing was heard from this client for too long.")
SLOW = CloseCode(4001, "This client reads too slowly.")
RESTARTING = CloseCode(1012, "The service is restarting.")
REPLACED = CloseCode(4500, "A newer connection with the same client id took over.")

# Never written by us: the transport's own words for a message past WEBSOCKET_MAX_SIZE, and what RFC 6455 has us say of
# a connection that ended without a close frame.
MESSAGE_TOO_BIG = CloseCode(1009, "The message is larger than the service reads.")
LOST = CloseCode(1006, "The connection was lost.")
