"""WebSocket close codes (RFC 6455, 7.4: 4000 to 4999 are for applications). No I/O.

From 4500 on, and after a flood, a client should not reconnect by itself; after any other code it should.
"""

from typing import NamedTuple

DO_NOT_RECONNECT_FROM = 4500
POLICY_VIOLATION = 1008


class CloseCode(NamedTuple):
    code: int
    reason: str

    @property
    def may_reconnect(self) -> bool:
        return self.code < DO_NOT_RECONNECT_FROM and self.code != POLICY_VIOLATION

    @property
    def is_goodbye(self) -> bool:
        """A client that is done closes so, or its page was left; 1005 stands for a close frame without a code."""
        return self.code in {1000, 1001, 1005}


INTERNAL_ERROR = CloseCode(1011, "Something went wrong here.")
IDLE = CloseCode(4000, "Nothing was heard from this client for too long.")
SLOW = CloseCode(4001, "This client reads too slowly.")
UNAUTHENTICATED = CloseCode(4401, "Come back with a new token.")
TRY_AGAIN_LATER = CloseCode(1013, "Not at the moment: try again a little later.")
RESTARTING = CloseCode(1012, "The service is restarting.")
REPLACED = CloseCode(4500, "A newer connection of the same client took over.")
CLOSED_BY_OPERATOR = CloseCode(4502, "An operator of this service closed the connection.")
UNKNOWN_SUBPROTOCOL = CloseCode(4501, "This service speaks the subprotocol dify-live, or none.")

FLOOD = CloseCode(POLICY_VIOLATION, "This client sends too much too fast.")

# Not sent by this service itself: websockets', for a message above WEBSOCKET_MAX_SIZE, in its words (of a message in
# fragments it says how much was read before); and, for the log, of a connection that ended without a close frame.
MESSAGE_TOO_BIG = CloseCode(1009, "frame with N bytes exceeds limit of M bytes")
LOST = CloseCode(1006, "The connection was lost.")

ADVICE = {
    INTERNAL_ERROR: "Come back with back-off, and resume.",
    IDLE: "Come back when you need it; a ping every 25 seconds keeps a connection.",
    SLOW: "Come back, resume, and do less with each frame.",
    UNAUTHENTICATED: "Get a new token, then come back.",
    TRY_AGAIN_LATER: "Come back after the retry_after of the error before, or after a minute.",
    RESTARTING: "Come back after the retry_after of the notice before, and resume.",
    REPLACED: "Leave it: your other connection has the turns.",
    CLOSED_BY_OPERATOR: "Leave it, until a person wants to go on.",
    UNKNOWN_SUBPROTOCOL: "Offer dify-live, or none.",
    FLOOD: "Leave it, until a person wants to go on, and send less: what flooded once would do so again.",
    MESSAGE_TOO_BIG: "Send less at once. Come back, and resume.",
    LOST: "Come back with back-off, and resume.",
}
"""What a client should do: for each code there is."""
